"""What cannot be watched, and what is lost, by the real kernel: said with a reason and a place, looked at all the same, and over."""

from __future__ import annotations

import json
import mmap
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.model.event import Action, action_of, namespace, sequence_of
from driftd.sources.reasons import TIMEOUT
from driftd.watch.reasons import CLOCK_JUMP, INSTANCE_LIMIT, MOUNTS_CHANGED, REMOTE, SUSPENDED, UNREADABLE, WATCH_LIMIT
from tests.contract.command import WITHOUT_PRIVILEGE
from tests.system.daemon_process import DaemonProcess, Object, ScratchHost, assert_sound, open_drifts, told

NEW = "x: 2\n"
LOST, RESTORED = Action.COVERAGE_LOST.value, Action.COVERAGE_RESTORED.value


@pytest.fixture
def host(tmp_path: Path) -> ScratchHost:
    host = ScratchHost(tmp_path, watch={"poll": "500ms"})
    for name in ("a.yaml", "d/b.yaml", "e/c.yaml"):
        host.write(name)
    return host


def coverage(daemon: DaemonProcess) -> list[tuple[str, str, str]]:
    """Return what was said of coverage: (action, item, reason)."""
    found = []
    for event in daemon.journal.read():
        gaps = namespace(event).get("gaps") if action_of(event) in (LOST, RESTORED) else None
        if isinstance(gaps, list):
            found += [(action_of(event), str(gap["item"]), str(gap["reason"])) for gap in gaps if isinstance(gap, dict)]
    return found


def wait_said(daemon: DaemonProcess, action: str, item: Path | str, reason: str) -> None:
    daemon.wait(lambda: (action, str(item), reason) in coverage(daemon), f"{action} {item} {reason}")


def watch_modes(host: ScratchHost) -> dict[str, tuple[str, str | None]]:
    shape = json.loads(host.run("status", "--json").stdout)
    return {line["item"]: (line["mode"], line["reason"]) for line in shape["watch"]}


def opened(daemon: DaemonProcess, path: Path) -> Object:
    event = daemon.wait_event(Action.DRIFT_OPENED, path)
    assert event["driftd"]["source"] == "watch"
    return event


def with_limit(name: str, number: int) -> list[str]:
    """Return the words before a command that give it namespaces with a limit of their own."""
    script = f'echo {number} >/proc/sys/user/{name}; exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]


def within(daemon: DaemonProcess, script: str, *more: str) -> None:
    """Run a script in the namespaces of the daemon."""
    words = ["nsenter", "--target", str(daemon.process.pid), *more, "--mount", "sh", "-c", script]
    subprocess.run(words, check=True, capture_output=True)


# --- limits


