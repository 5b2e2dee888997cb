"""What recorded events mean for the state: pure, so that the database and whoever checks it share one meaning.

Members an event must have to be understood, beside `@timestamp`, `event.action` and `event.sequence`:

    drift-opened, drift-updated   driftd.drift_id, driftd.episode, driftd.baseline.name, driftd.item (or file.path),
                                  driftd.severity, driftd.status, driftd.fingerprint, driftd.changes;
                                  driftd.change_count where there are more changes than are named
    drift-resolved                driftd.drift_id
    any of these three            driftd.group, optional: it is told with others, by one summary
    drift-summary                 driftd.group, driftd.summary {first, last, open, complete}
    drift-group-resolved          driftd.group
    coverage-lost, -restored      driftd.gaps: [{item, reason, baseline?, detail?}]; one gap an item and baseline, so that
                                  another reason for the same two takes its place, and restoring them ends it
    baseline-approved             driftd.baseline {name, revision, sha256}
    baseline-proposed, -rejected  driftd.baseline {name}
    baseline-removed              driftd.baseline {name}
    audit-completed               driftd.audit {depth}
    daemon-started                nothing more
    delivery-refused              driftd.refused: {OUTPUT: COUNT}: events that its receiver refused for good and no event
                                  told before; with driftd.delivered
    journal-checkpoint            driftd.checkpoint {sequence}, optional: the journal up to there is gone;
                                  driftd.lost: {OUTPUT: COUNT}, optional: events that went before an output had them
    any                           driftd.delivered: {OUTPUT: SEQUENCE}, optional: how far each output has come;
                                  driftd.output_sequences: {OUTPUT: NUMBER}, optional: what that is in its own count

Other actions change nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from driftd.model.document import Json
from driftd.model.event import Action, Event
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
    Started,
    StateChange,
)

_Count = Annotated[int, Meta(ge=0, le=2**53)]


class IncomprehensibleError(ValueError):
    """A recorded event lacks what its action must have."""


def replayed(event: Event) -> list[StateChange]:
    """Return what a recorded event changes, in order; IncomprehensibleError where it lacks what its action must have."""
    try:
        told = msgspec.convert(event, _Recorded)
        reader = _READERS.get(told.event.action)
        changes = reader(told, event["driftd"]) if reader else []
    except msgspec.ValidationError as error:
        raise IncomprehensibleError(str(error)) from error
    numbers = told.driftd.output_sequences
    changes.extend(
        Delivered(output, sequence, number=numbers.get(output, 0)) for output, sequence in told.driftd.delivered.items()
    )
    return changes


class _Body(Struct):
    action: str
    sequence: _Count


class _Namespace(Struct):
    delivered: dict[str, _Count] = {}
    output_sequences: dict[str, _Count] = {}


class _Path(Struct):
    path: str = ""


class _Recorded(Struct):
    event: _Body
    driftd: _Namespace
    at: str = field(name="@timestamp")
    file: _Path = field(default_factory=_Path)


class _Baseline(Struct):
    name: str
    revision: _Count | None = None
    sha256: str | None = None


class _AboutBaseline(Struct):
    baseline: _Baseline


class _Drift(Struct):
    drift_id: str
    episode: _Count
    baseline: _Baseline
    severity: Literal["info", "low", "medium", "high", "critical"]
    status: str
    fingerprint: str
    changes: list[Any]
    item: str | None = None
    change_count: _Count | None = None
    group: str = ""


class _Resolved(Struct):
    drift_id: str
    group: str = ""


class _Summary(Struct):
    first: _Count
    last: _Count
    open: _Count
    complete: bool


class _Summarized(Struct):
    group: str
    summary: _Summary


class _Group(Struct):
    group: str


class _Gap(Struct):
    item: str
    reason: str
    baseline: str | None = None
    detail: str = ""


class _Coverage(Struct):
    gaps: list[_Gap]


class _Depth(Struct):
    depth: str


class _Audit(Struct):
    audit: _Depth


class _Refused(Struct):
    refused: dict[str, _Count]


class _Checkpoint(Struct):
    sequence: _Count | None = None


class _Checkpointed(Struct):
    checkpoint: _Checkpoint = field(default_factory=_Checkpoint)
    lost: dict[str, _Count] = {}


def _drift(told: _Recorded, about: Json) -> list[StateChange]:
    drift = msgspec.convert(about, _Drift)
    item = drift.item or told.file.path
    if not item:
        raise IncomprehensibleError("a drift without its item")
    count = len(drift.changes) if drift.change_count is None else drift.change_count
    stands = OpenDrift(
        drift_id=drift.drift_id,
        episode=drift.episode,
        baseline=drift.baseline.name,
        item=item,
        opened_at=told.at,
        updated_at=told.at,
        severity=drift.severity,
        status=drift.status,
        fingerprint=drift.fingerprint,
        change_count=count,
        changes=drift.changes,
        group=drift.group,
    )
    opened = told.event.action == Action.DRIFT_OPENED
    return [DriftStands(stands, opened=opened), *_joins(drift.group, told)]


def _resolved(told: _Recorded, about: Json) -> list[StateChange]:
    drift = msgspec.convert(about, _Resolved)
    return [DriftEnds(drift.drift_id), *_joins(drift.group, told)]


def _joins(group: str, told: _Recorded) -> list[StateChange]:
    return [GroupStands(KnownGroup(group, told.event.sequence, told.event.sequence, 0))] if group else []


def _summarized(_told: _Recorded, about: Json) -> list[StateChange]:
    group = msgspec.convert(about, _Summarized)
    if group.summary.complete and not group.summary.open:
        return [GroupEnds(group.group)]
    return [GroupStands(KnownGroup(group.group, group.summary.first, group.summary.last, group.summary.last))]


def _group_resolved(_told: _Recorded, about: Json) -> list[StateChange]:
    return [GroupEnds(msgspec.convert(about, _Group).group)]


def _lost(told: _Recorded, about: Json) -> list[StateChange]:
    gaps = msgspec.convert(about, _Coverage).gaps
    return [GapStands(KnownGap(gap.item, gap.baseline or "", gap.reason, gap.detail, told.at)) for gap in gaps]


def _restored(_told: _Recorded, about: Json) -> list[StateChange]:
    return [GapEnds(gap.item, gap.baseline or "") for gap in msgspec.convert(about, _Coverage).gaps]


def _approved(told: _Recorded, about: Json) -> list[StateChange]:
    baseline = msgspec.convert(about, _AboutBaseline).baseline
    if baseline.revision is None or baseline.sha256 is None:
        raise IncomprehensibleError("an approval without revision and sha256")
    known = KnownBaseline(baseline.name, baseline.revision, baseline.sha256, told.event.action, told.at)
    return [BaselineStands(known)]


def _said(told: _Recorded, about: Json) -> list[StateChange]:
    baseline = msgspec.convert(about, _AboutBaseline).baseline
    return [BaselineStands(KnownBaseline(baseline.name, None, None, told.event.action, told.at))]


def _removed(_told: _Recorded, about: Json) -> list[StateChange]:
    return [BaselineEnds(msgspec.convert(about, _AboutBaseline).baseline.name)]


def _audited(told: _Recorded, about: Json) -> list[StateChange]:
    depth = msgspec.convert(about, _Audit).audit.depth
    return [AuditDone(CompletedAudit(depth, told.event.sequence, told.at))]


def _started(told: _Recorded, _about: Json) -> list[StateChange]:
    return [Started(told.event.sequence)]


def _checkpoint(_told: _Recorded, about: Json) -> list[StateChange]:
    body = msgspec.convert(about, _Checkpointed)
    through = body.checkpoint.sequence
    if through is None:
        return []
    return [Pruned(through), *(Delivered(output, through, count) for output, count in body.lost.items())]


def _refused(_told: _Recorded, about: Json) -> list[StateChange]:
    refused = msgspec.convert(about, _Refused).refused
    return [Delivered(output, 0, refused=count) for output, count in refused.items()]


_READERS = {
    Action.DRIFT_OPENED.value: _drift,
    Action.DRIFT_UPDATED.value: _drift,
    Action.DRIFT_RESOLVED.value: _resolved,
    Action.DRIFT_SUMMARY.value: _summarized,
    Action.DRIFT_GROUP_RESOLVED.value: _group_resolved,
    Action.COVERAGE_LOST.value: _lost,
    Action.COVERAGE_RESTORED.value: _restored,
    Action.BASELINE_APPROVED.value: _approved,
    Action.BASELINE_PROPOSED.value: _said,
    Action.BASELINE_REJECTED.value: _said,
    Action.BASELINE_REMOVED.value: _removed,
    Action.AUDIT_COMPLETED.value: _audited,
    Action.DAEMON_STARTED.value: _started,
    Action.JOURNAL_CHECKPOINT.value: _checkpoint,
    Action.DELIVERY_REFUSED.value: _refused,
}
