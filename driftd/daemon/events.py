"""Events as they are written: one function per transition, ECS names plus the `driftd` namespace."""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftd.model.baseline import Rule
from driftd.model.change import Absent, Aspect, Change, Kind, Severity, Side, as_text, value_type, worst_change
from driftd.model.document import Json
from driftd.model.drift import Drift
from driftd.model.event import (
    CODES,
    ECS_SEVERITY,
    ECS_VERSION,
    MAX_CHANGES,
    MAX_CHANGES_BYTES,
    MAX_KEY_BYTES,
    MAX_VALUE_BYTES,
    Action,
    Event,
)
from driftd.model.item import Attributes, Gap, Observation, is_path

_TYPES = {
    Action.DRIFT_OPENED: "change",
    Action.DRIFT_UPDATED: "change",
    Action.DRIFT_RESOLVED: "change",
    Action.DRIFT_SUMMARY: "change",
    Action.DRIFT_GROUP_RESOLVED: "change",
    Action.DAEMON_STARTED: "start",
    Action.DAEMON_STOPPED: "end",
}
MAX_GAPS = 200
"""Gaps named in one event; more make more events."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every event of a moment carries."""

    now: datetime
    id: str
    host_id: str
    host_name: str
    labels: Mapping[str, str]


def build(
    stamp: Stamp,
    action: Action,
    severity: Severity,
    message: str,
    driftd: dict[str, Json],
    extra: dict[str, Json] | None = None,
) -> Event:
    """Return an event without its sequence and chain, which the journal gives it."""
    drift = action.value.startswith("drift-")
    driftd["severity"] = severity.word
    event: dict[str, Json] = {
        "id": stamp.id,
        "kind": "alert" if action in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED) else "event",
        "category": ["configuration", "file"] if drift else ["configuration"],
        "type": [_TYPES.get(action, "info")],
        "action": action.value,
        "code": CODES[action],
        "dataset": "driftd.drift" if drift else "driftd.audit",
        "module": "driftd",
        "severity": ECS_SEVERITY[severity],
    }
    body: Event = {
        "@timestamp": timestamp(stamp.now),
        "ecs": {"version": ECS_VERSION},
        "message": message,
        "event": event,
        "host": {"id": stamp.host_id, "name": stamp.host_name},
        "labels": dict(stamp.labels),
        "driftd": driftd,
    }
    return body | (extra or {})


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC with microseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class DriftContext:
    """What an event says about a drift beyond the drift itself."""

    baseline: dict[str, Json]
    source: str
    rules: Mapping[str, Rule]
    observed: Observation | None = None
    detection_delay: timedelta | None = None
    previous: Mapping[str, Json] | None = None
    """Severity and status with which the drift stood open until now; None where it opens."""


def drift_changed(stamp: Stamp, drift: Drift, context: DriftContext, action: Action) -> Event:
    """Return `drift-opened` or `drift-updated`. The episode of an opened drift is its own sequence: 0 until it is stamped."""
    worst = worst_change(drift.changes)
    rule = context.rules.get(worst.rule or "")
    shown = _named(drift.changes)
    driftd: dict[str, Json] = {
        "drift_id": drift.id,
        "item": drift.item,
        "baseline": context.baseline,
        "status": drift.status.value,
        "source": context.source,
        "change_count": len(drift.changes),
        "episode": drift.episode or 0,
        "fingerprint": drift.fingerprint(),
        "changes": shown,
    }
    if len(drift.changes) > len(shown):
        driftd["truncated"] = True
    if context.previous is not None:
        driftd["previous"] = dict(context.previous)
    if context.detection_delay is not None:
        driftd["detection_delay_us"] = context.detection_delay // timedelta(microseconds=1)
    event = build(stamp, action, drift.severity, drift_message(drift), driftd, _file(drift.item, context.observed))
    body = event["event"]
    assert isinstance(body, dict)
    if worst.aspect is Aspect.EXISTENCE:
        body["type"] = ["creation" if worst.kind is Kind.ADDED else "deletion"]
    if rule is not None:
        _add_rule(event, body, rule)
    return event


def _add_rule(event: Event, body: dict[str, Json], rule: Rule) -> None:
    body["reason"] = f"{rule.id}: {rule.why}"
    if rule.reference:
        body["reference"] = rule.reference
    shape: dict[str, Json] = {"id": rule.id, "description": rule.why}
    if rule.reference:
        shape["reference"] = rule.reference
    event["rule"] = shape
    namespace = event["driftd"]
    assert isinstance(namespace, dict)
    if rule.fix:
        namespace["fix"] = rule.fix
    if rule.controls:
        namespace["controls"] = list(rule.controls)


def _file(item: str, observed: Observation | None) -> dict[str, Json]:
    shape: dict[str, Json] = {"path": item, "name": os.path.basename(item)}
    if is_path(item):
        shape["directory"] = os.path.dirname(item)
    attributes: Attributes | None = observed.attributes if observed else None
    if attributes is not None:
        shape["type"] = attributes.type.value
        fields = {"owner": attributes.owner, "group": attributes.group, "mode": attributes.mode}
        shape |= {field: value for field, value in fields.items() if value is not None}
        if attributes.target is not None:
            shape["target_path"] = attributes.target
    if observed is not None and observed.size is not None:
        shape["size"] = observed.size
    if observed is not None and observed.digest is not None and observed.digest.startswith("sha256:"):
        shape["hash"] = {"sha256": observed.digest.removeprefix("sha256:")}
    return {"file": shape}


