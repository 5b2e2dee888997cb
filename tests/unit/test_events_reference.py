"""The examples of docs/reference/events.md are events. `python -m tests.unit.test_events_reference` writes them anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftd.app import BASELINE_CHANGED
from driftd.audit import READING_CHANGED, SECRET_KEY_UNKNOWN
from driftd.baselines.approved import CORRUPT, NOT_ADOPTED
from driftd.baselines.checkout import IN_PROGRESS
from driftd.daemon import events
from driftd.daemon.grouping import Summary, group_resolved
from driftd.daemon.memory import LOSSES, NOT_AUDITED
from driftd.daemon.tally import Tally
from driftd.model.baseline import Rule
from driftd.model.change import Aspect, Change, Kind, Severity
from driftd.model.document import Json
from driftd.model.drift import Drift, drift_id
from driftd.model.event import CODES, Action, Event, action_of, namespace
from driftd.model.event_id import RANDOM_BYTES, uuid7
from driftd.model.item import Attributes, Gap, ItemType, Observation
from driftd.model.result import NOT_APPROVED
from driftd.sources import reasons
from driftd.sources.reasons import UNREADABLE
from driftd.store.chain import FIRST, stamp
from driftd.watch.reasons import MOUNTS_CHANGED, UNWATCHED
from tests.contract.shapes import assert_shape
from tests.unit.other_events import others

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
HEADING = "\n## Examples\n"
HOST, ITEM = "6350c435", "/srv/eventify/config/database.yml"
AT = datetime(2023, 6, 1, 10, tzinfo=UTC)
RULE = Rule(
    id="EVT-DB-HOST",
    item=ITEM,
    key="$.production.host",
    require={"enum": ["db-1.internal", "db-2.internal"]},
    why="A wrong host here stopped the product for four hours.",
    fix="Set production.host to the current primary, then restart eventify-api.",
    reference="https://wiki.eventify.example/postmortems/2023-06-01",
    controls=("NIST CM-6",),
)
GROUP = "01887666-5d00-7000-8000-000000000000"
STOOD: dict[str, Json] = {"severity": "critical", "status": "unapproved"}
BASELINE: dict[str, Json] = {"name": "eventify-api", "revision": 3, "sha256": "0" * 64}


def stamps() -> Iterator[events.Stamp]:
    """Yield what the events of one morning carry."""
    for minute in range(60):
        now = AT + timedelta(minutes=minute)
        yield events.Stamp(now, uuid7(now, bytes(RANDOM_BYTES)), HOST, "api-1", {"role": "api"})


def told_together() -> Tally:
    """Return what a `chown -R` comes to."""
    tally, at = Tally(), stamps()
    for sequence in range(1842, 1845):
        item = f"/srv/eventify/config/{sequence}.yml"
        owner = Change(Aspect.ATTRIBUTES, Kind.CHANGED, "$.owner", "root", "www-data", severity=Severity.MEDIUM)
        drift = Drift(drift_id(HOST, "eventify-api", item), "eventify-api", item, (owner,))
        context = events.DriftContext(BASELINE, "watch", {})
        event, _ = stamp(events.drift_changed(next(at), drift, context, Action.DRIFT_OPENED), sequence, FIRST)
        tally.add(event)
    return tally


def made() -> list[Event]:
    """Return an event of each action, as the journal would hold them."""
    at = stamps()
    host = Change(
        Aspect.CONTENT, Kind.CHANGED, "$.production.host", "db-1.internal", "db-l.internal", 3, 3, Severity.CRITICAL
    ).judged(Severity.CRITICAL, RULE.id, "is 'db-l.internal', must be one of db-1.internal, db-2.internal")
    pool = Change(Aspect.CONTENT, Kind.CHANGED, "$.production.pool", 15, 150, 8, 8, Severity.HIGH)
    identity = drift_id(HOST, "eventify-api", ITEM)
    observed = Observation(ITEM, Attributes(ItemType.FILE, mode="0640", owner="root", group="eventify"), size=304)
    context = events.DriftContext(BASELINE, "watch", {RULE.id: RULE}, observed, timedelta(microseconds=4100))
    drift = Drift(identity, "eventify-api", ITEM, (host,))
    further = Drift(identity, "eventify-api", ITEM, (host, pool), episode=1)
    gap = ("eventify-api", Gap(ITEM, UNREADABLE))
    unstamped = [
        events.drift_changed(next(at), drift, context, Action.DRIFT_OPENED),
        events.drift_changed(next(at), further, replace(context, previous=STOOD), Action.DRIFT_UPDATED),
        events.drift_resolved(next(at), identity, 1, ITEM, BASELINE, "reverted", STOOD),
        Summary(GROUP, told_together(), complete=True).event(next(at), 3),
        group_resolved(next(at), GROUP),
        events.coverage(next(at), Action.COVERAGE_LOST, [gap]),
        events.coverage(next(at), Action.COVERAGE_RESTORED, [gap]),
        *others(at),
    ]
    recorded, previous = [], FIRST
    for sequence, event in enumerate(unstamped, start=1):
        stamped, previous = stamp(event, sequence, previous)
        recorded.append(stamped)
    return recorded


def examples() -> str:
    """Return the section of examples: the first whole, of the others what they have of their own."""
    first, *others = made()
    parts = [HEADING, "`drift-opened`, whole:\n", f"```json\n{json.dumps(first, indent=1)}\n```\n"]
    for event in others:
        shown = {name: event[name] for name in ("message", "driftd")}
        parts.append(f"`{action_of(event)}`, what is its own:\n\n```json\n{json.dumps(shown, indent=1)}\n```\n")
    return "\n".join(parts)


def test_the_examples_are_what_the_builders_of_events_make() -> None:
    assert REFERENCE.read_text().partition(HEADING)[2] == examples().partition(HEADING)[2]


def test_there_is_an_example_of_each_action_and_it_has_the_published_shape() -> None:
    assert sorted(action_of(event) for event in made()) == sorted(Action)
    for event in made():
        assert_shape("events", event)


def test_the_table_names_each_action_with_its_code() -> None:
    table = REFERENCE.read_text().partition(HEADING)[0]
    assert re.findall(r"^\| `([a-z-]+)` \| `(DRIFT-\d+)` \|", table, re.MULTILINE) == [
        (action.value, CODES[action]) for action in CODES
    ]


def test_the_table_names_what_an_event_has_of_its_own() -> None:
    """Every member under `driftd` of an example stands in the row of its action, or is there in each event."""
    table = REFERENCE.read_text().partition(HEADING)[0]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| `DRIFT-\d+` \| (.*) \|$", table, re.MULTILINE))
    for event in made():
        action = action_of(event)
        told = rows[action] + (rows["drift-opened"] if action == Action.DRIFT_UPDATED else "")
        told += rows["coverage-lost"] if action == Action.COVERAGE_RESTORED else ""
        names = namespace(event).keys() - {"severity", "chain", "fix", "controls"}
        assert {name for name in names if f"`{name}`" not in told} == set(), action


def named_in(heading: str) -> set[str]:
    section = REFERENCE.read_text().partition(f"## {heading}")[2].partition("\n## ")[0]
    first_column = "\n".join(re.findall(r"^\| ([^|]*)\|", section, re.MULTILINE))
    return set(re.findall(r"`([a-z-]+)`", first_column))


def test_every_reason_to_poll_stands_in_the_reference() -> None:
    assert named_in("Why a directory is polled") == UNWATCHED


def test_every_reason_of_a_gap_stands_in_the_reference() -> None:
    of_sources = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    known = {*of_sources, NOT_APPROVED, READING_CHANGED, SECRET_KEY_UNKNOWN, MOUNTS_CHANGED, *LOSSES}
    known |= {CORRUPT, NOT_ADOPTED, IN_PROGRESS, BASELINE_CHANGED, NOT_AUDITED}
    told = named_in("Why something is a gap")
    assert known - told == set()
    assert told - known == {"query-failed", "rules-unchecked"}


if __name__ == "__main__":
    REFERENCE.write_text(REFERENCE.read_text().partition(HEADING)[0] + examples())
