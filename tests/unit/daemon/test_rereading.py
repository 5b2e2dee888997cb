"""Deep audits that others read for: what stat fields do not show is found, what is as it was is not looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.auditor import Examined
from driftd.daemon import rereading
from driftd.daemon.rereading import DeepReading
from driftd.daemon.sweep import Sweep
from driftd.model.event import namespace
from driftd.sources.child_process import BOOT
from driftd.sources.facts import stamp_of
from driftd.sources.rereaders import Batch, Rereaders
from tests.unit.daemon.test_engine import KEEPER, Machine, actions

HANGS = """
import time
from driftd.sources import reread
_opened = reread._opened
def opened(name, directory):
    if name == b"b.yaml":
        time.sleep(600)
    return _opened(name, directory)
reread._opened = opened
"""


class Deep:
    """A machine of which everything was judged, and which notes what the engine looks at."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.etc = machine.etc
        self.looked: list[str] = []
        engine = machine.engine
        engine.sweeps.deep = DeepReading(KEEPER.reading_key)
        engine.sweeps.judged()
        examine = engine.auditor.examine

        def noted(item: str) -> Examined | None:
            self.looked.append(os.path.relpath(item, self.etc))
            return examine(item)

        engine.auditor.examine = noted  # type: ignore[method-assign, assignment]

    def audit(self, depth: str = "deep") -> Sweep:
        self.looked.clear()
        return list(self.machine.engine.sweeps.begin(depth, "audit"))[-1]

    def edit_below(self, name: str, content: str) -> None:
        """Change what a file holds and nothing that a stat says: as if the disk had been written, not the file."""
        path = self.etc / name
        path.write_text(content)
        remembered = self.machine.engine.memory.remembered
        known = remembered.get(str(path), 1)
        assert known is not None
        remembered.put(str(path), stamp_of(path.lstat()), known)

    def opened(self, before: int) -> list[str]:
        events = [event for event in self.machine.published[before:] if "item" in namespace(event)]
        return [
            f"{action} {os.path.basename(str(namespace(event)['item']))}"
            for event, action in zip(events, actions(events), strict=True)
        ]


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Deep]:
    machine = Machine(tmp_path)
    (machine.etc / "d").mkdir()
    for name in ("a.yaml", "b.yaml", "d/c.yaml"):
        machine.file(name, "port: 1\n")
    machine.audited()
    machine.approve()
    machine.audited()
    yield Deep(machine)
    machine.stop()


def test_what_is_as_it_was_is_read_by_others_and_looked_at_by_nobody(deep: Deep) -> None:
    sweep = deep.audit()
    assert deep.looked == []
    assert (sweep.items, sweep.read) == (4, 4)


def test_what_is_met_for_the_first_time_counts_once_and_is_looked_at_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        machine.file(name, "port: 1\n")
    machine.approve()

    def audited() -> tuple[int, int]:
        machine.engine.memory.remembered.remove_shelf(b"%b/" % os.fsencode(machine.etc))  # as if the state were new
        sweep = list(machine.engine.sweeps.begin("deep", "audit"))[-1]
        return sweep.items, sweep.read

    assert audited() == (3, 3)
    (machine.etc / "b.yaml").unlink()
    assert audited() == (3, 3)
    machine.stop()


def test_what_is_gone_counts_in_the_audit_that_finds_it_as_in_the_next(deep: Deep) -> None:
    (deep.etc / "d" / "c.yaml").unlink()
    assert [deep.audit(depth).items for depth in ("quick", "quick", "deep")] == [4, 4, 4]
    (deep.etc / "b.yaml").unlink()
    assert [deep.audit(depth).items for depth in ("deep", "deep", "quick")] == [4, 4, 4]


def test_bytes_that_changed_below_the_stat_fields_are_found_by_a_deep_audit_alone(deep: Deep) -> None:
    deep.edit_below("d/c.yaml", "port: 2\n")
    before = len(deep.machine.published)
    deep.audit("quick")
    assert deep.opened(before) == []
    deep.audit()
    assert deep.looked == ["d/c.yaml"]
    assert deep.opened(before) == ["drift-opened c.yaml"]
    deep.edit_below("d/c.yaml", "port: 1\n")
    deep.audit()
    assert deep.opened(before) == ["drift-opened c.yaml", "drift-resolved c.yaml"]


