"""`events`, `timeline` and `log` of a journal that stands in a directory: what is chosen, and whether it is intact."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driftd.cli.main import DRIFT, OK, USAGE, main
from driftd.daemon.control import ControlError
from driftd.daemon.event_pages import PAGE_BYTES, events_page
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.store.damage import chain_of
from driftd.store.journal import Journal
from driftd.store.reader import JournalReader
from tests.contract.shapes import assert_shape
from tests.unit.store.made import StandingClock, drift, event

Told = Callable[..., tuple[int, str, str]]

GAPS: list[Json] = [{"item": "/srv/a.yml", "reason": "unreadable", "baseline": "shop"}]
DAYS = ["2023-06-01T10:00:00Z", "2023-06-02T10:00:00Z", "2023-06-03T10:00:00Z"]


def placed(item: str, severity: str, at: str = DAYS[0], baseline: str = "shop") -> dict[str, Any]:
    made = drift(item=item, drift_id=item)
    made["@timestamp"] = at
    told = made["driftd"]
    assert isinstance(told, dict)
    told |= {"severity": severity, "baseline": {"name": baseline}}
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a day a segment."""
    (tmp_path / "baselines").mkdir()
    (tmp_path / "driftd.yaml").write_text(json.dumps({"baselines": ["baselines"], "state": "state"}))
    journal = Journal(tmp_path / "state" / "journal", StandingClock(), segment_bytes=1)
    journal.open()
    for made in (
        [event(Action.DAEMON_STARTED, DAYS[0]), placed("/srv/a.yml", "high")],
        [placed("/etc/motd", "low", DAYS[1], "linux"), placed(r"/srv/caf\xe9.yml", "critical", DAYS[1])],
        [event(Action.COVERAGE_LOST, DAYS[2], gaps=GAPS), event(Action.DAEMON_HEARTBEAT, DAYS[2])],
    ):
        journal.append(made)
    journal.close()
    return tmp_path / "state"


