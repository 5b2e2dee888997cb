"""The daemon as a process, on a real tree and a real kernel: every way to change a file, floods, kills, signals, a full disk."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.model.event import Action, action_of, namespace
from driftd.store.reader import JournalReader
from tests.system.daemon_process import (
    DaemonProcess,
    ScratchHost,
    assert_sound,
    open_drifts,
    replace_file,
    told,
    until,
)
from tests.system.torture.deeds import storm

NEW = "x: 2\n"
SEED = 20230601


@pytest.fixture
def host(tmp_path: Path) -> ScratchHost:
    return ScratchHost(tmp_path)


# --- every way to change a file


def in_place(host: ScratchHost) -> Path:
    return host.write("a.yaml", NEW)


def by_rename(host: ScratchHost) -> Path:
    replace_file(host.tree / "a.yaml", NEW)
    return host.tree / "a.yaml"


def by_chmod(host: ScratchHost) -> Path:
    (host.tree / "a.yaml").chmod(0o600)
    return host.tree / "a.yaml"


def deleted(host: ScratchHost) -> Path:
    (host.tree / "a.yaml").unlink()
    return host.tree / "a.yaml"


def created(host: ScratchHost) -> Path:
    return host.write("new.yaml", NEW)


def created_below_a_new_directory(host: ScratchHost) -> Path:
    return host.write("new/and/deep/new.yaml", NEW)


def link_swapped(host: ScratchHost) -> Path:
    (host.tree / "fresh").symlink_to(host.outside / "2.yaml")
    os.rename(host.tree / "fresh", host.tree / "link.yaml")
    return host.tree / "link.yaml"


def directory_link_swapped(host: ScratchHost) -> Path:
    """As Kubernetes replaces a ConfigMap."""
    (host.tree / "map/..fresh").symlink_to("..2")
    os.rename(host.tree / "map/..fresh", host.tree / "map/..data")
    return host.tree / "map/app.yaml"


def directory_made_again(host: ScratchHost) -> Path:
    shutil.rmtree(host.tree / "map")
    return host.write("map/..1/app.yaml", NEW)


def moved_in(host: ScratchHost) -> Path:
    (host.outside / "fresh").write_text(NEW)
    os.rename(host.outside / "fresh", host.tree / "moved.yaml")
    return host.tree / "moved.yaml"


def directory_moved_in(host: ScratchHost) -> Path:
    (host.outside / "d").mkdir()
    (host.outside / "d/inner.yaml").write_text(NEW)
    os.rename(host.outside / "d", host.tree / "d")
    return host.tree / "d/inner.yaml"


def target_edited(host: ScratchHost) -> Path:
    (host.outside / "1.yaml").write_text(NEW)
    return host.tree / "link.yaml"


def target_replaced(host: ScratchHost) -> Path:
    replace_file(host.outside / "1.yaml", NEW)
    return host.tree / "link.yaml"


WAYS = [
    in_place,
    by_rename,
    by_chmod,
    deleted,
    created,
    created_below_a_new_directory,
    link_swapped,
    directory_link_swapped,
    directory_made_again,
    moved_in,
    directory_moved_in,
    target_edited,
    target_replaced,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_way_to_change_a_file_opens_its_drift_and_nothing_more(
    way: Callable[[ScratchHost], Path], host: ScratchHost
) -> None:
    host.write("a.yaml")
    for version in ("1", "2"):
        (host.outside / f"{version}.yaml").write_text(f"x: {version}\n")
        host.write(f"map/..{version}/app.yaml", f"x: {version}\n")
    (host.tree / "link.yaml").symlink_to(host.outside / "1.yaml")
    (host.tree / "map/..data").symlink_to("..1")
    (host.tree / "map/app.yaml").symlink_to("..data/app.yaml")
    host.approve()
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        item = way(host)
        opened = daemon.wait_event(Action.DRIFT_OPENED, item)
        assert opened["driftd"]["source"] == "watch"
        expected = host.checked()
        daemon.wait(lambda: open_drifts(daemon.journal) == expected, "what check finds")
    assert_sound(daemon.journal)


def test_a_file_emptied_and_filled_again_raises_the_final_change_alone(tmp_path: Path) -> None:
    host = ScratchHost(tmp_path, watch={"settle": "1s"})
    file = host.write("a.yaml")
    (host.outside / "new").write_text(NEW)
    host.approve()
    words = f": >{shlex.quote(str(file))}; sleep .02; cat {shlex.quote(str(host.outside / 'new'))} >>{shlex.quote(str(file))}"
    with host.daemon() as daemon:
        subprocess.run(["sh", "-c", words], check=True)
        daemon.wait_event(Action.DRIFT_OPENED, file)
        daemon.wait_audit()
    assert [[change["key"], change["after"]] for event in told(daemon.journal, file) for change in changes(event)] == [
        ["$.x", "2"]
    ]


def changes(event: object) -> list[dict[str, str]]:
    assert isinstance(event, dict)
    found: list[dict[str, str]] = event["driftd"]["changes"]
    return found


def test_half_a_save_raises_nothing(tmp_path: Path) -> None:
    host = ScratchHost(tmp_path, watch={"settle": "1s"})
    file, marker = host.write("a.yaml", "x: {y: 1}\n"), host.write("marker.yaml")
    host.approve()
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        file.write_text("x: {y:")
        time.sleep(0.05)  # the story itself: long enough to be noticed, shorter than `settle`
        file.write_text("x: {y: 1} # the same\n")
        marker.write_text(NEW)
        daemon.wait_event(Action.DRIFT_OPENED, marker)
        daemon.wait_audit()
    assert list(open_drifts(daemon.journal)) == [str(marker)]
    assert told(daemon.journal, file) == []


def test_names_that_editors_use_for_a_moment_raise_nothing(host: ScratchHost) -> None:
    marker = host.write("marker.yaml")
    host.approve()
    with host.daemon() as daemon:
        for name in (".marker.yaml.swp", "4913", "marker.yaml~", "marker.yaml.dpkg-new"):
            host.write(name)
        marker.write_text(NEW)
        daemon.wait_event(Action.DRIFT_OPENED, marker)
        (host.tree / "4913").unlink()
        daemon.wait_audit()
        assert list(open_drifts(daemon.journal)) == [str(marker)]


# --- many changes


def edit_at_random(files: list[Path], moves: random.Random, final: dict[Path, int]) -> None:
    """Make one edit and take note of what stands in the file now."""
    file, value = moves.choice(files), moves.randrange(1, 5)
    text = f"x: {value}\n"
    if moves.random() < 0.5:
        file.write_text(text)
    else:
        replace_file(file, text)
    final[file] = value


def test_a_thousand_edits_in_a_second_end_in_what_the_files_say(host: ScratchHost) -> None:
    files = [host.write(f"{number}.yaml") for number in range(100)]
    host.approve()
    moves = random.Random(SEED)
    final: dict[Path, int] = {}
    with host.daemon() as daemon:
        begin = time.monotonic()
        for number in range(1000):
            edit_at_random(files, moves, final)
            time.sleep(max(0.0, begin + number / 1000 - time.monotonic()))
        expected = {str(file): [str(value)] for file, value in final.items() if value != 1}

        def as_expected() -> bool:
            return {item: drift["after"] for item, drift in open_drifts(daemon.journal).items()} == expected

        daemon.wait(as_expected, f"{len(expected)} open drifts")
    assert_sound(daemon.journal)


def test_a_daemon_killed_again_and_again_misses_nothing_and_repeats_nothing(host: ScratchHost) -> None:
    files = [host.write(f"{number}.yaml") for number in range(40)]
    host.approve()
    moves = random.Random(SEED)
    final: dict[Path, int] = {}
    finished = threading.Event()

    def edit() -> None:
        while not finished.wait(0.002):
            edit_at_random(files, moves, final)

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        for times in range(8):
            with host.daemon() as daemon:
                last = daemon.journal.position().sequence
                enough = last + 1 + times * 5
                daemon.wait(lambda: daemon.journal.position().sequence >= enough, "more events")  # noqa: B023
    finally:
        finished.set()
        editor.join()
    found = host.checked()
    assert {item: drift["after"] for item, drift in found.items()} == {
        str(file): [str(value)] for file, value in final.items() if value != 1
    }
    with host.daemon() as daemon:
        daemon.wait(lambda: open_drifts(daemon.journal) == found, "what check finds")
        daemon.wait_audit()
        assert daemon.stop() == 0
    events = list(daemon.journal.read())
    assert sum(action_of(event) == Action.DAEMON_STARTED for event in events) == 9
    assert open_drifts(daemon.journal) == found
    assert_sound(daemon.journal)
    delivered = {json.loads(line)["event"]["id"] for line in host.log.read_text().splitlines()}
    first = [action_of(event) for event in events].index(
        Action.DAEMON_STARTED
    )  # an output begins with the daemon it is new to
    assert delivered == {body["id"] for event in events[first:] if isinstance(body := event["event"], dict)}


# --- signals


def test_sighup_keeps_the_settings_in_force_until_there_are_better_ones(host: ScratchHost) -> None:
    file, other = host.write("a.yaml"), host.outside / "other.yaml"
    other.write_text("x: 1\n")
    host.approve()
    with host.daemon() as daemon:
        good = host.config.read_text()
        host.config.write_text("baselines: 7\n")
        daemon.process.send_signal(signal.SIGHUP)
        failed = daemon.wait_event(Action.DAEMON_RELOAD_FAILED)
        assert "baselines" in failed["message"]
        file.write_text(NEW)
        daemon.wait_event(Action.DRIFT_OPENED, file)
        host.config.write_text(good)
        host.define([str(host.tree / "**"), str(other)])
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_event(Action.DAEMON_RELOADED)
        daemon.wait(lambda: set(open_drifts(daemon.journal)) == {str(file), str(other)}, "the new item is found")
    assert_sound(daemon.journal)


def test_settings_are_read_again_where_the_notification_of_their_change_was_lost(host: ScratchHost) -> None:
    one, two, other = host.write("a.yaml"), host.write("b.yaml"), host.outside / "other.yaml"
    other.write_text("x: 1\n")
    host.approve()
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        daemon.process.send_signal(signal.SIGSTOP)
        storm(bytes(one), bytes(two))
        host.define([str(host.tree / "**"), str(other)])
        daemon.process.send_signal(signal.SIGCONT)
        daemon.wait_event(Action.DAEMON_RELOADED)
        daemon.wait_event(Action.DRIFT_OPENED, other)
    assert_sound(daemon.journal)


def test_sigterm_ends_in_order(host: ScratchHost) -> None:
    file = host.write("a.yaml")
    host.approve()
    with host.daemon() as daemon:
        file.write_text(NEW)
        daemon.wait_event(Action.DRIFT_OPENED, file)
        assert daemon.stop() == 0
    *_, last = daemon.journal.read()
    assert (action_of(last), namespace(last)["reason"]) == (Action.DAEMON_STOPPED, "SIGTERM")
    delivered = json.loads(host.log.read_text().splitlines()[-1])
    assert delivered["driftd"].pop("output")["name"] == "jsonl"
    assert delivered == last


# --- a full disk


def small_disk(host: ScratchHost, then: str = ":") -> list[str]:
    """Return the words before a command that give it a state directory on a small disk of its own."""
    host.state.mkdir(mode=0o700, exist_ok=True)
    state = shlex.quote(str(host.state))
    script = f'mount -t tmpfs -o size=1m,mode=0700 tmpfs {state} && cd / && {{ {then}; }}; exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


def fill(directory: Path) -> Path:
    """Take all the room there is."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"\0" * size):
                    continue
            except OSError:
                continue
    return ballast


