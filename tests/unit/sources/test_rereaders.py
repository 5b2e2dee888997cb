"""Reading again in child processes: what they say, how they do it, and what becomes of it when they die or hang."""

from __future__ import annotations

import ctypes
import hashlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from driftd.model.document import Json
from driftd.sources.child_process import BOOT
from driftd.sources.facts import STAMP_BYTES, stamp_of
from driftd.sources.frames import path_text
from driftd.sources.intake import FINGERPRINT_BYTES, fingerprint_hash
from driftd.sources.reread import DIGEST_BYTES, NO_DIGEST, NO_FINGERPRINT, NO_STAMP, READ, STAT
from driftd.sources.rereaders import Answer, Rereaders

KEY = b"k" * 32
PATIENCE = 30.0
MISCHIEF = """
import os, signal, time
from driftd.sources import reread
_opened = reread._opened
def opened(name, directory):
    if name == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == b"hang":
        time.sleep(600)
    return _opened(name, directory)
reread._opened = opened
"""
BAD_BOOT = BOOT.replace("from driftd.sources.child", f"exec({MISCHIEF!r}); from driftd.sources.child")


@dataclass
class Names:
    """A batch of names in one directory."""

    directory: Path
    names: list[bytes]
    width: int = STAMP_BYTES + FINGERPRINT_BYTES
    op: str = "items"

    def __len__(self) -> int:
        return len(self.names)

    def request(self) -> tuple[dict[str, Json], bytes]:
        place = path_text(os.fsencode(self.directory))
        return {"op": self.op, "root": "/", "place": place, "places": [[place, len(self)]]}, b"\0".join(self.names)

    def singly(self) -> list[Names]:
        return [Names(self.directory, [name], self.width, self.op) for name in self.names]


@pytest.fixture
def rereaders() -> Iterator[Rereaders]:
    made = Rereaders(KEY)
    yield made
    made.close()


def answers(rereaders: Rereaders) -> list[Answer]:
    found: list[Answer] = []
    end = time.monotonic() + PATIENCE
    while rereaders.busy:
        found += rereaders.take()
        assert time.monotonic() < end
        time.sleep(0.002)
    return found


def told(answer: Answer) -> dict[bytes, tuple[bytes, bytes]]:
    """Return stamp and fingerprint by name."""
    assert isinstance(answer.batch, Names)
    assert answer.records is not None
    names = answer.batch.names
    prints = len(names) * STAMP_BYTES
    return {
        name[1:]: (
            answer.records[at * STAMP_BYTES : (at + 1) * STAMP_BYTES],
            answer.records[prints + at * FINGERPRINT_BYTES : prints + (at + 1) * FINGERPRINT_BYTES],
        )
        for at, name in enumerate(names)
    }


def fingerprint(content: bytes) -> bytes:
    made = fingerprint_hash(KEY)
    made.update(content)
    return made.digest()


def child_of_this_process() -> int:
    """Return the one child that reads."""
    for process in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for child in process.read_text().split():
            if b"rereader" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise AssertionError("nobody reads")


def test_what_is_read_again_has_the_stamp_and_the_fingerprint_that_reading_gives(
    tmp_path: Path, rereaders: Rereaders
) -> None:
    contents = {b"small": b"a: 1\n", b"empty": b"", b"large": os.urandom(700_000), b"edge": b"x" * 65536}
    for name, content in contents.items():
        (tmp_path / os.fsdecode(name)).write_bytes(content)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("small")
    (tmp_path / "directory").mkdir()
    alone = [b"fifo", b"link", b"directory", b"small"]
    rereaders.put(Names(tmp_path, [READ + name for name in contents]))
    rereaders.put(Names(tmp_path, [STAT + name for name in alone]))
    rereaders.put(Names(tmp_path, [READ + name for name in (b"fifo", b"link", b"directory", b"missing")]))
    rereaders.put(Names(tmp_path / "nowhere", [STAT + b"a", READ + b"b"]))
    by_first = {answer.batch.names[0]: answer for answer in answers(rereaders) if isinstance(answer.batch, Names)}
    stamps = {name: stamp_of(os.lstat(tmp_path / os.fsdecode(name))) for name in (*contents, *alone)}
    read = by_first[READ + b"small"]
    assert told(read) == {name: (stamps[name], fingerprint(content)) for name, content in contents.items()}
    assert read.read == sum(map(len, contents.values()))
    assert told(by_first[STAT + b"fifo"]) == {name: (stamps[name], NO_FINGERPRINT) for name in alone}
    assert set(told(by_first[READ + b"fifo"]).values()) == {(NO_STAMP, NO_FINGERPRINT)}
    assert set(told(by_first[STAT + b"a"]).values()) == {(NO_STAMP, NO_FINGERPRINT)}


