"""The state as dictionaries: a second, plain reading of a history, and histories to read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from hypothesis import strategies as st

from driftd.model.event import Action, Event
from driftd.store.database import Database
from driftd.store.known import (
    AuditDone,
    BaselineEnds,
    BaselineStands,
    CompletedAudit,
    Delivered,
    DriftEnds,
    DriftStands,
    GapEnds,
    GapStands,
    GroupEnds,
    GroupStands,
    KnownBaseline,
    KnownGap,
    KnownGroup,
    OpenDrift,
    Pruned,
    Standing,
    Started,
    StateChange,
)
from tests.unit.store.made import drift, event


class PlainState:
    """The state as dictionaries: what the database must say, without a line of SQL."""

    def __init__(self) -> None:
        self.drifts: dict[str, OpenDrift] = {}
        self.groups: dict[str, KnownGroup] = {}
        self.gaps: dict[tuple[str, str], KnownGap] = {}
        self.baselines: dict[str, KnownBaseline] = {}
        self.audits: dict[str, CompletedAudit] = {}
        self.delivered: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.started = self.pruned = 0

    def take(self, change: StateChange) -> None:  # noqa: C901, PLR0912 - one case a kind
        match change:
            case DriftStands(told, opened):
                known = None if opened else self.drifts.get(told.drift_id)
                self.drifts[told.drift_id] = further(known, told) if known else told
            case DriftEnds(drift_id):
                self.drifts.pop(drift_id, None)
            case GroupStands(group):
                self.groups[group.id] = together(self.groups.get(group.id, group), group)
            case GroupEnds(id):
                self.groups.pop(id, None)
            case GapStands(gap):
                before = self.gaps.get((gap.item, gap.baseline))
                since = before.since if before and before.reason == gap.reason else gap.since
                self.gaps[gap.item, gap.baseline] = replace(gap, since=since)
            case GapEnds(item, baseline):
                self.gaps.pop((item, baseline), None)
            case BaselineStands(told_of):
                known_of = self.baselines.get(told_of.name)
                if told_of.revision is None and known_of:
                    told_of = replace(told_of, revision=known_of.revision, sha256=known_of.sha256)
                self.baselines[told_of.name] = told_of
            case BaselineEnds(name):
                self.baselines.pop(name, None)
            case AuditDone(audit):
                self.audits[audit.depth] = audit
            case Delivered(output, sequence, lost, _, refused):
                self.delivered[output] = max(sequence, self.delivered.get(output, 0))
                if lost:
                    self.lost[output] = self.lost.get(output, 0) + lost
                if refused:
                    self.refused[output] = self.refused.get(output, 0) + refused
            case Started(sequence):
                self.started = sequence
            case Pruned(through):
                self.pruned = max(self.pruned, through)
            case _:
                assert_never(change)


def further(known: OpenDrift, told: OpenDrift) -> OpenDrift:
    group = known.group if told.group else ""
    return replace(told, opened_at=known.opened_at, episode=known.episode, group=group)


def together(one: KnownGroup, other: KnownGroup) -> KnownGroup:
    first, last = min(one.first, other.first), max(one.last, other.last)
    return KnownGroup(one.id, first, last, max(one.told, other.told))


names = st.sampled_from("abc")
times = st.sampled_from(["2023-06-01T10:00:00Z", "2023-06-01T11:00:00Z", "2023-06-01T12:00:00Z"])


in_a_group = st.fixed_dictionaries({}, optional={"group": names})


@st.composite
def events(draw: st.DrawFn) -> Event:
    action = draw(st.sampled_from(list(Action)))
    at, name = draw(times), draw(names)
    told: dict[str, Any] = {}
    if action in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
        made = drift(action, name, fingerprint=draw(names), item=f"/etc/{name}", change_count=draw(st.integers(0, 9)))
        made["@timestamp"] = at
        about = made["driftd"]
        assert isinstance(about, dict)
        about |= draw(in_a_group)
        return made
    if action == Action.DRIFT_RESOLVED:
        told = {"drift_id": name, **draw(in_a_group)}
    elif action == Action.DRIFT_SUMMARY:
        sequences = sorted(draw(st.lists(st.integers(1, 30), min_size=2, max_size=2)))
        summary = {"first": sequences[0], "last": sequences[1], "open": draw(st.integers(0, 1))}
        told = {"group": name, "summary": summary | {"complete": draw(st.booleans())}}
    elif action == Action.DRIFT_GROUP_RESOLVED:
        told = {"group": name}
    elif action in (Action.COVERAGE_LOST, Action.COVERAGE_RESTORED):
        gap = st.fixed_dictionaries(
            {"item": names, "reason": names}, optional={"baseline": names | st.none(), "detail": names}
        )
        told = {"gaps": draw(st.lists(gap, max_size=3)), "gap_count": 9}
    elif action == Action.BASELINE_APPROVED:
        told = {"baseline": {"name": name, "revision": draw(st.integers(1, 9)), "sha256": draw(names)}}
    elif action.value.startswith("baseline"):
        told = {"baseline": {"name": name}}
    elif action == Action.AUDIT_COMPLETED:
        told = {"audit": {"depth": draw(st.sampled_from(["quick", "deep"])), "items": 3}}
    elif action == Action.DELIVERY_REFUSED:
        told = {"refused": {name: draw(st.integers(1, 9))}}
    elif action == Action.JOURNAL_CHECKPOINT and draw(st.booleans()):
        told = {"checkpoint": {"problems": []}}
    if draw(st.booleans()):
        told["delivered"] = {name: draw(st.integers(0, 99))}
    return event(action, at, **told)


def assert_same(database: Database, plain: PlainState) -> None:
    assert {told.drift_id: told for told in database.drifts()} == plain.drifts
    assert {item: standing(plain, item) for item, _ in database.standings()} == dict(database.standings())
    assert len(database.standings()) == len(plain.drifts)
    assert database.groups() == sorted(plain.groups.values(), key=lambda group: (group.first, group.id))
    assert {(gap.item, gap.baseline): gap for gap in database.gaps()} == plain.gaps
    assert {known.name: known for known in database.baselines()} == plain.baselines
    assert {audit.depth: audit for audit in database.audits()} == plain.audits
    assert database.cursors() == plain.delivered
    assert database.lost() == plain.lost
    assert database.refused() == plain.refused
    assert database.refused_untold() == {}
    assert database.pruned() == plain.pruned


def standing(plain: PlainState, item: str) -> Standing:
    (told,) = [drift for drift in plain.drifts.values() if drift.item == item]
    words = (told.fingerprint, told.baseline, told.severity, told.status, told.group)
    return Standing(told.drift_id, told.episode, *words)