def test_a_full_disk_stops_recording_but_neither_the_daemon_nor_the_truth(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    files = [host.write(f"{number}.yaml") for number in range(40)]
    host.approve()
    with host.daemon(small_disk(host)) as daemon:
        daemon.journal = JournalReader(daemon.inside(host.state / "journal"))
        daemon.wait_event(Action.AUDIT_COMPLETED)
        files[0].write_text(NEW)
        daemon.wait_event(Action.DRIFT_OPENED, files[0])
        before = list(daemon.journal.read())
        ballast = fill(daemon.inside(host.state))
        for file in files:
            file.write_text(NEW)
        daemon.wait(lambda: "STATUS=nothing can be recorded" in daemon.said(), "STATUS says what cannot be done")
        assert "No space left on device" in daemon.errors
        assert len(open_drifts(daemon.journal)) < len(files)
        status = host.run("status", "--json")
        assert status.returncode == 3
        assert "state-unwritable" in {gap["reason"] for gap in json.loads(status.stdout)["coverage"]["gaps"]}
        files[1].unlink()
        files[2].write_text("x: 1\n")
        ballast.unlink()
        expected = host.checked()
        daemon.wait(lambda: open_drifts(daemon.journal) == expected, "what check finds, now that there is room")
        lost = [action_of(event) for event in daemon.journal.read() if namespace(event).get("watch")]
        daemon.wait(lambda: host.run("status").returncode == 1, "status is drift, not doubt")
        assert lost[0] == Action.COVERAGE_LOST
        daemon.wait_event(Action.COVERAGE_RESTORED)
        assert list(daemon.journal.read())[: len(before)] == before
        assert_sound(daemon.journal)
        assert daemon.process.poll() is None


def test_a_full_disk_refuses_a_start_and_says_why(host: ScratchHost, require_real: Callable[[str], None]) -> None:
    require_real("mounts")
    host.write("a.yaml")
    host.approve()
    filled = f"head -c 2000000 /dev/zero >{shlex.quote(str(host.state / 'ballast'))} || true"
    with DaemonProcess(host, small_disk(host, filled)) as daemon:
        until(lambda: daemon.process.poll() is not None, "it ends")
        assert daemon.process.returncode == 3, "whoever keeps it running tries again"
        assert "make room" in daemon.errors
        assert "Traceback" not in daemon.errors
        assert "READY=1" not in daemon.said()


def test_a_refused_start_is_in_no_later_one_s_way(host: ScratchHost, require_real: Callable[[str], None]) -> None:
    require_real("mounts")
    host.write("a.yaml")
    state = shlex.quote(str(host.state))
    run = f'head -c 2000000 /dev/zero >{state}/ballast; "$@" --once; rm {state}/ballast'
    with host.daemon(small_disk(host, run)) as daemon:
        daemon.journal = JournalReader(daemon.inside(host.state / "journal"))
        daemon.wait_event(Action.AUDIT_COMPLETED)