@pytest.fixture
def told(state: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run a command; return its status and what it printed."""

    def run(*words: str) -> tuple[int, str, str]:
        status = main([words[0], *words[1:], "--config", str(state.parent / "driftd.yaml")])
        out, err = capsys.readouterr()
        return status, out, err

    return run


CHOICES = {
    "everything": ([], [1, 2, 3, 4, 5, 6]),
    "after": (["--after", "4"], [5, 6]),
    "since": (["--since", DAYS[1]], [3, 4, 5, 6]),
    "an action": (["--action", "drift-opened"], [2, 3, 4]),
    "one of two actions": (["--action", "daemon-started", "--action", "daemon-heartbeat"], [1, 6]),
    "a severity and above": (["--severity", "high"], [2, 4]),
    "a baseline, also that of a gap": (["--baseline", "shop"], [2, 4, 5]),
    "an item, also that of a gap": (["--item", "/srv/a.yml"], [2, 5]),
    "a glob of items": (["--item", "/srv/*"], [2, 4, 5]),
    "a name that is not UTF-8, as it is printed": (["--item", r"/srv/caf\xe9.yml"], [4]),
    "the same as the shell has it": (["--item", "/srv/caf\udce9.yml"], [4]),
    "all conditions together": (["--item", "/srv/*", "--severity", "critical", "--since", DAYS[1]], [4]),
    "a name with a bracket in it": (["--item", "/srv/[a"], []),
    "nothing": (["--baseline", "no such"], []),
}


@pytest.mark.parametrize(("words", "wanted"), CHOICES.values(), ids=CHOICES)
def test_events_are_chosen(words: list[str], wanted: list[int], told: Told) -> None:
    status, out, _ = told("events", "--json", *words)
    assert status == OK
    assert [json.loads(line)["event"]["sequence"] for line in out.splitlines()] == wanted


def test_the_timeline_is_worst_first_then_newest_and_leaves_routine_out(told: Told) -> None:
    _, out, _ = told("timeline", "--json", "--since", "2023-01-01T00:00:00Z")
    assert [json.loads(line)["event"]["sequence"] for line in out.splitlines()] == [4, 2, 3, 5, 1]
    _, out, _ = told("timeline", "--json", "--since", DAYS[1], "--action", "daemon-heartbeat")
    assert [json.loads(line)["event"]["sequence"] for line in out.splitlines()] == [6]


def test_times_are_utc_whatever_the_zone_of_the_process(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    for zone in ("Pacific/Kiritimati", "no/such/zone", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        shown.append((told("events", "--since", DAYS[1][:10])[1], told("timeline", "--since", DAYS[1][:10])[1]))
    monkeypatch.undo()
    time.tzset()
    assert shown[0] == shown[1] == shown[2]
    assert shown[0][1].startswith("2023-06-02 10:00:00Z  critical")


def test_reading_begins_with_the_last_segment_that_was_begun_before_the_moment(state: Path) -> None:
    journal = JournalReader(state / "journal")
    moments = [datetime.fromisoformat(day) for day in DAYS]
    assert [journal.sequence_before(moment) for moment in moments] == [0, 0, 2]
    assert [journal.sequence_before(moment + timedelta(hours=1)) for moment in moments] == [0, 2, 4]


# --- log verify


def test_an_intact_journal_is_clean_and_says_where_it_ends(told: Told) -> None:
    status, out, _ = told("log", "verify", "--json")
    body = json.loads(out)
    assert_shape("log", body)
    assert (status, body["intact"], body["first"], body["last"], body["segments"]) == (OK, True, 1, 6, 3)
    status, out, _ = told("log", "verify")
    assert status == OK
    assert "events 1 to 6, 3 segments" in out
    assert body["head"] in out


def test_an_altered_event_is_named(told: Told, state: Path) -> None:
    segment = sorted((state / "journal").glob("*.jsonl"))[1]
    segment.write_bytes(segment.read_bytes().replace(b"/etc/motd", b"/etc/mold"))
    status, out, _ = told("log", "verify", "--json")
    body = json.loads(out)
    assert_shape("log", body)
    assert (status, body["intact"]) == (DRIFT, False)
    assert [(one["segment"], one["line"], one["reason"]) for one in body["problems"]] == [(segment.name, 1, "altered")]
    status, out, _ = told("log", "verify")
    assert status == DRIFT
    assert f"{segment.name}:1: altered" in out


def test_a_head_that_left_the_host_proves_that_nothing_was_written_anew(told: Told, state: Path) -> None:
    heads = [chain_of(event) for event in JournalReader(state / "journal").read()]
    assert told("log", "verify", "--head", heads[2])[0] == OK
    status, out, _ = told("log", "verify", "--json", "--head", "sha256:" + "0" * 64)
    body = json.loads(out)
    assert_shape("log", body)
    assert (status, body["head_found"], body["problems"]) == (DRIFT, False, [])


def test_without_a_journal_there_is_nothing_to_verify(told: Told, state: Path) -> None:
    for segment in (state / "journal").iterdir():
        segment.unlink()
    status, _, err = told("log", "verify")
    assert status == USAGE
    assert "no journal yet" in err


# --- page by page


def test_pages_hold_every_event_once(state: Path) -> None:
    journal = Journal(state / "journal", StandingClock())
    journal.open()
    journal.append([event(Action.DAEMON_HEARTBEAT, DAYS[2], filler="x" * (PAGE_BYTES // 3)) for _ in range(9)])
    journal.close()
    reader, seen, pages, after = JournalReader(state / "journal"), [], 0, 0
    while True:
        page = events_page(reader, {"after": after})
        events = page["events"]
        assert isinstance(events, list)
        seen += [event["event"]["sequence"] for event in events]  # type: ignore[index, call-overload]
        pages += 1
        if page["next"] is None:
            break
        after = int(str(page["next"]))
    assert seen == list(range(1, 16))
    assert pages > 2


@pytest.mark.parametrize(
    "args", [{"after": -1}, {"after": "1"}, {"after": 1 << 60}, {"since": "yesterday"}, {"since": "2026-01-01T00:00"}]
)
def test_a_page_of_nonsense_is_refused(args: dict[str, Json], state: Path) -> None:
    with pytest.raises(ControlError, match="is a"):
        events_page(JournalReader(state / "journal"), args)
