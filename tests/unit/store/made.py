"""Events as the engine makes them, as far as the store looks at them, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftd.model.document import Json
from driftd.model.event import Action, Event
from driftd.store.journal import SEGMENT_BYTES, Journal

AT = datetime(2023, 6, 1, 10, 0, 0, 412000, tzinfo=UTC)


class StandingClock:
    def __init__(self) -> None:
        self.moment = AT

    def now(self) -> datetime:
        self.moment += timedelta(microseconds=1)  # so that names made of it differ
        return self.moment

    def monotonic(self) -> float:
        return 0.0


def event(action: Action, at: str = "2023-06-01T10:00:00.412Z", **driftd: Json) -> Event:
    return {
        "@timestamp": at,
        "message": f"{action.value} happened",
        "event": {"id": "01887656-a29c-7000-8000-000000000000", "action": action.value},
        "driftd": {"severity": "info", **driftd},
    }


def heartbeat(number: int = 0) -> Event:
    return event(Action.DAEMON_HEARTBEAT, number=number)


def heartbeats(count: int) -> list[Event]:
    return [heartbeat(number) for number in range(count)]


def drift(
    action: Action = Action.DRIFT_OPENED,
    drift_id: str = "d1",
    *,
    fingerprint: str = "f1",
    item: str = "/etc/a",
    **more: Json,
) -> Event:
    changes: list[Json] = [{"aspect": "content", "kind": "changed", "key": "$.host", "before": "db-1", "after": "db-l"}]
    told: dict[str, Json] = {
        "drift_id": drift_id,
        "episode": 0,
        "baseline": {"name": "base", "revision": 3, "sha256": "sha256:00"},
        "item": item,
        "severity": "high",
        "status": "unapproved",
        "fingerprint": fingerprint,
        "change_count": 1,
        "changes": changes,
    }
    made = event(action)
    made["driftd"] = told | more
    return made


def opened(directory: Path, segment_bytes: int = SEGMENT_BYTES) -> Journal:
    journal = Journal(directory, StandingClock(), segment_bytes=segment_bytes)
    journal.open()
    return journal


def segment_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.jsonl"))