def test_beyond_the_limit_of_watches_directories_are_polled_until_there_is_room(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("unshare")
    files = [host.write(f"many/{number}/x.yaml") for number in range(30)]
    host.approve()
    with host.daemon(with_limit("max_inotify_watches", 25)) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        daemon.wait(lambda: any(reason == WATCH_LIMIT for _, _, reason in coverage(daemon)), "the limit is said")
        modes = watch_modes(host)
        polled = [item for item, (mode, _) in modes.items() if mode == "polled"]
        assert len(polled) > 5
        assert {reason for mode, reason in modes.values() if mode == "polled"} == {WATCH_LIMIT}
        assert host.run("status").returncode == 0  # everything is looked at: no gap
        for file in files:
            file.write_text(NEW)
        made = host.write("many/3/new.yaml")
        deep = host.write("many/29/deep/er/new.yaml")
        for file in (*files, made, deep):
            opened(daemon, file)
        within(daemon, "echo 100000 >/proc/sys/user/max_inotify_watches", "--user", "--preserve-credentials")
        for item in polled:
            wait_said(daemon, RESTORED, item, WATCH_LIMIT)
        assert "polled" not in {mode for mode, _ in watch_modes(host).values()}
        files[-1].write_text("x: 3\n")
        daemon.wait_event(Action.DRIFT_UPDATED, files[-1])
        expected = host.checked()
        daemon.wait(lambda: open_drifts(daemon.journal) == expected, "what check finds")
    assert len(set(coverage(daemon))) == len(coverage(daemon))
    assert_sound(daemon.journal)


def test_without_any_notifications_everything_is_polled_until_there_are(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("unshare")
    host.approve()
    with host.daemon(with_limit("max_inotify_instances", 0)) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        wait_said(daemon, LOST, host.tree / "d", INSTANCE_LIMIT)
        file = host.write("d/b.yaml", NEW)
        opened(daemon, file)
        within(daemon, "echo 100 >/proc/sys/user/max_inotify_instances", "--user", "--preserve-credentials")
        wait_said(daemon, RESTORED, host.tree / "d", INSTANCE_LIMIT)
        opened(daemon, host.write("e/c.yaml", NEW))
    assert_sound(daemon.journal)


# --- file systems


def test_a_file_system_that_others_change_is_polled(host: ScratchHost, require_real: Callable[[str], None]) -> None:
    """Writes behind its back raise no notification; a mount that comes and goes is noticed."""
    require_real("mounts")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        require_real("/dev/fuse")
    point = host.directory / "remote"
    point.mkdir()
    (host.outside / "r.yaml").write_text("x: 1\n")
    host.define([str(host.tree / "**"), str(point / "*.yaml")])
    fuse = Path(__file__).with_name("fuse.py")
    script = f'{shlex.join([sys.executable, str(fuse), str(point), str(host.outside)])} & exec "$@"'
    before = ["unshare", "--mount", "sh", "-c", script, "sh"]
    with host.daemon(before) as daemon:
        wait_said(daemon, LOST, point, REMOTE)
        daemon.wait_event(Action.BASELINE_PROPOSED)
        assert watch_modes(host)[str(point)] == ("polled", REMOTE)
        done = host.run("approve", "--reason", "as it is", "--yes")
        assert done.returncode == 0, done.stderr
        (host.outside / "r.yaml").write_text(NEW)
        event = opened(daemon, point / "r.yaml")
        assert [change["key"] for change in event["driftd"]["changes"]] == ["$.x"]
        (host.outside / "new.yaml").write_text(NEW)
        opened(daemon, point / "new.yaml")
        opened(daemon, host.write("d/b.yaml", NEW))
        within(daemon, f"umount {shlex.quote(str(point))}")
        wait_said(daemon, RESTORED, point, REMOTE)
        daemon.wait(
            lambda: told(daemon.journal, point / "r.yaml")[-1]["driftd"]["changes"][0]["aspect"] == "existence", "gone"
        )
    assert_sound(daemon.journal)


def test_a_file_system_that_hangs_is_a_gap_and_keeps_nobody_waiting(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    """As NFS does whose server is gone: whoever asks for a file of it sleeps, and no signal wakes it."""
    require_real("mounts")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        require_real("/dev/fuse")
    point = host.directory / "remote"
    point.mkdir()
    (host.outside / "r.yaml").write_text("x: 1\n")
    host.define([str(host.tree / "**"), str(point / "*.yaml")])
    fuse = Path(__file__).with_name("fuse.py")
    script = f'{shlex.join([sys.executable, str(fuse), str(point), str(host.outside)])} & echo $! >server; exec "$@"'
    with host.daemon(["unshare", "--mount", "sh", "-c", script, "sh"]) as daemon:
        server = int((host.directory / "server").read_text())
        wait_said(daemon, LOST, point, REMOTE)
        daemon.wait_event(Action.BASELINE_PROPOSED)
        assert host.run("approve", "--reason", "as it is", "--yes").returncode == 0
        os.kill(server, signal.SIGSTOP)
        try:
            wait_said(daemon, LOST, point, TIMEOUT)
            opened(daemon, host.write("d/b.yaml", NEW))
            done = host.run("status", "--json")
            assert done.returncode == 3
            told_now = json.loads(done.stdout)
            assert told_now["daemon"]["running"] is True
            gaps = {gap["item"]: gap["reason"] for gap in told_now["coverage"]["gaps"]}
            assert gaps[str(point)] == TIMEOUT
            assert set(gaps.values()) == {TIMEOUT}
            assert str(point / "r.yaml") not in open_drifts(daemon.journal), "not read is not removed"
        finally:
            os.kill(server, signal.SIGKILL)  # whoever still waits for it gets an error
    assert_sound(daemon.journal)


def test_a_mount_over_a_watched_directory_is_seen_and_watched_and_so_is_its_end(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    host.define([str(host.tree / "d/*"), str(host.tree / "e/*")])
    host.approve()
    hidden, made = host.tree / "d/b.yaml", host.tree / "d/new.yaml"
    with host.daemon(["unshare", "--mount"]) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        point = shlex.quote(str(host.tree / "d"))
        within(daemon, f"mount -t tmpfs none {point}")
        opened(daemon, hidden)
        wait_said(daemon, LOST, host.tree / "d", MOUNTS_CHANGED)
        wait_said(daemon, RESTORED, host.tree / "d", MOUNTS_CHANGED)
        within(daemon, f"echo 'x: 1' >{point}/new.yaml")
        opened(daemon, made)
        within(daemon, f"umount {point}")
        daemon.wait(lambda: open_drifts(daemon.journal) == {}, "all is as it was")
        hidden.write_text(NEW)
        daemon.wait(lambda: set(open_drifts(daemon.journal)) == {str(hidden)}, "it is watched again")
    assert {item for _, item, _ in coverage(daemon)} == {str(host.tree / "d")}
    assert_sound(daemon.journal)


def test_what_is_mounted_over_a_file_is_watched_where_it_stands(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    host.approve()
    item, mounted = host.tree / "d/b.yaml", host.outside / "mounted.yaml"
    mounted.write_text(NEW)
    with host.daemon(["unshare", "--mount"]) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        within(daemon, f"mount --bind {shlex.quote(str(mounted))} {shlex.quote(str(item))}")
        opened(daemon, item)
        mounted.write_text("x: 3\n")
        daemon.wait_event(Action.DRIFT_UPDATED, item)
    assert_sound(daemon.journal)


def test_what_is_mounted_over_a_directory_above_the_target_of_a_link_is_seen(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    target, link = host.outside / "x/y/f.yaml", host.tree / "l.yaml"
    target.parent.mkdir(parents=True)
    target.write_text("x: 1\n")
    link.symlink_to(target)
    host.approve()
    with host.daemon(["unshare", "--mount"]) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        point = shlex.quote(str(host.outside / "x"))
        within(daemon, f"mount -t tmpfs none {point}")
        opened(daemon, link)
        within(daemon, f"umount {point}")
        resolved = daemon.wait_event(Action.DRIFT_RESOLVED, link)
        target.write_text(NEW)
        daemon.wait_event(Action.DRIFT_OPENED, link, after_sequence=sequence_of(resolved))
    assert_sound(daemon.journal)


def test_a_link_in_the_place_of_a_directory_shows_what_was_approved_there_again(host: ScratchHost) -> None:
    host.define([str(host.tree / "**")])
    host.approve()
    directory = host.tree / "d"
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        directory.rename(host.tree / "moved")
        opened(daemon, directory / "b.yaml")
        directory.symlink_to("moved")
        daemon.wait(lambda: str(directory / "b.yaml") not in open_drifts(daemon.journal), "it is there again")
        opened(daemon, directory)
    assert_sound(daemon.journal)


def test_what_is_new_on_a_file_system_that_is_not_entered_is_nobodys(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    host.define([str(host.tree / "**")])
    host.approve()
    hidden, edited = host.tree / "d/b.yaml", host.tree / "e/c.yaml"
    with host.daemon(["unshare", "--mount"]) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        point = shlex.quote(str(host.tree / "d"))
        within(daemon, f"mount -t tmpfs none {point}")
        opened(daemon, hidden)
        within(daemon, f"echo 'x: 1' >{point}/new.yaml")
        edited.write_text(NEW)
        opened(daemon, edited)
        assert told(daemon.journal, host.tree / "d/new.yaml") == []
    assert_sound(daemon.journal)


def test_a_directory_that_may_not_be_read_is_a_gap_at_once_and_no_removal(host: ScratchHost) -> None:
    host.approve()
    directory = host.tree / "d"
    with host.daemon(WITHOUT_PRIVILEGE) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        directory.chmod(0)
        wait_said(daemon, LOST, directory, UNREADABLE)
        opened(daemon, host.write("e/c.yaml", NEW))
        assert host.run("status").returncode == 3
        directory.chmod(0o755)
        wait_said(daemon, RESTORED, directory, UNREADABLE)
        opened(daemon, host.write("d/b.yaml", NEW))
    assert [
        change["key"] for event in told(daemon.journal, directory / "b.yaml") for change in event["driftd"]["changes"]
    ] == ["$.x"]
    assert_sound(daemon.journal)


def test_what_a_link_leads_to_is_read_again_as_soon_as_it_may_be(host: ScratchHost) -> None:
    target, link = host.outside / "x/y/f.yaml", host.tree / "l.yaml"
    target.parent.mkdir(parents=True)
    target.write_text("x: 1\n")
    link.symlink_to(target)
    host.approve()
    with host.daemon(WITHOUT_PRIVILEGE) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        for barred, mode in ((host.outside / "x", 0o755), (target, 0o644)):
            before = daemon.journal.position().sequence
            barred.chmod(0)
            daemon.wait_event(Action.COVERAGE_LOST, after_sequence=before)
            barred.chmod(mode)
            daemon.wait_event(Action.COVERAGE_RESTORED, after_sequence=before)
        target.write_text(NEW)
        opened(daemon, link)
    assert {(item, reason) for _, item, reason in coverage(daemon)} == {(str(link), UNREADABLE)}
    assert_sound(daemon.journal)


def test_a_write_through_mmap_is_found_by_the_next_quick_audit(host: ScratchHost) -> None:
    host.approve()
    file = host.tree / "d/b.yaml"
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        descriptor = os.open(file, os.O_RDWR)
        mapped = mmap.mmap(descriptor, 0)
        os.close(descriptor)
        mapped[3:4] = b"2"
        daemon.wait_audit()
        assert [change["after"] for event in told(daemon.journal, file) for change in event["driftd"]["changes"]] == [
            "2"
        ]
        mapped.close()


# --- time


def test_time_that_jumps_is_a_loss_and_audits_go_on(host: ScratchHost) -> None:
    host.configure(audit={"every": "2s", "jitter": "0s"})
    host.approve()
    clocks = host.directory / "clocks"
    clocks.write_text("0 0")
    skewed = Path(__file__).with_name("skewed.py")
    with host.daemon([sys.executable, str(skewed), str(clocks)]) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        for text, reason in (("-86400 0", CLOCK_JUMP), ("-86400 7200", SUSPENDED), ("3600 7200", CLOCK_JUMP)):
            before = daemon.journal.position().sequence
            fresh = clocks.with_name("fresh")
            fresh.write_text(text)
            fresh.rename(clocks)

            def said(action: str, reason: str = reason, before: int = before) -> list[int]:
                return [
                    number
                    for number, event in enumerate(daemon.journal.read(before))
                    if action_of(event) == action and namespace(event).get("watch") == reason
                ]

            daemon.wait(lambda: said(LOST), f"{reason} is said")
            daemon.wait(lambda: said(RESTORED), "and over")
            after = daemon.journal.position().sequence
            daemon.wait_event(Action.AUDIT_COMPLETED, after_sequence=after)
            daemon.wait_event(Action.AUDIT_COMPLETED, after_sequence=daemon.journal.position().sequence)
    assert_sound(daemon.journal)
