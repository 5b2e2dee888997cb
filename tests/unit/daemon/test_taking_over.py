"""What is approved, while others write it: nothing is said of half a state, and what is left half is said once."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from driftd.baselines.item_files import item_file
from driftd.baselines.layer import MANIFEST, digest_of
from driftd.daemon.engine import STEP
from driftd.daemon.next_reload import LONGEST_PAUSE, QUIET, Wanted
from driftd.model.approved import canonical_json
from driftd.model.event import action_of, namespace
from tests.unit.daemon.live import Live, living


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with living(tmp_path) as live:

        def reload(wanted: Wanted) -> Generator[None, None, bool]:
            yield
            live.service.adopt_stale()
            return wanted.asked

        live.service._reload = reload
        yield live


class Layer:
    """The approved files of the host, as somebody writes them who is not driftd."""

    def __init__(self, live: Live) -> None:
        [manifest] = live.machine.baseline.glob(f"hosts/*/{MANIFEST}")
        self.manifest, self.directory = manifest, manifest.parent

    def approve(self, item: str, port: int) -> bytes:
        """Put a state of an item into the manifest; return what its file is to hold."""
        told = json.loads(self.manifest.read_bytes())
        approved = json.loads(self.file(item).read_bytes())
        approved["settings"] = {"port": port}
        approved["digest"] = digest_of(f"port: {port}\n".encode())
        content = canonical_json(approved)
        told["items"][item] = digest_of(content)
        told["revision"] += 1
        fresh = self.manifest.with_suffix(".new")
        fresh.write_bytes(canonical_json(told))
        fresh.rename(self.manifest)
        return content

    def remove(self, item: str) -> None:
        """Approve that an item is not there."""
        told = json.loads(self.manifest.read_bytes())
        del told["items"][item]
        told["revision"] += 1
        self.manifest.write_bytes(canonical_json(told))
        self.file(item).unlink()

    def file(self, item: str) -> Path:
        return self.directory.joinpath(*item_file(item))


def test_an_item_whose_approved_file_was_replaced_already_waits_for_the_rest(live: Live) -> None:
    layer, item = Layer(live), live.item("a.yaml")
    before = layer.manifest.read_bytes()
    content = layer.approve(item, 2)
    after = layer.manifest.read_bytes()
    layer.manifest.write_bytes(before)  # it comes last
    layer.file(item).write_bytes(content)
    live.machine.file("a.yaml", "port: 2\n")
    live.noticed("a.yaml")
    live.settle()
    assert live.told() == []
    layer.manifest.write_bytes(after)
    live.wait(QUIET)
    assert live.told() == [("baseline-approved", "")]
    assert not live.machine.engine.memory.drifts


def test_an_open_drift_stays_open_meanwhile(live: Live) -> None:
    layer, item = Layer(live), live.item("a.yaml")
    live.machine.file("a.yaml", "port: 2\n")
    live.noticed("a.yaml")
    live.settle()
    assert live.told() == [("drift-opened", "a.yaml")]
    content = layer.approve(item, 3)
    layer.file(item).write_bytes(content)
    live.noticed("a.yaml")
    live.settle()
    assert live.told() == []
    live.wait(QUIET)
    assert live.told() == [("baseline-approved", ""), ("drift-updated", "a.yaml")]


def test_what_is_left_half_is_said_once_and_taken_over_when_it_is_whole(live: Live) -> None:
    layer, item = Layer(live), live.item("a.yaml")
    content = layer.approve(item, 2)
    live.service.audits.want("quick", "watch")
    live.settle()
    assert live.told() == []  # it was noticed, and has not been at rest
    live.wait(QUIET)
    assert live.told() == [("coverage-lost", "approved.json=approved-not-adopted")]
    live.machine.file("d/b.yaml", "port: 3\n")  # the state before is in force
    live.noticed("d/b.yaml")
    live.settle()
    assert live.told() == [("drift-opened", "b.yaml")]
    pauses = []
    for _ in range(7):
        assert live.service.next_reload.at is not None
        pauses.append(live.service.next_reload.at - live.clock.seconds)
        live.wait(pauses[-1])
    assert pauses[1:] == [4.0, 8.0, 16.0, 32.0, LONGEST_PAUSE, LONGEST_PAUSE]
    live.service.audits.want("deep", "watch")
    live.settle()
    assert live.told() == []
    layer.file(item).write_bytes(content)
    live.wait(LONGEST_PAUSE)
    assert live.told() == [
        ("coverage-restored", "approved.json=approved-not-adopted"),
        ("baseline-approved", ""),
        ("drift-opened", "a.yaml"),
    ]
    assert live.service.next_reload.at is None


def test_an_approved_file_that_stays_damaged_is_a_gap(live: Live) -> None:
    layer = Layer(live)
    layer.file(live.item("a.yaml")).write_text("{}")
    live.machine.file("a.yaml", "port: 2\n")
    live.noticed("a.yaml")
    live.settle()
    assert live.told() == []
    live.wait(QUIET)
    assert live.told() == [("coverage-lost", "a.yaml=approved-corrupt")]
    live.noticed("a.yaml")
    live.settle()
    live.wait(QUIET)
    assert live.told() == []


def test_a_manifest_that_cannot_be_believed_leaves_the_state_before_in_force(live: Live) -> None:
    layer = Layer(live)
    layer.manifest.chmod(0o666)
    layer.approve(live.item("a.yaml"), 2)
    layer.manifest.chmod(0o666)
    live.service.next_reload.doubted()
    live.wait(QUIET)
    assert live.told() == [("coverage-lost", "approved.json=approved-not-adopted")]
    live.machine.file("a.yaml", "port: 3\n")
    live.noticed("a.yaml")
    live.settle()
    assert live.told() == [("drift-opened", "a.yaml")]


def test_what_was_approved_while_nobody_ran_resolves_as_approved(live: Live) -> None:
    """A pull, then the next `run --once`; but a file that was edited as well may have been put right."""
    layer, machine, items = Layer(live), live.machine, [live.item("a.yaml"), live.item("d/b.yaml")]
    for name in ("a.yaml", "d/b.yaml"):
        machine.file(name, "port: 2\n")
    machine.audited()
    assert sorted(machine.engine.memory.drifts) == items
    machine.stop()
    for item in items:
        layer.file(item).write_bytes(layer.approve(item, 2))
    machine.file("d/b.yaml", "port:  2\n")
    machine.start()
    machine.audited()
    told = [namespace(event) for event in machine.published if action_of(event) == "drift-resolved"]
    assert {event["item"]: event["resolution"] for event in told} == {items[0]: "approved", items[1]: "reverted"}


def test_what_was_gone_and_is_approved_as_gone_resolves_as_approved(live: Live) -> None:
    layer, machine, item = Layer(live), live.machine, live.item("a.yaml")
    (live.etc / "a.yaml").unlink()
    machine.audited()
    assert sorted(machine.engine.memory.drifts) == [item]
    machine.stop()
    layer.remove(item)
    machine.start()
    machine.audited()
    told = [namespace(event) for event in machine.published if action_of(event) == "drift-resolved"]
    assert [event["resolution"] for event in told] == ["approved"]


def test_after_a_deep_audit_what_ends_was_put_right(live: Live) -> None:
    """An approval of a while ago is no reason any more, whatever the stat fields say."""
    layer, machine, item = Layer(live), live.machine, live.item("a.yaml")
    layer.file(item).write_bytes(layer.approve(item, 2))
    machine.restart()
    assert machine.engine.approved_meanwhile == {"app"}
    machine.audited("quick")
    assert machine.engine.approved_meanwhile == {"app"}
    machine.audited()
    assert not machine.engine.approved_meanwhile


def test_what_was_doubted_is_said_in_steps(live: Live) -> None:
    layer, engine = Layer(live), live.machine.engine
    items = [live.item(name) for name in ("a.yaml", "d/b.yaml", "e/c.yaml")]
    for item in items:
        layer.file(item).write_text("{}")
    for name in ("a.yaml", "d/b.yaml", "e/c.yaml"):
        live.machine.file(name, "port: 2\n")
        live.noticed(name)
    live.settle()
    assert live.told() == []
    engine.on_look = lambda _item: live.clock.pass_by(STEP)  # each look takes as long as a step may
    steps = engine.doubts.settling()
    next(steps)
    assert live.told() == [("coverage-lost", "a.yaml=approved-corrupt")]
    live.noticed("d/b.yaml")  # whoever comes first
    live.settle()
    assert live.told() == [("coverage-lost", "b.yaml=approved-corrupt")]
    for _ in steps:
        continue
    assert live.told() == [("coverage-lost", "c.yaml=approved-corrupt")]