def drift_resolved(
    stamp: Stamp,
    drift_id: str,
    episode: int,
    item: str,
    baseline: dict[str, Json],
    resolution: str,
    previous: Mapping[str, Json] | None = None,
) -> Event:
    """Return `drift-resolved`; resolution: reverted, approved, no-longer-audited. `previous`: as it stood open."""
    driftd: dict[str, Json] = {
        "drift_id": drift_id,
        "item": item,
        "baseline": baseline,
        "episode": episode,
        "resolution": resolution,
    }
    if previous is not None:
        driftd["previous"] = dict(previous)
    message = f"resolved: {item} ({resolution})"
    return build(stamp, Action.DRIFT_RESOLVED, Severity.INFO, message, driftd, _file(item, None))


def coverage(stamp: Stamp, action: Action, gaps: Sequence[tuple[str | None, Gap]], watch: str | None = None) -> Event:
    """Return `coverage-lost` or `coverage-restored` for gaps, each with the baseline that owns the item.

    `watch`: what has become of the notifications, where it is these that were lost.
    """
    named: list[Json] = []
    for baseline, gap in gaps:
        shape: dict[str, Json] = {"item": gap.item, "reason": gap.reason}
        if baseline:
            shape["baseline"] = baseline
        if gap.detail:
            shape["detail"] = gap.detail
        named.append(shape)
    lost = action is Action.COVERAGE_LOST
    first = gaps[0][1]
    more = f" and {len(gaps) - 1} more" if len(gaps) > 1 else ""
    what = "coverage" if watch is None else "live detection"
    message = f"{what} {'lost' if lost else 'restored'}: {first.item} ({first.reason}){more}"
    driftd: dict[str, Json] = {"gaps": named, "gap_count": len(gaps)}
    if watch is not None:
        driftd["watch"] = watch if lost else "live"
    return build(stamp, action, Severity.MEDIUM if lost else Severity.INFO, message, driftd)


def _named(changes: Sequence[Change]) -> list[Json]:
    """Return as many changes as an event may name, the worst of them first as they are; one at least."""
    shown: list[Json] = []
    room = MAX_CHANGES_BYTES
    for change in changes[:MAX_CHANGES]:
        shape = change_in_event(change)
        room -= sum(len(value.encode("utf-8", "replace")) for value in shape.values() if isinstance(value, str)) + 256
        if room < 0 and shown:
            break
        shown.append(shape)
    return shown


def change_in_event(change: Change) -> dict[str, Json]:
    """Return a change with everything in it as strings of bounded size; what does not apply is left out."""
    shape: dict[str, Json] = {name: value for name, value in change.to_json().items() if value is not None}
    for name in ("key", "from", "to", "message"):
        if isinstance(text := shape.get(name), str):
            shape[name], cut = _capped(text, MAX_KEY_BYTES)
            if cut:
                shape["truncated"] = True
    sides: tuple[tuple[str, Side], ...] = (("before", change.before), ("after", change.after))
    for name, value in sides:
        if isinstance(value, Absent):
            continue
        shape[name], cut = _capped(as_text(value))
        shape["value_type"] = value_type(value)
        if cut:
            shape["truncated"] = True
    return shape


def _capped(text: str, most: int = MAX_VALUE_BYTES) -> tuple[str, bool]:
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode(), False
    return data[:most].decode("utf-8", "ignore"), True


def drift_message(drift: Drift) -> str:
    """Return one line for people: what is worst about a drift, and how much more there is."""
    worst = worst_change(drift.changes)
    more = len(drift.changes) - 1
    tail = f" and {more} more change{'s' if more > 1 else ''}" if more else ""
    told, cut = _capped(describe(worst), MAX_KEY_BYTES)
    return f"{drift.severity.word}: {drift.item} {told}{'...' if cut else ''} ({drift.status.value}){tail}"


def describe(change: Change) -> str:
    """Return what a change comes to, in words."""
    before, after = _shown(change.before), _shown(change.after)
    if change.aspect is Aspect.EXISTENCE:
        return "is new" if change.kind is Kind.ADDED else "is gone"
    if change.aspect is Aspect.PARSE:
        return change.message or "does not parse"
    if change.aspect is Aspect.RULE:
        return f"{change.key} {change.message}"
    match change.kind:
        case Kind.ADDED:
            return f"{change.key} is {after}, approved: not there"
        case Kind.REMOVED:
            return f"{change.key} is not there, approved {before}"
        case Kind.MOVED:
            return f"{change.key} moved from {change.moved_from} to {change.moved_to}"
        case Kind.CHANGED:
            return f"{change.key} is {after}, approved {before}"


def _shown(value: Side) -> str:
    if isinstance(value, Absent):
        return "nothing"
    text = as_text(value)
    shown = text if len(text) <= 80 else text[:77] + "..."
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in shown)
    return f"'{shown}'" if isinstance(value, str) else shown
