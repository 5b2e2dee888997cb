"""A spool of what is proposed: all of it comes back, in bounded memory, to the one who takes it and to nobody else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from driftd.approving.gather import Gathered
from driftd.approving.spool import ABANDONED, DIRECTORY, Entry, GapEntry, Spool, SpooledFiles
from driftd.store.errors import StoreError

NOW = 1_700_000_000.0
ENTRIES = [
    Entry("web", "/etc/a", b'{"a": 1}\n', first=True),
    Entry("db", "/etc/b", None, drift=b'{"item": "/etc/b"}'),
    Entry("web", "/etc/c", "\ud800".encode("utf-8", "surrogatepass")),
]


def spooled(state: Path) -> Spool:
    spool = Spool.make(state, "one", NOW)
    spool.add(ENTRIES[0])
    spool.add(GapEntry(b'{"item": "/etc/x", "reason": "unreadable"}'))
    for entry in ENTRIES[1:]:
        spool.add(entry)
    spool.seal()
    return spool


def test_what_was_added_comes_back_as_often_as_one_likes(tmp_path: Path) -> None:
    spool = spooled(tmp_path)
    for _ in range(2):
        assert list(spool.entries()) == ENTRIES
        assert list(spool.drifts()) == [{"item": "/etc/b"}]
        assert list(spool.gaps()) == [{"item": "/etc/x", "reason": "unreadable"}]
    files = SpooledFiles(spool, "web", 2)
    assert len(files) == 2
    assert list(files) == list(files) == [("/etc/a", b'{"a": 1}\n'), ("/etc/c", b"\xed\xa0\x80")]
    spool.close()


def test_another_process_takes_it_and_nobody_after_that(tmp_path: Path) -> None:
    made = spooled(tmp_path)
    (path,) = (tmp_path / DIRECTORY).iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    gathered = Gathered(made)
    gathered.items.update({"web": 2, "db": 1})
    gathered.left.add("RULE")
    wire = gathered.to_wire()
    made.close()
    taken = Gathered.from_wire(tmp_path, wire)
    assert taken.items == gathered.items
    assert taken.left == {"RULE"}
    assert list(taken.files("db")) == [("/etc/b", None)]
    assert list((tmp_path / DIRECTORY).iterdir()) == []
    with pytest.raises(StoreError, match="read the proposal"):
        Gathered.from_wire(tmp_path, wire)
    taken.spool.close()


def test_an_answer_that_leads_elsewhere_is_no_answer(tmp_path: Path) -> None:
    spool = spooled(tmp_path)
    wire = Gathered(spool).to_wire()
    spool.close()
    for wrong in (wire | {"spool": "../../etc/passwd"}, wire | {"items": []}, {}):
        with pytest.raises(ValueError, match="another version"):
            Gathered.from_wire(tmp_path, wrong)


def test_what_nobody_came_for_is_removed_by_the_next(tmp_path: Path) -> None:
    spooled(tmp_path).close()
    os.utime(tmp_path / DIRECTORY / "one", (NOW, NOW))
    Spool.make(tmp_path, "two", NOW + ABANDONED - 1).close()
    assert {path.name for path in (tmp_path / DIRECTORY).iterdir()} == {"one", "two"}
    Spool.make(tmp_path, "three", NOW + ABANDONED + 1).close()
    assert {path.name for path in (tmp_path / DIRECTORY).iterdir()} == {"two", "three"}


def test_a_name_that_leads_nowhere_keeps_nobody_from_proposing(tmp_path: Path) -> None:
    spooled(tmp_path).close()
    (tmp_path / DIRECTORY / "gone").symlink_to("nowhere")
    Spool.make(tmp_path, "two", NOW).close()