def test_names_that_come_and_go_are_found(deep: Deep) -> None:
    before = len(deep.machine.published)
    (deep.etc / "d" / "c.yaml").unlink()
    deep.machine.file("n.yaml", "port: 1\n")
    (deep.etc / "b.yaml").chmod(0o600)
    deep.audit()
    assert set(deep.opened(before)) == {"drift-opened c.yaml", "drift-opened n.yaml", "drift-opened b.yaml"}


def test_an_approved_file_that_somebody_altered_is_found(deep: Deep) -> None:
    (altered,) = deep.machine.baseline.glob("hosts/*/approved/**/a.yaml.json")
    altered.write_text(altered.read_text().replace("1", "2"))
    deep.audit("quick")
    assert deep.machine.engine.memory.gaps == {}
    deep.audit()
    assert deep.looked == ["a.yaml"]
    (gap,) = (gap for _, gap in deep.machine.engine.memory.gaps.values())
    assert (os.path.basename(gap.item), gap.reason) == ("a.yaml", "approved-corrupt")


def test_after_anything_changed_by_which_is_judged_everything_is_looked_at(deep: Deep) -> None:
    deep.machine.define("**", attributes="[mode, owner]")
    deep.machine.reload()
    assert deep.audit().read == 4
    assert deep.looked == []  # the new auditor is not noted: it looked itself
    deep.machine.reload()
    fresh = Deep(deep.machine)
    deep.machine.engine.sweeps._judged_by = ()
    fresh.audit()
    assert sorted(fresh.looked) == ["a.yaml", "b.yaml", "d", "d/c.yaml"]
    fresh.audit()
    assert fresh.looked == []


def test_extended_attributes_are_looked_at_by_the_engine(deep: Deep) -> None:
    deep.machine.define("**", attributes="[mode, xattrs]")
    deep.machine.reload()
    fresh = Deep(deep.machine)
    fresh.audit()
    assert sorted(fresh.looked) == ["a.yaml", "b.yaml", "d", "d/c.yaml"]


def test_what_is_reached_through_links_is_looked_at(deep: Deep) -> None:
    (deep.etc / "link").symlink_to("a.yaml")
    deep.audit()
    deep.audit()
    assert deep.looked == ["link"]


def test_a_file_that_hangs_is_a_gap_and_not_looked_at(deep: Deep, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = BOOT.replace("from driftd.sources.child", f"exec({HANGS!r}); from driftd.sources.child")
    monkeypatch.setattr(rereading, "Rereaders", lambda key, rate: Rereaders(key, rate, boot=boot, patience=1.0))
    deep.edit_below("a.yaml", "port: 2\n")
    before = len(deep.machine.published)
    deep.audit()
    assert deep.looked == ["a.yaml"]
    assert deep.opened(before) == ["drift-opened a.yaml"]
    (gap,) = (gap for _, gap in deep.machine.engine.memory.gaps.values())
    assert (os.path.basename(gap.item), gap.reason) == ("b.yaml", "timeout")
    monkeypatch.undo()
    deep.audit()
    assert deep.machine.engine.memory.gaps == {}


def test_an_audit_that_is_given_up_ends_its_children(deep: Deep) -> None:
    sweep = deep.machine.engine.sweeps.begin("deep", "audit")
    next(sweep)
    del sweep
    children = "".join(path.read_text() for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"))
    assert not any(b"rereader" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children.split())


def test_the_engine_waits_for_what_it_reads_beyond_the_rate(deep: Deep) -> None:
    deep.machine.engine.sweeps.deep = DeepReading(KEEPER.reading_key, rate=4.0)
    deep.machine.engine.sweeps._judged_by = ()
    assert max(sweep.pause for sweep in deep.machine.engine.sweeps.begin("deep", "audit", batch=1)) >= 1.0


def test_large_files_are_asked_for_in_several_batches(deep: Deep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "BATCH_BYTES", 8)
    asked: list[int] = []
    put = Rereaders.put

    def noted(self: Rereaders, batch: Batch) -> None:
        asked.append(len(batch))
        put(self, batch)

    monkeypatch.setattr(Rereaders, "put", noted)
    assert deep.audit().read == 4
    assert deep.looked == []
    assert sorted(asked) == [1, 1, 2, 4]  # of eight bytes each, the directory with one of them; then what is approved
