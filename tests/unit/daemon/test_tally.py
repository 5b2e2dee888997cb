"""What a summary says, against a plain count of the events that it tells."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from driftd.daemon.tally import MOST_COUNTED, MOST_NAMED, WORST, Tally
from driftd.model.change import Severity
from driftd.model.event import Event

WORDS = [severity.word for severity in Severity]


def an_event(sequence: int, *, action: str = "drift-opened", name: str = "a", severity: str = "low") -> Event:
    told: dict[str, Any] = {"drift_id": name, "item": f"/srv/app/{name}", "baseline": {"name": f"of-{name[0]}"}}
    if action == "drift-resolved":
        told |= {"severity": "info", "resolution": "reverted"}
    else:
        change = {"aspect": "attributes", "kind": "changed", "key": "$.mode", "before": "0644", "after": "0600"}
        told |= {"severity": severity, "status": "unapproved", "change_count": 1, "changes": [change]}
    return {"event": {"action": action, "sequence": sequence}, "driftd": told}


some_events = st.lists(
    st.tuples(
        st.sampled_from(["drift-opened", "drift-updated", "drift-resolved"]),
        st.sampled_from([f"{letter}{number}" for letter in "abc" for number in range(20)]),
        st.sampled_from(WORDS),
    ),
    min_size=1,
    max_size=120,
)


@given(some_events)
def test_the_counts_are_those_of_the_events(made: list[tuple[str, str, str]]) -> None:
    tally = Tally()
    for sequence, (action, name, severity) in enumerate(made, start=7):
        tally.add(an_event(sequence, action=action, name=name, severity=severity))
    told: Any = tally.to_json()
    actions = Counter(action for action, _, _ in made)
    assert (told["opened"], told["updated"], told["resolved"]) == (
        actions["drift-opened"],
        actions["drift-updated"],
        actions["drift-resolved"],
    )
    assert (told["first"], told["last"], len(tally)) == (7, 6 + len(made), len(made))
    assert told["by_severity"] == Counter(severity for action, _, severity in made if action != "drift-resolved")
    assert told["by_baseline"] == Counter(f"of-{name[0]}" for _, name, _ in made)
    assert sum(change["count"] for change in told["by_change"]) == len(made) - actions["drift-resolved"]
    shown = [Severity.from_word(drift["severity"]) for drift in told["worst"]]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) <= WORST
    assert tally.below == "/srv/app"


def test_the_worst_are_named_wherever_they_come() -> None:
    tally = Tally()
    for number in range(1000):
        severity = {500: "critical", 999: "high"}.get(number, "low")
        tally.add(an_event(number + 1, name=f"d{number:03}", severity=severity))
    told: Any = tally.to_json()
    assert [drift["drift_id"] for drift in told["worst"]] == [
        "d500",
        "d999",
        *(f"d{number:03}" for number in range(18)),
    ]
    assert tally.severity is Severity.CRITICAL


def test_one_that_was_resolved_is_not_among_the_worst() -> None:
    tally = Tally()
    tally.add(an_event(1, name="a", severity="critical"))
    tally.add(an_event(2, name="b"))
    tally.add(an_event(3, name="a", action="drift-resolved"))
    told: Any = tally.to_json()
    assert [drift["drift_id"] for drift in told["worst"]] == ["b"]


def test_however_many_keys_change_few_are_counted_by_name() -> None:
    tally = Tally()
    for number in range(MOST_COUNTED + 700):
        event: Any = an_event(number + 1)
        event["driftd"]["changes"][0]["key"] = f"$.k{number}"
        tally.add(event)
    told: Any = tally.to_json()
    assert len(told["by_change"]) == MOST_NAMED
    assert told["by_change"][0] == {"aspect": "attributes", "kind": "changed", "count": 700}


def test_where_they_stand_is_the_directory_that_holds_them_all() -> None:
    for items, below in (
        (["/srv/app/a", "/srv/app/sub/b", "/srv/apples/c"], "/srv"),
        (["/srv/app/a", "/srv/app/b"], "/srv/app"),
        (["/a", "/srv/b"], "/"),
        (["/srv/a", "sshd-effective", "/srv/b"], ""),
    ):
        tally = Tally()
        for sequence, item in enumerate(items, start=1):
            event: Any = an_event(sequence)
            event["driftd"]["item"] = item
            tally.add(event)
        assert tally.below == below
