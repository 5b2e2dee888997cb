"""The store against the real thing: SIGKILL, full and read-only file systems, limits, failing fsync, two processes."""

from __future__ import annotations

import os
import random
import resource
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.model.event import Event, sequence_of
from driftd.store.damage import Damage
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.journal import Journal
from driftd.store.reader import JournalReader
from driftd.store.store import Store
from tests.unit.store.made import StandingClock, drift, heartbeats, segment_files

ROOT = Path(__file__).parents[2]
WRITER = [sys.executable, "-m", "tests.system.store_writer"]
KILLS = 40


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run_until_killed(state: Path, moments: random.Random, mode: str = "until-killed", at_most: int = 12) -> list[str]:
    """Return the lines that a writer, killed after a random number of acknowledgements and a random moment, wrote whole."""
    enough = moments.randrange(1, at_most)
    with subprocess.Popen(
        [*WRITER, mode, str(state)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(enough)]
        killer = threading.Timer(moments.random() * 0.01, process.kill)
        killer.start()
        lines += process.stdout.readlines()
        killer.join()
    assert process.returncode == -9
    return [line for line in lines if line.endswith("\n")]


def test_a_process_killed_at_any_instant_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    moments = random.Random(KILLS)  # how far a writer gets by then is different each time
    acknowledged = 0
    for _ in range(KILLS):
        lines = run_until_killed(tmp_path, moments)
        began = int(lines[0].split()[1])
        assert began >= acknowledged, "what was acknowledged is there at the next start"
        acknowledged = int(lines[-1].split()[1])
    store = Store.open(tmp_path, StandingClock(), "test")
    problems, notices = store.found()
    assert ({problem.reason for problem in problems} | {Damage.TORN}, notices) == ({Damage.TORN}, [])
    assert store.journal.verify() == []
    assert store.journal.last_sequence >= acknowledged
    assert [sequence_of(event) for event in store.journal.read()] == list(range(1, store.journal.last_sequence + 1))
    assert {known.drift_id for known in store.database.drifts()} == drifts_of(store.journal)
    assert len(segment_files(tmp_path / "journal")) > 1
    store.close()


def test_a_process_killed_at_any_instant_of_pruning_loses_nothing_either(tmp_path: Path) -> None:
    moments = random.Random(KILLS)
    acknowledged = 0
    for _ in range(KILLS // 2):
        lines = run_until_killed(tmp_path, moments, "until-killed-pruning", 80)
        assert int(lines[0].split()[1]) >= acknowledged
        acknowledged = int(lines[-1].split()[1])
    assert_pruned_and_whole(tmp_path, acknowledged)


def assert_pruned_and_whole(state: Path, acknowledged: int) -> None:
    """Assert that a pruned state, and the same state made again from its journal, know the last word about every drift."""
    store = Store.open(state, StandingClock(), "test")
    assert store.found()[1] == []
    assert store.journal.verify() == []
    assert store.journal.first_sequence() > 1
    assert store.journal.last_sequence >= acknowledged
    known = {drift.drift_id: drift for drift in store.database.drifts()}
    assert len(known) == 50
    assert max(int(drift.fingerprint) for drift in known.values()) >= acknowledged
    store.close()
    (state / "driftd.db").unlink()
    again = Store.open(state, StandingClock(), "test")
    assert {drift.drift_id: drift for drift in again.database.drifts()} == known
    again.close()


def drifts_of(journal: JournalReader) -> set[str]:
    return {str(told["drift_id"]) for event in journal.read() if "drift_id" in (told := namespace(event))}


def namespace(event: Event) -> dict[str, object]:
    told = event["driftd"]
    assert isinstance(told, dict)
    return dict(told)


def mounted(script: str, tmp_path: Path, options: str) -> list[str]:
    """Run a shell script in a mount namespace of its own with a small tmpfs at ./small, and return its output's lines."""
    (tmp_path / "small").mkdir()
    writer = shlex.join(WRITER)
    text = (
        f"set -e; mount -t tmpfs -o {options} tmpfs small; small=$PWD/small; cd {ROOT}; writer={shlex.quote(writer)}\n"
    )
    run = subprocess.run(
        ["unshare", "--mount", "sh", "-c", text + script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_a_full_disk_refuses_clearly_loses_nothing_and_is_left_behind(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    script = """
        $writer open-only $small/state
        head -c 300000 /dev/zero >$small/state/ballast
        $writer until-full $small/state
        cp -r $small/state $OLDPWD/copy
    """
    lines = mounted(script, tmp_path, "size=1m")
    assert lines[0] == "open"
    refused = lines[1].split(maxsplit=2)
    assert refused[0] == "refused"
    assert "No space left on device: make room" in refused[2]
    acknowledged = int(refused[1])
    assert acknowledged > 100
    assert lines[2:5] == [f"refused again {acknowledged}"] * 3
    assert lines[5] == f"recorded {acknowledged + 1}"
    assert_intact(tmp_path / "copy", acknowledged + 1)


def assert_intact(state: Path, last: int) -> None:
    journal = JournalReader(state / "journal")
    assert journal.verify() == []
    assert [sequence_of(event) for event in journal.read()] == list(range(1, last + 1))
    store = Store.open(state, StandingClock(), "test")
    assert store.database.position() == store.journal.position()
    store.close()


def test_a_limit_on_file_sizes_refuses_clearly_and_loses_nothing(tmp_path: Path) -> None:
    run = subprocess.run(
        [*WRITER, "until-full", str(tmp_path / "state")],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY)),
    )
    refused, *again, recorded = run.stdout.splitlines()
    acknowledged = int(refused.split()[1])
    assert "File too large: raise the limit on file sizes" in refused
    assert again == [f"refused again {acknowledged}"] * 3
    assert recorded == f"recorded {acknowledged + 1}"
    assert_intact(tmp_path / "state", acknowledged + 1)


def test_a_read_only_file_system_is_said_at_opening_and_can_still_be_read(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    read = (
        "import sys; from pathlib import Path; from driftd.store.database import Database;"
        "from driftd.store.reader import JournalReader; state = Path(sys.argv[1]);"
        "database = Database.open_read_only(state, JournalReader(state / 'journal'));"
        "print('read', database.position().sequence)"
    )
    script = f"""
        $writer open-only $small/state
        mount -o remount,ro small $small
        $writer open-only $small/state
        {shlex.quote(sys.executable)} -c {shlex.quote(read)} $small/state
        $writer open-only $small/other
    """
    lines = mounted(script, tmp_path, "size=4m")
    assert lines[0] == "open"
    assert lines[2] == "read 0"
    for line in (lines[1], lines[3]):
        assert "Read-only file system: mount that file system writable" in line


def test_a_full_disk_at_the_first_start_is_said(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("mounts")
    lines = mounted(
        "head -c 1048576 /dev/zero >$small/full || true; $writer open-only $small/state",
        tmp_path,
        "size=1m,nr_inodes=4",
    )
    assert lines[-1].startswith("refused")
    assert "make room" in lines[-1]


def test_an_fsync_that_fails_is_an_event_that_was_not_recorded(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("strace")
    script = (
        "import sys; from pathlib import Path; from driftd.store.errors import StoreError;"
        "from tests.unit.store.made import heartbeats, opened; journal = opened(Path(sys.argv[1]));"
        "journal.append(heartbeats(2));\n"
        "try:\n    journal.append(heartbeats(2))\nexcept StoreError as error:\n    print(error)\n"
        "journal.append(heartbeats(1)); print(journal.last_sequence)"
    )
    journal = tmp_path / "journal"
    nth = 4  # after those for the journal's directory, the new segment's name and the first batch
    failing = ["-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={nth}", "-o", str(tmp_path / "trace")]
    run = subprocess.run(
        ["strace", "-qq", *failing, sys.executable, "-c", script, str(journal)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said, last = run.stdout.splitlines()
    assert "Input/output error: the disk or its connection fails" in said
    assert last == "3"
    assert JournalReader(journal).verify() == []
    assert [sequence_of(event) for event in JournalReader(journal).read()] == [1, 2, 3]


@pytest.fixture
def on_a_disk_of_its_own(
    require_real: Callable[[str], None], lacking: Callable[[str], None]
) -> Callable[[list[str], Path], str]:
    """A function: run a program in a directory, where its mounts are its own; return what it says."""
    require_real("mounts")
    require_real("mkfs.ext4")

    def run(words: list[str], directory: Path) -> str:
        done = subprocess.run(
            ["unshare", "--mount", *words],
            cwd=directory,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 and "loop" in done.stderr:
            lacking(f"loop devices: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_power_cut_after_an_acknowledgement_takes_nothing(
    tmp_path: Path, on_a_disk_of_its_own: Callable[[list[str], Path], str]
) -> None:
    """What a copy of the disk image holds is what a machine would find after losing power."""
    (tmp_path / "at").mkdir()
    (tmp_path / "copy").mkdir()
    script = f"""
        set -e
        truncate -s 32M image; mkfs.ext4 -q image; mount -o loop image at
        top=$PWD; cd {ROOT}
        {shlex.quote(sys.executable)} -c '
import sys
from pathlib import Path
from tests.unit.store.made import drift, heartbeats, opened
journal = opened(Path(sys.argv[1]))
for _ in range(20):
    journal.append(heartbeats(20))
' $top/at/state/journal
        cp $top/image $top/cut
        cd $top; mount -o loop cut copy; mkdir found; cp -r copy/state found/; umount copy at
    """
    on_a_disk_of_its_own(["sh", "-c", script], tmp_path)
    assert_intact(tmp_path / "found" / "state", 400)


def test_a_power_cut_at_any_instant_of_pruning_takes_nothing(
    tmp_path: Path, on_a_disk_of_its_own: Callable[[list[str], Path], str]
) -> None:
    cuts = [sys.executable, "-m", "tests.system.power_cuts", str(tmp_path), "6", str(KILLS)]
    said = on_a_disk_of_its_own(cuts, ROOT)
    for number, acknowledged in enumerate(said.split()):
        assert_pruned_and_whole(tmp_path / f"found-{number}", int(acknowledged))


def test_a_power_cut_at_any_instant_of_approving_leaves_one_revision_whole(
    tmp_path: Path, on_a_disk_of_its_own: Callable[[list[str], Path], str]
) -> None:
    cuts = [sys.executable, "-m", "tests.system.approval_cuts", str(tmp_path), "6", str(KILLS)]
    said = on_a_disk_of_its_own(cuts, ROOT)
    lines = [line.split() for line in said.splitlines()]
    assert len(lines) == 6
    for acknowledged, revision, items, said in lines:
        assert int(acknowledged) <= int(revision)
        assert (items, said) == ("100", revision)


def test_a_follower_in_another_process_sees_every_event_once_while_the_owner_rotates(tmp_path: Path) -> None:
    follow = (
        "import sys; from pathlib import Path; from driftd.store.reader import JournalReader;"
        "from driftd.model.event import sequence_of; reader = JournalReader(Path(sys.argv[1])); seen = [0]\n"
        "print('ready', flush=True)\n"
        "while seen[-1] < 3000:\n    seen += [sequence_of(event) for event in reader.read(seen[-1])]\n"
        "assert seen == list(range(3001)); print('all', flush=True)"
    )
    directory = tmp_path / "journal"
    with subprocess.Popen(
        [sys.executable, "-c", follow, str(directory)], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        journal = Journal(directory, StandingClock(), segment_bytes=20_000)
        journal.open()
        for _ in range(300):
            journal.append(heartbeats(10))
        journal.close()
        assert process.stdout.read() == "all\n"


def test_a_database_held_by_another_process_names_it(tmp_path: Path) -> None:
    store = Store.open(tmp_path, StandingClock(), "test")
    hold = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "connection.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "driftd.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with store.database._guarded.reading() as connection:
            connection.execute("PRAGMA busy_timeout = 50")
        store.record([drift()])
        assert f"locked by process {process.pid} (" in str(trouble_of(store))
        beside = Database.open_read_only(tmp_path, JournalReader(tmp_path / "journal"))
        assert len(beside.drifts()) == 1, "the event is recorded all the same"
        beside.close()
        process.kill()
    store.record(heartbeats(1))
    assert trouble_of(store) is None
    assert len(store.database.drifts()) == 1
    store.close()


def trouble_of(store: Store) -> StoreError | None:
    return store.trouble
