from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from driftd.store.errors import StoreError
from driftd.store.lock import StateHeldError, StateLock, processes_locking

HOLD = """
import sys
from pathlib import Path
from driftd.store.lock import StateLock
lock = StateLock(Path(sys.argv[1]))
lock.acquire("driftd run \\x1b[31m")
print("held", flush=True)
sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_lock_has_one_owner_at_a_time_and_names_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with holder(state) as process:
        with pytest.raises(
            StateHeldError, match=rf"held by process {process.pid} \(driftd run \?\[31m\) since 20"
        ) as caught:
            StateLock(state).acquire("driftd approve")
        assert "\x1b" not in str(caught.value)
        assert stat.S_IMODE((state / "lock").stat().st_mode) == 0o600
        process.kill()
    lock = StateLock(state)
    lock.acquire("driftd approve")
    assert (state / "lock").read_text() == f"{os.getpid()} driftd approve\n"
    lock.release()


def test_a_lock_that_was_released_is_free_and_its_text_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1 a process that never was")
    for _ in range(2):
        lock = StateLock(tmp_path)
        lock.acquire("driftd run")
        lock.release()
        lock.release()


def test_a_holder_that_wrote_nothing_is_another_process(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(StateHeldError, match="held by another process"):
        StateLock(tmp_path).acquire("driftd run")
    os.close(descriptor)


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    lock.acquire("driftd run")
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        lock.release()
        other = StateLock(tmp_path)
        other.acquire("driftd run")
        other.release()
        child.kill()


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(StoreError, match="symbolic link"):
        StateLock(tmp_path).acquire("driftd run")
    assert victim.read_text() == "precious"


def test_processes_that_lock_a_file_are_found_in_the_kernels_table(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    inode = path.stat().st_ino
    table = tmp_path / "locks"
    table.write_text(
        f"1: POSIX  ADVISORY  WRITE 1 08:01:{inode} 0 EOF\n"
        f"1: -> POSIX  ADVISORY  WRITE 2 08:01:{inode} 0 EOF\n"
        f"2: POSIX  ADVISORY  READ {os.getpid()} 08:01:{inode} 0 EOF\n"
        f"3: POSIX  ADVISORY  READ 3 08:01:{inode + 1} 0 EOF\n"
        "4: gibberish\n"
    )
    (found,) = processes_locking([path, tmp_path / "not there"], table)
    assert found.startswith("process 1 (")
    assert processes_locking([path], tmp_path / "no such table") == []