def test_approved_files_are_told_by_their_sha256(tmp_path: Path, rereaders: Rereaders) -> None:
    (tmp_path / "approved" / "etc").mkdir(parents=True)
    (tmp_path / "approved" / "etc" / "a.json").write_bytes(b"{}\n")
    rereaders.put(Names(tmp_path, [b"approved/etc/a.json", b"approved/etc/gone.json"], DIGEST_BYTES, "files"))
    (answer,) = answers(rereaders)
    assert answer.records == hashlib.sha256(b"{}\n").digest() + NO_DIGEST


def test_children_give_way_to_everybody_and_may_read_and_nothing_else(tmp_path: Path, rereaders: Rereaders) -> None:
    (tmp_path / "a").write_text("x")
    rereaders.put(Names(tmp_path, [READ + b"a"]))
    assert len(answers(rereaders)) == 1
    child = child_of_this_process()
    assert os.getpriority(os.PRIO_PROCESS, child) == 19
    if os.uname().machine == "x86_64":
        assert ctypes.CDLL(None).syscall(252, 1, child) >> 13 == 3, "not of the idle class"
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines() if ":\t" in line
    )
    assert int(status["CapEff"], 16) & ~(1 << 2) == 0
    assert status["NoNewPrivs"] == "1"


def test_a_child_that_is_killed_is_replaced_and_nothing_stays_unread(tmp_path: Path, rereaders: Rereaders) -> None:
    for number in range(200):
        (tmp_path / f"{number}").write_text("x" * number)
    rereaders.put(Names(tmp_path, [READ + b"0"]))
    answers(rereaders)
    os.kill(child_of_this_process(), signal.SIGSTOP)  # so that it cannot be done before it is killed
    for _ in range(4):
        rereaders.put(Names(tmp_path, [READ + b"%d" % number for number in range(200)]))
    rereaders.take()
    os.kill(child_of_this_process(), signal.SIGKILL)
    rereaders.put(Names(tmp_path, [READ + b"%d" % number for number in range(200)]))
    found: dict[bytes, int] = {}
    for answer in answers(rereaders):
        for name, (_, made) in told(answer).items():
            assert made == fingerprint(b"x" * int(name))
            found[name] = found.get(name, 0) + 1
    assert found == {b"%d" % number: 5 for number in range(200)}


def test_a_file_that_kills_its_reader_costs_its_own_answer_and_no_other(tmp_path: Path) -> None:
    for name in ("a", "crash", "z"):
        (tmp_path / name).write_text(name)
    rereaders = Rereaders(KEY, boot=BAD_BOOT)
    try:
        rereaders.put(Names(tmp_path, [READ + name for name in (b"a", b"crash", b"z")]))
        found = {answer.batch.names[0]: answer for answer in answers(rereaders) if isinstance(answer.batch, Names)}
    finally:
        rereaders.close()
    assert {name: answer.records is not None for name, answer in found.items()} == {
        READ + b"a": True,
        READ + b"crash": False,
        READ + b"z": True,
    }
    assert not found[READ + b"crash"].hangs


def test_a_file_that_hangs_is_said_to_and_the_others_are_read(tmp_path: Path) -> None:
    for name in ("a", "hang", "z"):
        (tmp_path / name).write_text(name)
    rereaders = Rereaders(KEY, boot=BAD_BOOT, patience=1.5)
    try:
        rereaders.put(Names(tmp_path, [READ + name for name in (b"a", b"hang", b"z")]))
        found = {answer.batch.names[0]: answer for answer in answers(rereaders) if isinstance(answer.batch, Names)}
    finally:
        rereaders.close()
    assert {name: answer.hangs for name, answer in found.items()} == {
        READ + b"a": False,
        READ + b"hang": True,
        READ + b"z": False,
    }


def test_children_that_die_as_soon_as_they_start_leave_everything_to_the_caller(tmp_path: Path) -> None:
    rereaders = Rereaders(KEY, boot="raise SystemExit(1)")
    try:
        for _ in range(3):
            rereaders.put(Names(tmp_path, [READ + b"a", READ + b"b"]))
        found = answers(rereaders)
    finally:
        rereaders.close()
    assert {(answer.records, answer.hangs) for answer in found} == {(None, False)}
    assert sum(len(answer.batch) for answer in found) == 6
