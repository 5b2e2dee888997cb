"""The engine over a real tree and a real store: each transition is recorded once, whatever is looked at how often."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftd.approvals import HostApprovals
from driftd.approving.gather import gather
from driftd.approving.spool import Spool
from driftd.auditor import Auditor, Runner
from driftd.baselines.approve import write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.author import Author
from driftd.baselines.definition import load_baselines
from driftd.baselines.history import History
from driftd.baselines.proposal import propose
from driftd.baselines.scope import Scope
from driftd.daemon.adoption import Adoption
from driftd.daemon.burst import DEFAULT_LIMITS
from driftd.daemon.engine import Engine
from driftd.model.document import Json
from driftd.model.event import Event, action_of, namespace, sequence_of
from driftd.secrets.fingerprint import SecretKeeper
from driftd.settings.host import HostFacts
from driftd.settings.trust import Trust
from driftd.sources.observe import Observer
from driftd.sources.root import Root
from driftd.store.content import ContentStore
from driftd.store.errors import StoreError
from driftd.store.known import Remembered
from driftd.store.store import Store

HOST = HostFacts("host-1", "api-1", {})
KEEPER = SecretKeeper(b"k" * 32)
ABOUT_AUDITS = "audit-completed"


class SteppingClock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0

    def now(self) -> datetime:
        self.seconds += 1
        return datetime(2023, 6, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return float(self.seconds)


def long_after() -> int:
    """A time at which nothing in the tree was touched just now, so that stat fields can be relied on."""
    return time.time_ns() + 3_600_000_000_000


class Machine:
    """One host with one baseline `app`: its files, what is approved, and the daemon that may be stopped and started."""

    def __init__(self, directory: Path) -> None:
        self.etc = directory / "etc"
        self.baseline = directory / "baselines" / "app"
        self._directory = directory
        self._trust = Trust.of_user(directory.stat().st_uid)
        self._clock = SteppingClock()
        self.published: list[Event] = []
        self.limits = DEFAULT_LIMITS
        self.now_ns = long_after
        self.commands: Runner | None = None
        self.etc.mkdir()
        self.baseline.mkdir(parents=True)
        self.define()
        self.start()

    def define(self, *patterns: str, attributes: str = "[mode]", more: str = "") -> None:
        """Write the baseline's definition; takes effect with `reload` or `start`."""
        items = "".join(
            f"  - path: {self.etc}/{pattern}\n    attributes: {attributes}\n" for pattern in patterns or ("**",)
        )
        (self.baseline / "baseline.yaml").write_text(f"schema: driftd/baseline/1\nname: app\nitems:\n{items}{more}")

    def file(self, name: str, content: str) -> str:
        """Write a file of the host; return its item."""
        path = self.etc / name
        path.write_text(content)
        return str(path)

    def start(self) -> None:
        self._content = ContentStore(self._directory / "content", KEEPER.digest, pytest.fail)
        self.store = Store.open(self._directory / "state", self._clock, "driftd run")
        self.engine = Engine(
            self._auditor(), HOST, self.store, self._clock, self._random, self.published.extend, self.limits
        )
        self.engine.summing.sum_up_left()
        self.adoption = Adoption(self.engine, HOST.name, self._trust)
        self.adoption.reconcile()

    def stop(self) -> None:
        self.engine.remember()
        self.store.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        self.engine.auditor = self._auditor()

    def _auditor(self) -> Auditor:
        baselines = load_baselines([self.baseline], {}, self._trust)
        scope = Scope(baselines, KEEPER.key_id)
        layers = {one.definition.name: ApprovedLayers(one.directory, HOST.name, self._trust) for one in baselines}
        root = Root(b"/")
        approvals = HostApprovals(layers, self._content, KEEPER, scope)
        observer = Observer(root, KEEPER, now_ns=self.now_ns)
        return Auditor(root, scope, approvals, observer, HOST.id or "", commands=self.commands)

    def _random(self, count: int) -> bytes:
        return len(self.published).to_bytes(count, "big")

    def approve(self) -> None:
        """Make what is there now the approved state."""
        spool = Spool.make(self._directory, "proposal", time.time())
        spool.hide()
        gathered = gather(self.engine.auditor, (), self._content, spool)
        assert not gathered.gaps
        for name in gathered.items:
            layers = self.engine.auditor.approvals.layers[name]
            author = Author("mia", "2023-06-01T10:00:00Z", "reviewed")
            write(propose(layers, gathered.files(name), author), self.baseline, History(self._directory / "revisions"))
            self.adoption.adopt(name)
        spool.close()

    def adopt_stale(self) -> None:
        for _ in self.adoption.adopting_stale():
            pass

    def audited(self, depth: str = "deep") -> list[Event]:
        """Audit everything; return the events that made, that the audit is completed aside."""
        before = len(self.published)
        for _ in self.engine.sweeps.begin(depth, "audit"):
            pass
        return [event for event in self.published[before:] if action_of(event) != ABOUT_AUDITS]

    def looked(self, *items: str, source: str = "watch") -> list[Event]:
        before = len(self.published)
        self.engine.look(items, source)
        return self.published[before:]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.stop()


