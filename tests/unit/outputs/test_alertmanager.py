"""What Alertmanager is told; what a real one makes of it is in tests/system."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftd.model.baseline import Rule
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Event, namespace
from driftd.outputs.alert import AlertFormat
from driftd.outputs.alertmanager import AlertmanagerOutput
from driftd.outputs.filters import Filter
from driftd.outputs.posting import Poster
from driftd.ports import DeliveryError
from driftd.settings.outputs import HttpSettings
from tests.contracts.output_suite import HOSTILE, an_event
from tests.contracts.standing import Drift, Open
from tests.contracts.web import Behaviour, Request, Web, status

NOW = datetime(2023, 6, 1, 10, tzinfo=UTC)
RULE = Rule(
    id="APP-1", item="/etc/app.conf", key="$.a", require={}, why="It broke.", fix="Set it.", reference="https://wiki"
)
CHANGE: dict[str, Json] = {
    "aspect": "content", "kind": "changed", "key": "$.a", "before": "1", "after": "2", "rule": "APP-1",
}  # fmt: skip


class Scene:
    def __init__(self) -> None:
        self.web = Web()
        self.open = Open()
        self.now = NOW
        self.output = self.build()

    def build(self, accept: Filter | None = None) -> AlertmanagerOutput:
        poster = Poster(HttpSettings(url=self.web.url), {}, lambda: self.now, time.monotonic, path="/api/v2/alerts")
        form = AlertFormat(
            lambda: "api-1", lambda: {"APP-1": RULE}, lambda: self.now, timedelta(minutes=4), {"team": "core"}
        )
        self.output = AlertmanagerOutput(poster, form, self.open, accept or Filter(), 60)
        return self.output

    def posted(self) -> list[dict[str, Any]]:
        """Return the alerts since the last time."""
        alerts = [alert for request in self.web.requests for alert in json.loads(request.body)]
        self.web.requests.clear()
        return alerts

    def told(self) -> dict[tuple[str, str], bool]:
        """Return which alerts were posted since the last time, and whether they fire."""
        return {
            (alert["labels"].get("drift_id") or alert["labels"]["group"], alert["labels"]["severity"]):
            datetime.fromisoformat(alert["endsAt"]) > self.now
            for alert in self.posted()
        }  # fmt: skip


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.output.close()
    scene.web.close()


def followed(action: str, sequence: int, before: str | None, severity: str = "info", **more: Json) -> Event:
    more |= {"severity": severity, "item": "/etc/app.conf"}
    event = an_event(sequence)
    event["driftd"] = namespace(event) | more
    body = event["event"]
    assert isinstance(body, dict)
    body["action"] = action
    ours = event["driftd"]
    assert isinstance(ours, dict)
    if before is not None:
        ours["previous"] = {"severity": before, "status": "unapproved"}
    return event


def test_an_open_drift_is_an_alert_that_says_where_why_and_what_to_do(scene: Scene) -> None:
    scene.open.drifts["d1"] = Drift(changes=[CHANGE], change_count=3)
    scene.output.send([an_event(1)])
    (request,) = scene.web.requests
    assert request.target == "/api/v2/alerts"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == [
        {
            "labels": {
                "alertname": "ConfigurationDrift", "drift_id": "d1", "baseline": "app", "item": "/etc/app.conf",
                "severity": "high", "host": "api-1", "team": "core",
            },
            "annotations": {
                "summary": "high: /etc/app.conf $.a is '2', approved '1' (unapproved) and 2 more changes",
                "status": "unapproved", "changes": "$.a is '2', approved '1'",
                "why": "APP-1: It broke.", "fix": "Set it.", "runbook_url": "https://wiki",
            },
            "startsAt": "2023-06-01T09:00:00+00:00",
            "endsAt": "2023-06-01T10:04:00+00:00",
        }
    ]  # fmt: skip


def test_what_no_longer_holds_ends_at_once(scene: Scene) -> None:
    scene.output.send([followed("drift-resolved", 1, "high")])
    (alert,) = scene.posted()
    assert alert["labels"]["severity"] == "high"
    assert alert["startsAt"] == alert["endsAt"] == "2023-06-01T10:00:00+00:00"
    scene.open.drifts["d1"] = Drift(severity="critical")
    scene.output.send([followed("drift-updated", 2, "high", "critical")])
    assert scene.told() == {("d1", "high"): False, ("d1", "critical"): True}
    scene.output.send([followed("drift-updated", 3, "critical", "critical")])
    assert scene.told() == {("d1", "critical"): True}


def test_an_old_event_that_does_not_say_how_its_drift_stood_ends_every_severity(scene: Scene) -> None:
    scene.output.send([followed("drift-resolved", 1, None)])
    assert scene.told() == {("d1", severity.word): False for severity in Severity}


def test_a_backlog_alarms_nobody_about_what_is_over(scene: Scene) -> None:
    scene.output.send([an_event(1), followed("drift-updated", 2, "high", "low"), followed("drift-resolved", 3, "low")])
    assert scene.told() == {("d1", "high"): False, ("d1", "low"): False}
    scene.open.drifts["d1"] = Drift()
    scene.output.send([followed("drift-resolved", 4, "high"), an_event(5)])
    assert scene.told() == {("d1", "high"): True}, "it opened again"


def test_an_alert_is_said_again_as_long_as_its_drift_stands(scene: Scene) -> None:
    scene.open.drifts = {"d1": Drift("d1"), "d2": Drift("d2", "low"), "d3": Drift("d3", group="g1")}
    scene.now += timedelta(minutes=3)
    scene.output.refresh()
    assert scene.told() == {("d1", "high"): True, ("d2", "low"): True, ("g1", "high"): True}
    del scene.open.drifts["d2"]
    scene.output.refresh()
    assert scene.told() == {("d1", "high"): True, ("g1", "high"): True}


def test_what_ended_is_said_again_some_times_for_a_clock_that_is_behind(scene: Scene) -> None:
    scene.output.send([followed("drift-resolved", 1, "high")])
    (first,) = scene.posted()
    scene.now += timedelta(seconds=30)
    for _ in range(4):
        scene.output.refresh()
        assert scene.posted() == [first]
    scene.output.refresh()
    assert scene.posted() == []
    scene.output.send([followed("drift-resolved", 1, "high")])
    scene.open.drifts["d1"] = Drift()
    scene.output.send([an_event(2)])
    scene.posted()
    scene.output.refresh()
    assert scene.told() == {("d1", "high"): True}, "not what has opened again since"


def test_drifts_that_were_told_together_are_one_alert_that_follows_the_worst_of_them(scene: Scene) -> None:
    grouped = [Drift("d1", "critical", group="g1"), Drift("d2", "low", group="g1"), Drift("d3", "low", group="g1")]
    scene.open.drifts = {drift.drift_id: drift for drift in grouped}
    scene.output.send([followed("drift-summary", 1, None, "critical", group="g1", summary={})])
    alerts = {alert["labels"]["severity"]: alert for alert in scene.posted()}
    assert alerts["critical"]["labels"]["alertname"] == "ConfigurationDriftGroup"
    assert alerts["critical"]["annotations"]["summary"] == "3 drifts that came together stand open: 1 critical, 2 low"
    assert {word for word, alert in alerts.items() if alert["startsAt"] == alert["endsAt"]} == {
        "info",
        "low",
        "medium",
        "high",
    }
    del scene.open.drifts["d1"]
    scene.output._over.clear()
    scene.output.refresh()
    told = scene.told()
    assert told["g1", "low"]
    assert not told["g1", "critical"]
    scene.open.drifts.clear()
    scene.output.send([followed("drift-group-resolved", 9, None, group="g1")])
    assert set(scene.told().values()) == {False}


def test_after_a_restart_a_group_that_ended_meanwhile_ends(scene: Scene) -> None:
    scene.output.send([followed("drift-group-resolved", 9, None, group="g1")])
    assert scene.told() == {("g1", severity.word): False for severity in Severity}


def test_the_filter_decides_by_how_a_drift_stands(scene: Scene) -> None:
    output = scene.build(Filter(Severity.HIGH, None, frozenset({"app"}), frozenset({"unapproved"})))
    scene.open.drifts = {
        "d1": Drift("d1"), "d2": Drift("d2", "low"), "d3": Drift("d3", status="waived"), "d4": Drift("d4", baseline="sshd"),
        "d5": Drift("d5", "low", group="g"),
    }  # fmt: skip
    output.refresh()
    assert scene.told() == {("d1", "high"): True}
    output.send([followed("drift-updated", 2, "high", "low", drift_id="d2")])
    assert scene.told() == {("d2", "high"): False}, "it is only low now"


def test_members_are_alerts_of_their_own_where_that_is_asked_for(scene: Scene) -> None:
    output = scene.build(Filter(members=True))
    scene.open.drifts = {"d1": Drift("d1", group="g"), "d2": Drift("d2", group="g")}
    output.refresh()
    assert scene.told() == {("d1", "high"): True, ("d2", "high"): True}


def test_other_events_say_nothing(scene: Scene) -> None:
    scene.output.send([followed("daemon-heartbeat", 1, None), followed("coverage-lost", 2, None, "medium")])
    assert scene.web.requests == []


def test_a_database_that_is_behind_the_events_is_waited_for(scene: Scene) -> None:
    scene.open.known = 1
    with pytest.raises(DeliveryError, match="the database is behind the journal"):
        scene.output.send([an_event(1), an_event(2)])
    assert scene.web.requests == []


def test_a_clock_that_was_set_back_makes_no_alert_that_begins_after_its_end(scene: Scene) -> None:
    scene.open.drifts["d1"] = Drift(opened_at="2030-01-01T00:00:00.000000Z")
    scene.output.refresh()
    (alert,) = scene.posted()
    assert alert["startsAt"] <= alert["endsAt"]


def test_names_and_values_are_shown_escaped(scene: Scene) -> None:
    change: dict[str, Json] = CHANGE | {"key": HOSTILE, "after": HOSTILE}
    scene.open.drifts["d1"] = Drift(item=HOSTILE, baseline=HOSTILE, changes=[change])
    scene.output.refresh()
    (alert,) = scene.posted()
    for text in (*alert["labels"].values(), *alert["annotations"].values()):
        assert text.isprintable()


def refusing(wrong: str | None) -> Behaviour:
    """Return an Alertmanager that refuses requests with this drift in them; with any at all where it is None."""

    def behave(_web: Web, request: Request, connection: socket.socket) -> bool:
        bad = wrong is None or any(alert["labels"]["drift_id"] == wrong for alert in json.loads(request.body))
        connection.sendall(status(400 if bad else 200, body=b"invalid label set"))
        return True

    return behave


def test_an_alert_that_is_refused_holds_up_no_other_and_what_refuses_all_is_not_meant(scene: Scene) -> None:
    output = scene.build(Filter(members=True))
    scene.open.drifts = {name: Drift(name) for name in ("d1", "d2", "d3")}
    scene.web.behave = refusing("d2")
    output.refresh()
    sent = [[alert["labels"]["drift_id"] for alert in json.loads(request.body)] for request in scene.web.requests]
    assert sent == [["d1", "d2", "d3"], ["d1"], ["d2"], ["d3"]]
    scene.web.behave = refusing(None)
    for events in ([an_event(1)], [an_event(1), an_event(2)]):
        with pytest.raises(DeliveryError, match="refuses what was sent") as caught:
            output.send(events)
        assert not caught.value.permanent, "no event is given up for it"


def test_many_drifts_are_posted_some_at_a_time(scene: Scene) -> None:
    output = scene.build(Filter(members=True))
    scene.open.drifts = {str(number): Drift(str(number)) for number in range(1234)}
    output.refresh()
    assert [len(json.loads(request.body)) for request in scene.web.requests] == [500, 500, 234]
