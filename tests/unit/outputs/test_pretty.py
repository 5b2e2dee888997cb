from __future__ import annotations

import re

import pytest

from driftd.model.document import Json
from driftd.outputs.pretty import render
from driftd.outputs.visible import cells
from tests.contracts.output_suite import HOSTILE, an_event

OUTAGE: list[Json] = [
    {
        "aspect": "content", "kind": "changed", "key": "$.production.host", "before": "db-1.internal",
        "after": "db-l.internal", "before_line": 3, "after_line": 3, "value_type": "string", "severity": "critical",
        "status": "unapproved", "rule": "EVT-DB-HOST", "ref": None,
    }
]  # fmt: skip


def test_the_outage_reads_like_a_sentence() -> None:
    event = an_event(
        412, changes=OUTAGE, severity="critical", fix="Set production.host to the primary.", detection_delay_us=4100
    )
    assert render(event, width=80).splitlines() == [
        "10:00:00.412 CRITICAL drift /etc/app.conf",
        "    app, unapproved, seen after 4.1 ms",
        "    $.production.host  line 3",
        "        db-1.internal -> db-l.internal",
        "    why  APP-1: a is the only setting",
        "    fix  Set production.host to the primary.",
        "    see  https://wiki.example/app",
    ]


def test_a_resolution_is_two_lines() -> None:
    event = an_event(resolution="reverted")
    event["event"] = {"action": "drift-resolved", "reason": "x"}
    assert render(event).splitlines() == [
        "10:00:00.001 HIGH     resolved /etc/app.conf",
        "    app, unapproved, reverted",
    ]


def test_an_event_of_the_daemon_is_its_message() -> None:
    event = an_event(message="120 items audited", severity="info")
    event["event"] = {"action": "audit-completed"}
    assert render(event) == "10:00:00.001 INFO     audit-completed 120 items audited\n"


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"aspect": "content", "kind": "added", "key": "$.b", "after": "1"}, ["    $.b", "        + 1"]),
        ({"aspect": "content", "kind": "removed", "key": "$.b", "before": " x "}, ["    $.b", '        - " x "']),
        ({"aspect": "content", "kind": "changed", "key": "$.b", "before": "", "after": "1", "before_line": 7},
         ["    $.b  line 7", '        "" -> 1']),
        ({"aspect": "attributes", "kind": "changed", "key": "$.mode", "before": "0600", "after": "0644"},
         ["    mode", "        0600 -> 0644"]),
        ({"aspect": "existence", "kind": "removed", "key": "$"}, ["    the item was removed"]),
        ({"aspect": "existence", "kind": "added", "key": "$"}, ["    the item is new"]),
        ({"aspect": "parse", "kind": "changed", "key": "$", "message": "tab in indentation", "after_line": 9},
         ["    does not parse  line 9", "        tab in indentation"]),
        ({"aspect": "content", "kind": "moved", "key": "$[0]", "from": "$[0]", "to": "$[2]"},
         ["    $[0]", "        $[0] -> $[2]"]),
    ],
)  # fmt: skip
def test_each_kind_of_change_has_its_lines(change: dict[str, Json], lines: list[str]) -> None:
    assert render(an_event(changes=[change])).splitlines()[2 : 2 + len(lines)] == lines


def test_values_that_do_not_fit_beside_each_other_stand_below_each_other_and_are_cut() -> None:
    changes: list[Json] = [
        {"aspect": "content", "kind": "changed", "key": "$.a", "before": "x" * 50, "after": "y" * 500}
    ]
    lines = render(an_event(changes=changes), width=80).splitlines()
    assert lines[3] == "        - " + "x" * 50
    assert lines[4].endswith("…")
    assert all(cells(line) <= 80 for line in lines)


def test_many_changes_are_counted() -> None:
    changes: list[Json] = [{"aspect": "content", "kind": "added", "key": f"$.k{n}", "after": "1"} for n in range(30)]
    text = render(an_event(changes=changes, change_count=500))
    assert "$.k9\n" in text
    assert "$.k10" not in text
    assert "    and 490 more\n" in text


def test_long_advice_is_wrapped_under_its_label() -> None:
    event = an_event(fix="set this and restart that " * 10)
    lines = [line for line in render(event, width=60).splitlines() if "restart" in line]
    assert lines[0].startswith("    fix  ")
    assert len(lines) > 3
    assert all(line.startswith("         ") and cells(line) <= 60 for line in lines[1:])


def test_a_very_narrow_terminal_does_no_harm() -> None:
    assert render(an_event(), width=1)


def test_colour_changes_nothing_but_colour() -> None:
    event = an_event(changes=OUTAGE, severity="critical")
    colored = render(event, color=True)
    assert "\x1b[1;37;41mCRITICAL\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(event)


def test_hostile_text_is_escaped_in_colour_too() -> None:
    changes: list[Json] = [
        {
            "aspect": "content",
            "kind": "changed",
            "key": HOSTILE,
            "before": HOSTILE,
            "after": HOSTILE,
            "message": HOSTILE,
        }
    ]
    event = an_event(message=HOSTILE, changes=changes, fix=HOSTILE, status=HOSTILE, baseline={"name": HOSTILE})
    event["file"] = {"path": HOSTILE}
    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(event, color=True))
    assert plain == render(event)
    assert plain.replace("\n", "").isprintable()