@pytest.fixture
def approved(machine: Machine) -> Machine:
    """A machine with three approved files, of which the tests edit `a.yaml`."""
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        machine.file(name, "port: 1\n")
    machine.audited()
    machine.approve()
    machine.audited()
    return machine


def actions(events: list[Event]) -> list[str]:
    return [action_of(event) for event in events]


def changes(event: Event) -> list[tuple[Json, Json, Json]]:
    listed = namespace(event)["changes"]
    assert isinstance(listed, list)
    shapes = [change for change in listed if isinstance(change, dict)]
    return [(change["key"], change.get("before"), change.get("after")) for change in shapes]


def test_the_first_audit_proposes_once_and_floods_nobody(machine: Machine) -> None:
    for number in range(200):
        machine.file(f"{number}.yaml", "a: 1\n")
    events = machine.audited()
    assert actions(events) == ["baseline-proposed"]
    assert namespace(events[0])["not_approved"] == 200
    assert machine.audited() == []
    machine.restart()
    assert machine.audited() == []


def test_an_approval_is_said_once_and_leaves_nothing_open(machine: Machine) -> None:
    machine.file("a.yaml", "a: 1\n")
    machine.audited()
    before = len(machine.published)
    machine.approve()
    events = machine.published[before:]
    assert actions(events) == ["baseline-approved"]
    baseline = namespace(events[0])["baseline"]
    assert isinstance(baseline, dict)
    assert (baseline["name"], baseline["revision"]) == ("app", 1)
    machine.adoption.adopt("app")
    machine.adopt_stale()
    assert machine.audited() == []
    machine.restart()
    assert actions(machine.published[before + 1 :]) == [ABOUT_AUDITS]


def test_a_drift_is_opened_updated_and_resolved_once_each(approved: Machine) -> None:
    item = approved.file("a.yaml", "port: 2\n")
    opened = approved.looked(item)
    assert actions(opened) == ["drift-opened"]
    assert changes(opened[0]) == [("$.port", "1", "2")]
    assert approved.looked(item) + approved.audited() == []

    approved.file("a.yaml", "port: 3\n")
    updated = approved.looked(item)
    assert actions(updated) == ["drift-updated"]
    assert changes(updated[0]) == [("$.port", "1", "3")]
    assert approved.looked(item) + approved.audited("quick") == []

    approved.file("a.yaml", "port: 1\n")
    resolved = approved.looked(item)
    assert actions(resolved) == ["drift-resolved"]
    assert namespace(resolved[0])["resolution"] == "reverted"
    assert approved.looked(item) + approved.audited() == []
    assert not len(approved.engine.memory.drifts)


def test_all_events_of_one_drift_share_its_id_and_episode(approved: Machine) -> None:
    item = approved.file("a.yaml", "port: 2\n")
    told = approved.looked(item)
    approved.file("a.yaml", "port: 3\n")
    told += approved.looked(item)
    approved.file("a.yaml", "port: 1\n")
    told += approved.looked(item)
    assert len({namespace(event)["drift_id"] for event in told}) == 1
    assert {namespace(event)["episode"] for event in told} == {sequence_of(told[0])}
    approved.file("a.yaml", "port: 2\n")
    again = approved.looked(item)[0]
    assert namespace(again)["drift_id"] == namespace(told[0])["drift_id"]
    assert namespace(again)["episode"] == sequence_of(again) != sequence_of(told[0])


def test_an_item_named_twice_in_one_look_is_told_once(approved: Machine) -> None:
    item = approved.file("a.yaml", "port: 2\n")
    assert actions(approved.looked(item, item)) == ["drift-opened"]


