"""An open drift as an alert of Alertmanager's API v2. What an alert is told apart by (its labels) is the same while it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from driftd.model.baseline import Rule
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.outputs.standing import StandingDrift, StandingGroup
from driftd.outputs.visible import fit, visible

DRIFT: Final = "ConfigurationDrift"
GROUP: Final = "ConfigurationDriftGroup"
_SHOWN: Final = 5
_LONGEST: Final = 200
Alert = dict[str, Json]


@dataclass(frozen=True, slots=True)
class AlertFormat:
    """How alerts are made: for which host, with which labels beside their own, and for how long they hold unless said again."""

    host: Callable[[], str]
    rules: Callable[[], Mapping[str, Rule]]
    now: Callable[[], datetime]
    holds: timedelta
    labels: Mapping[str, str]

    def firing(self, drifts: Sequence[StandingDrift]) -> list[Alert]:
        """Return an alert for each of some open drifts."""
        rules, until = self.rules(), self.now() + self.holds
        return [
            self._alert(
                self._of_drift(drift.drift_id, drift.baseline, drift.item, drift.severity),
                drift.opened_at,
                until,
                dict(_about(drift, rules)),
            )
            for drift in drifts
        ]

    def firing_group(self, group: str, severity: Severity, rows: Sequence[StandingGroup]) -> Alert:
        """Return the alert of a group, of which these drifts stand open."""
        severities: Counter[str] = Counter()
        for row in rows:
            severities[row.severity] += row.drifts
        told = ", ".join(f"{severities[one.word]} {one.word}" for one in reversed(Severity) if severities[one.word])
        baselines = ", ".join(sorted({visible(row.baseline) for row in rows}))
        summary = f"{severities.total()} drifts that came together stand open: {told}"
        about: dict[str, Json] = {"summary": summary, "baselines": baselines, "fix": "driftd diff shows each of them"}
        return self._alert(self._of_group(group, severity.word), None, self.now() + self.holds, about)

    def resolved(self, drift_id: str, baseline: str, item: str, severity: str, summary: str) -> Alert:
        """Return what ends an alert of a drift now; the summary says why."""
        labels = self._of_drift(drift_id, baseline, item, severity)
        return self._alert(labels, None, self.now(), {"summary": visible(summary)})

    def resolved_group(self, group: str, severity: str) -> Alert:
        """Return what ends an alert of a group now."""
        about: dict[str, Json] = {"summary": "resolved, or of another severity"}
        return self._alert(self._of_group(group, severity), None, self.now(), about)

    def _alert(self, labels: dict[str, Json], since: str | None, until: datetime, about: dict[str, Json]) -> Alert:
        """Return an alert; it never begins in the future, whatever a clock said when its drift opened."""
        now = self.now()
        begin, until = now if since is None else min(now, datetime.fromisoformat(since)), max(now, until)
        times: dict[str, Json] = {"startsAt": begin.isoformat(), "endsAt": until.isoformat()}
        return {"labels": labels, "annotations": about, **times}

    def _of_drift(self, drift_id: str, baseline: str, item: str, severity: str) -> dict[str, Json]:
        own = {"alertname": DRIFT, "drift_id": drift_id, "baseline": baseline, "item": item}
        return self._labels(own | {"severity": severity})

    def _of_group(self, group: str, severity: str) -> dict[str, Json]:
        return self._labels({"alertname": GROUP, "group": group, "severity": severity})

    def _labels(self, own: Mapping[str, str]) -> dict[str, Json]:
        whole = {**self.labels, "host": self.host(), **own}
        return {name: visible(value) for name, value in whole.items()}


def _about(drift: StandingDrift, rules: Mapping[str, Rule]) -> Iterator[tuple[str, Json]]:
    changes = [change for change in drift.changes if isinstance(change, dict)]
    worst = changes[0] if changes else {}
    more = drift.change_count - 1
    tail = f" and {more} more change{'s' if more > 1 else ''}" if more > 0 else ""
    yield "summary", f"{drift.severity}: {visible(drift.item)} {_words(worst)} ({visible(drift.status)}){tail}"
    yield "status", visible(drift.status)
    yield "changes", "\n".join(_words(change) for change in changes[:_SHOWN])
    rule = rules.get(str(worst.get("rule") or ""))
    if rule is None:
        return
    yield "why", visible(f"{rule.id}: {rule.why}")
    if rule.fix:
        yield "fix", visible(rule.fix)
    if rule.reference:
        yield "runbook_url", visible(rule.reference)


def _words(change: Mapping[str, Json]) -> str:
    """Return what a change of an event comes to."""
    before, after = (_side(change, name) for name in ("before", "after"))
    if change.get("aspect") == "existence":
        return "is new" if change.get("kind") == "added" else "is gone"
    key = visible(str(change.get("key", "")))
    if isinstance(message := change.get("message"), str) and after is None:
        return f"{key} {visible(message)}"
    if after is None:
        return f"{key} is not there, approved {before}"
    return f"{key} is {after}, approved {'not there' if before is None else before}"


def _side(change: Mapping[str, Json], name: str) -> str | None:
    value = change.get(name)
    return f"'{fit(visible(value), _LONGEST)}'" if isinstance(value, str) else None
