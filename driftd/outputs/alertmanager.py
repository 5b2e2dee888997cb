"""Open drifts as alerts of Alertmanager: https://prometheus.io/docs/alerting/latest/clients/.

Alertmanager is told states: an alert fires as long as it is said again before it expires. Events say when to look; what is told
then is what stands open at that moment, so that a backlog of events alarms nobody about what is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import structlog

from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import OF_ONE_DRIFT, Action, Event, action_of, namespace, sequence_of
from driftd.outputs.alert import Alert, AlertFormat
from driftd.outputs.filters import Filter, baseline_of
from driftd.outputs.posting import Poster
from driftd.outputs.standing import OpenDrifts, StandingDrift, StandingGroup
from driftd.ports import DeliveryError

log = structlog.get_logger(__name__)

PATH: Final = "/api/v2/alerts"
_MOST: Final = 500
"""Alerts in one request, and ended ones that are remembered."""
_TIMES: Final = 4
"""How often it is said again that an alert ended."""


class AlertmanagerOutput:
    """Posts an alert for each open drift and severity, again before it expires; ends at once what no longer holds."""

    def __init__(self, poster: Poster, form: AlertFormat, drifts: OpenDrifts, accept: Filter, every: float) -> None:
        self.every = every
        self._poster = poster
        self._form = form
        self._drifts = drifts
        self._accept = accept
        self._groups: dict[str, str] = {}
        """Severity with which each group was told last."""
        self._over: dict[str, tuple[int, Alert]] = {}
        """What ended lately, and how often that is to be said again: see `_say_over_again`."""

    def send(self, events: Sequence[Event]) -> None:
        """Tell how the drifts that these events are about stand now."""
        if not events:
            return
        if self._drifts.through() < sequence_of(events[-1]):
            raise DeliveryError("what stands open is not known up to these events: the database is behind the journal")
        told: dict[str, Event] = {}
        groups: set[str] = set()
        ended: dict[tuple[str, str], Alert] = {}
        for event in events:
            ours = namespace(event)
            if action_of(event) in OF_ONE_DRIFT:
                told[str(ours["drift_id"])] = event
                ended |= self._ended(event, str(ours["drift_id"]))
            elif action_of(event) in (Action.DRIFT_SUMMARY, Action.DRIFT_GROUP_RESOLVED):
                groups.add(str(ours["group"]))
        standing = [drift for drift in self._drifts.of(told) if self._wanted(drift)]
        for drift in standing:
            ended.pop((drift.drift_id, drift.severity), None)
        alerts = [*ended.values(), *self._form.firing(standing)]
        if groups:
            alerts += self._grouped(groups)
        self._post(alerts)

    def refresh(self) -> None:
        """Say again everything that stands open."""
        for page in self._drifts.all() if self._accept.members else self._drifts.alone():
            self._post(self._form.firing([drift for drift in page if self._wanted(drift)]))
        self._post(self._grouped({*self._groups}))
        self._say_over_again()

    def close(self) -> None:
        """End the connection; the next `send` makes another."""
        self._poster.close()

    def _wanted(self, drift: StandingDrift) -> bool:
        alone = self._accept.members or not drift.group
        return alone and self._accept.takes_drift(drift.baseline, Severity.from_word(drift.severity), drift.status)

    def _ended(self, event: Event, drift_id: str) -> dict[tuple[str, str], Alert]:
        """Return what ends the alerts that may have fired for a drift before an event."""
        ours = namespace(event)
        item, baseline = str(ours.get("item", "")), baseline_of(event) or ""
        words = _severities(ours.get("previous")) if action_of(event) != Action.DRIFT_OPENED else []
        return {
            (drift_id, word): self._form.resolved(drift_id, baseline, item, word, str(event.get("message", "")))
            for word in words
            if Severity.from_word(word) >= self._accept.min_severity
        }

    def _grouped(self, touched: Iterable[str]) -> list[Alert]:
        """Return alerts for all groups, and what ends those of the touched ones that hold no longer."""
        if self._accept.members:
            return []
        rows: dict[str, list[StandingGroup]] = {}
        for row in self._drifts.together():
            if self._accept.takes_drift(row.baseline, Severity.from_word(row.severity), row.status):
                rows.setdefault(row.group, []).append(row)
        alerts: list[Alert] = []
        for group in {*touched, *rows}:
            worst = max((Severity.from_word(row.severity) for row in rows.get(group, ())), default=None)
            word = worst.word if worst is not None else None
            if group in touched and (group not in self._groups or self._groups[group] != word):
                alerts += self._ended_group(group, word)
            if worst is not None:
                alerts.append(self._form.firing_group(group, worst, rows[group]))
                self._groups[group] = worst.word
        self._groups = {group: word for group, word in self._groups.items() if group in rows}
        return alerts

    def _ended_group(self, group: str, except_word: str | None) -> list[Alert]:
        least = self._accept.min_severity
        words = [one.word for one in Severity if one >= least and one.word != except_word]
        return [self._form.resolved_group(group, word) for word in words]

    def _say_over_again(self) -> None:
        """Say what ended some times more: to a clock behind ours it ended in the future, and Alertmanager let it stand."""
        left = self._over
        self._post([alert for _, alert in left.values()], remember=False)
        self._over = {key: (times - 1, alert) for key, (times, alert) in left.items() if times > 1}

    def _remember(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            key = json.dumps(alert["labels"], sort_keys=True)
            self._over.pop(key, None)
            if alert["startsAt"] == alert["endsAt"]:
                self._over[key] = (_TIMES, alert)
        while len(self._over) > _MOST:
            del self._over[next(iter(self._over))]

    def _post(self, alerts: Sequence[Alert], *, remember: bool = True) -> None:
        for begin in range(0, len(alerts), _MOST):
            self._post_some(alerts[begin : begin + _MOST])
        if remember:
            self._remember(alerts)

    def _post_some(self, alerts: Sequence[Alert]) -> None:
        """Post alerts, and go on without those that are refused, unless all of them are: then it is not the receiver meant.

        No event is ever refused: most of them say nothing here, and that one was taken would mean nothing.
        """
        refusal = self._refusal(alerts)
        if refusal is None:
            return
        refused = [alert for alert in alerts if self._refusal([alert])] if len(alerts) > 1 else alerts
        if len(refused) == len(alerts):
            raise DeliveryError(str(refusal)) from refusal
        log.error("alerts were refused for good", count=len(refused), reason=str(refusal))

    def _refusal(self, alerts: Sequence[Alert]) -> DeliveryError | None:
        """Post alerts; return why they were refused, where they were."""
        body = json.dumps(alerts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        try:
            self._poster.post(body, {"Content-Type": "application/json"})
        except DeliveryError as error:
            if not error.permanent:
                raise
            return error
        return None


def _severities(previous: Json) -> list[str]:
    """Return the severity with which a drift stood; all of them where an event does not say."""
    if isinstance(previous, Mapping):
        return [str(previous["severity"])]
    return [severity.word for severity in Severity]