def test_a_cosmetic_edit_is_no_event(approved: Machine) -> None:
    item = approved.file("a.yaml", "# why\nport:    1\n")
    assert approved.looked(item) + approved.audited() == []


def test_a_change_that_only_moved_to_another_line_is_no_update(approved: Machine) -> None:
    item = approved.file("a.yaml", "port: 2\n")
    approved.looked(item)
    approved.file("a.yaml", "# why\n\nport: 2\n")
    assert approved.looked(item) == []


def test_a_restart_repeats_nothing(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    assert actions(approved.audited()) == ["drift-opened"]
    for depth in ("quick", "deep"):
        before = len(approved.published)
        approved.restart()
        assert approved.audited(depth) == []
        assert actions(approved.published[before:]) == [ABOUT_AUDITS]


def test_what_changed_while_nobody_ran_is_found_by_a_quick_audit(approved: Machine) -> None:
    approved.stop()
    approved.file("a.yaml", "port: 2\n")
    (approved.etc / "b.yaml").unlink()
    approved.file("new.yaml", "x: 1\n")
    approved.start()
    events = approved.audited("quick")
    assert actions(events) == ["drift-opened"] * 3
    found = {str(namespace(event)["item"]).rpartition("/")[2]: changes(event)[0] for event in events}
    assert found == {
        "a.yaml": ("$.port", "1", "2"),
        "b.yaml": ("$", "file", None),
        "new.yaml": ("$", None, "file"),
    }


def test_what_was_put_right_while_nobody_ran_is_resolved(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    approved.file("new.yaml", "x: 1\n")
    approved.audited()
    approved.stop()
    approved.file("a.yaml", "port: 1\n")
    (approved.etc / "new.yaml").unlink()
    approved.start()
    events = approved.audited("quick")
    assert actions(events) == ["drift-resolved"] * 2
    assert {namespace(event)["resolution"] for event in events} == {"reverted"}


def test_a_quick_audit_reads_only_what_was_touched(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    sweeps = list(approved.engine.sweeps.begin("quick", "audit"))
    assert (sweeps[-1].finished, sweeps[-1].items, sweeps[-1].read) == (True, 3, 1)
    assert list(approved.engine.sweeps.begin("deep", "audit"))[-1].read == 3


def put_back_the_mtime(file: Path, edit: Callable[[], object]) -> None:
    before = file.stat()
    edit()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_a_quick_audit_finds_edits_that_size_and_mtime_hide(approved: Machine) -> None:
    assert approved.audited("quick") == []
    put_back_the_mtime(approved.etc / "a.yaml", lambda: approved.file("a.yaml", "port: 2\n"))
    other = approved.etc.parent / "other.name"
    os.link(approved.etc / "b.yaml", other)
    put_back_the_mtime(approved.etc / "b.yaml", lambda: other.write_text("port: 2\n"))
    replacement = approved.etc.parent / "replacement"
    replacement.write_text("port: 2\n")
    put_back_the_mtime(approved.etc / "c.yaml", lambda: replacement.rename(approved.etc / "c.yaml"))
    events = approved.audited("quick")
    assert actions(events) == ["drift-opened"] * 3
    assert {changes(event)[0] for event in events} == {("$.port", "1", "2")}


def test_an_edit_within_the_clock_s_granularity_of_the_last_look_is_found(approved: Machine) -> None:
    approved.now_ns = time.time_ns
    approved.restart()
    approved.audited()
    for number in range(2, 10):
        item = approved.file("a.yaml", f"port: {number}\n")
        approved.looked(item)
        approved.file("a.yaml", "port: 1\n")
        assert actions(approved.audited("quick")) == ["drift-resolved"]


def test_what_is_as_it_was_is_not_even_compared_after_a_restart(approved: Machine) -> None:
    approved.audited("quick")
    approved.restart()
    sweep = list(approved.engine.sweeps.begin("quick", "audit"))[-1]
    assert (sweep.items, sweep.read) == (3, 0)


def test_only_what_changed_is_written_down_again(approved: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (approved.etc / "d").mkdir()
    approved.file("d/x.yaml", "port: 1\n")
    approved.audited()
    written: list[list[bytes]] = []

    def noted(rows: Iterable[Remembered], gone: Iterable[bytes] = (), *, through: int) -> None:
        assert through > 0
        written.append([row[0] for row in rows] + list(gone))

    monkeypatch.setattr(approved.store.database, "remember", noted)
    approved.audited("quick")
    approved.audited()
    assert written == []
    approved.file("d/x.yaml", "port: 2\n")
    approved.audited("quick")
    assert written == [[os.fsencode(approved.etc / "d") + b"/"]]


def test_what_is_missing_stays_so_without_being_looked_for_one_by_one(approved: Machine) -> None:
    (approved.etc / "a.yaml").unlink()
    assert actions(approved.audited("quick")) == ["drift-opened"]
    for expected in ((3, 0), (3, 0)):
        sweep = list(approved.engine.sweeps.begin("quick", "audit"))[-1]
        assert (sweep.items, sweep.read) == expected
    approved.restart()
    assert approved.audited("quick") == []
    approved.file("a.yaml", "port: 1\n")
    assert actions(approved.audited("quick")) == ["drift-resolved"]


def test_a_sweep_lets_others_in_between_its_slices(approved: Machine) -> None:
    item = approved.file("a.yaml", "port: 2\n")
    sweep = approved.engine.sweeps.begin("deep", "audit", batch=1)
    next(sweep)
    approved.looked(item)
    for _ in sweep:
        pass
    assert actions(approved.published).count("drift-opened") == 1


def test_approving_an_open_drift_resolves_it_as_approved(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    approved.audited()
    before = len(approved.published)
    approved.approve()
    events = approved.published[before:]
    assert actions(events) == ["baseline-approved", "drift-resolved"]
    assert namespace(events[1])["resolution"] == "approved"
    assert approved.audited() == []


def test_an_item_that_is_no_longer_audited_takes_its_drift_with_it(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    approved.audited()
    approved.define("b.yaml")
    approved.reload()
    events = approved.audited("quick")
    assert actions(events) == ["drift-resolved"]
    assert namespace(events[0])["resolution"] == "no-longer-audited"
    assert approved.audited() == []
    assert set(approved.engine.memory.remembered) == {f"{approved.etc}/b.yaml"}


def approved_file(machine: Machine, name: str) -> Path:
    found = list((machine.baseline / "hosts").rglob(f"{name}.json"))
    assert len(found) == 1
    return found[0]


def test_lost_coverage_is_said_once_survives_a_restart_and_is_restored_once(approved: Machine) -> None:
    file = approved_file(approved, "a.yaml")
    content = file.read_bytes()
    file.write_bytes(b"{}")
    lost = approved.audited()
    assert actions(lost) == ["coverage-lost"]
    assert namespace(lost[0])["gap_count"] == 1
    approved.restart()
    assert approved.audited() == []
    file.write_bytes(content)
    restored = approved.audited("quick")
    assert actions(restored) == ["coverage-restored"]
    assert approved.audited() == []
    assert list(approved.store.database.gaps()) == []


def test_a_drift_stays_open_while_its_item_cannot_be_compared(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    approved.audited()
    file = approved_file(approved, "a.yaml")
    content = file.read_bytes()
    file.write_bytes(b"{}")
    assert actions(approved.audited()) == ["coverage-lost"]
    file.write_bytes(content)
    assert actions(approved.audited()) == ["coverage-restored"]
    assert len(approved.engine.memory.drifts) == 1


def test_many_gaps_make_few_events(machine: Machine) -> None:
    for number in range(450):
        machine.file(f"{number}.yaml", "a: 1\n")
    machine.audited()
    machine.approve()
    for file in (machine.baseline / "hosts").rglob("*.yaml.json"):
        file.write_bytes(b"{}")
    lost = [event for event in machine.audited() if action_of(event) == "coverage-lost"]
    assert sum(int(str(namespace(event)["gap_count"])) for event in lost) == 450
    assert len(lost) <= 450 // 64 + 2


def test_attributes_audited_from_now_on_are_asked_for_once(approved: Machine) -> None:
    approved.define("**", attributes="[mode, owner]")
    approved.reload()
    assert actions(approved.audited()) == ["baseline-proposed"]
    assert approved.audited() == []
    approved.restart()
    assert approved.audited() == []


def test_an_approval_that_was_taken_away_is_said_and_waits_anew(approved: Machine) -> None:
    for manifest in approved.baseline.rglob("approved.json"):
        manifest.unlink()
    before = len(approved.published)
    approved.adopt_stale()
    events = approved.published[before:] + approved.audited()
    assert actions(events) == ["baseline-removed", "baseline-proposed"]
    assert approved.audited() == []


def test_a_drift_is_not_called_approved_because_the_approval_was_taken_away(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    approved.audited()
    for manifest in approved.baseline.rglob("approved.json"):
        manifest.unlink()
    before = len(approved.published)
    approved.adopt_stale()
    events = approved.published[before:]
    assert actions(events) == ["baseline-removed", "drift-resolved"]
    assert namespace(events[1])["resolution"] == "no-longer-audited"


def test_every_event_is_in_the_journal_before_it_is_published(approved: Machine) -> None:
    approved.file("a.yaml", "port: 2\n")
    approved.audited()
    recorded = list(approved.store.journal.read())
    assert recorded == approved.published
    assert [sequence_of(event) for event in recorded] == list(range(1, len(recorded) + 1))
    known = {drift.item for drift in approved.store.database.drifts()}
    assert known == set(approved.engine.memory.drifts) == {f"{approved.etc}/a.yaml"}


@pytest.mark.parametrize("depth", ["quick", "deep"])
def test_what_was_new_before_a_kill_and_is_gone_after_it_is_resolved(machine: Machine, depth: str) -> None:
    """Found by the torture test: nothing was remembered of it, so that it passed for an approved item that is missing still."""
    machine.file("a.yaml", "a: 1\n")
    machine.audited()
    machine.approve()
    machine.audited()
    item = machine.file("new.yaml", "a: 1\n")
    assert [action_of(event) for event in machine.looked(item)] == ["drift-opened"]
    machine.store.close()
    machine.start()
    Path(item).unlink()
    resolved = machine.audited(depth)
    assert [(action_of(event), namespace(event)["item"]) for event in resolved] == [("drift-resolved", item)]


def other_directory(machine: Machine) -> tuple[str, Path]:
    """Have a file approved in a directory, and another directory beside it with another text of it."""
    machine.define("**/*.yaml")
    (machine.etc / "d").mkdir()
    machine.file("d/a.yaml", "a: 1\n")
    machine.restart()
    machine.audited()
    machine.approve()
    aside = machine.etc.with_name("aside")
    aside.mkdir()
    (aside / "a.yaml").write_text("a: 2\n")
    return str(machine.etc / "d/a.yaml"), aside


def swap(one: Path, other: Path) -> None:
    """Give each of two directories the other's name. The stat fields of what is in them stay as they are."""
    between = one.with_name("between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


@pytest.mark.parametrize("depth", ["quick", "deep"])
def test_what_drifted_before_a_kill_is_resolved_after_it_though_its_stat_fields_are_those_that_were_written_down(
    machine: Machine, depth: str
) -> None:
    item, aside = other_directory(machine)
    machine.audited()
    swap(machine.etc / "d", aside)
    assert actions(machine.looked(item)) == ["drift-opened"]
    machine.store.close()
    swap(machine.etc / "d", aside)
    machine.start()
    assert actions(machine.audited(depth)) == ["drift-resolved"]


@pytest.mark.parametrize("depth", ["quick", "deep"])
def test_what_was_put_back_before_a_kill_is_drifted_after_it_though_its_stat_fields_are_those_that_were_written_down(
    machine: Machine, depth: str
) -> None:
    item, aside = other_directory(machine)
    swap(machine.etc / "d", aside)
    assert actions(machine.audited()) == ["drift-opened"]
    swap(machine.etc / "d", aside)
    assert actions(machine.looked(item)) == ["drift-resolved"]
    machine.store.close()
    swap(machine.etc / "d", aside)
    machine.start()
    assert actions(machine.audited(depth)) == ["drift-opened"]


def test_of_an_unwritten_state_everything_is_written_the_next_time(
    approved: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = approved.file("a.yaml", "port: 2\n")
    approved.looked(item)
    with monkeypatch.context() as broken:
        broken.setattr(approved.store.database, "remember", refused)
        approved.engine.remember()
    approved.engine.remember()
    written = {directory: stamps for directory, _, stamps, _ in approved.store.database.remembered()}
    known = approved.engine.memory.remembered.get(item)
    assert known is not None
    assert known in written[f"{approved.etc}/".encode()]


def refused(*_: object, **__: object) -> None:
    raise StoreError(Path("/"), "no space left", "make room")
