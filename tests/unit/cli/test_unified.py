"""Changes one below the other, as short as their values allow."""

from __future__ import annotations

from driftd.cli.style import Style
from driftd.cli.unified import change_rows
from driftd.cli.view import View
from driftd.model.change import ABSENT, Aspect, Change, Kind, Side

PLAIN = View(Style(color=False), width=60)


def change(
    key: str, before: Side = ABSENT, after: Side = ABSENT, lines: tuple[int | None, int | None] = (3, 3)
) -> Change:
    kind = Kind.ADDED if before is ABSENT else Kind.REMOVED if after is ABSENT else Kind.CHANGED
    return Change(Aspect.CONTENT, kind, key, before, after, *lines)


def told(*changes: Change, view: View = PLAIN) -> list[str]:
    return list(change_rows(changes, view))


def test_short_values_stand_on_one_line_with_the_lines_of_both_sides() -> None:
    assert told(change("$.a", 1, "1", (3, 5))) == ['~ $.a: 1 -> "1"  line 3 -> 5']
    assert told(change("$.a", after="x", lines=(None, 5))) == ["+ $.a: x  line 5"]
    assert told(change("$.a", before=None, lines=(2, None))) == ["- $.a: null  line 2"]
    assert told(change("$.a", 1, 2, (None, None))) == ["~ $.a: 1 -> 2"]


def test_values_too_long_for_the_line_stand_below_each_other() -> None:
    assert told(change("$.a", "x" * 30, "y" * 30)) == ["~ $.a:  line 3", "    - " + "x" * 30, "    + " + "y" * 30]


def test_what_differs_in_a_long_line_is_set_off() -> None:
    rows = told(change("$.a", "x" * 30 + "1" + "z" * 30, "x" * 30 + "2" + "z" * 30), view=View(Style(color=True), 60))
    assert "\x1b[1;4;31m1\x1b[0m" in rows[1]
    assert "\x1b[1;4;32m2\x1b[0m" in rows[2]


def test_a_very_long_line_is_cut_around_what_differs() -> None:
    rows = told(change("$.a", "x" * 9000 + "1" + "z" * 9000, "x" * 9000 + "2" + "z" * 9000))
    assert [len(row) < 500 for row in rows] == [True] * 3
    assert "x1z" in rows[1]
    assert "x2z" in rows[2]
    full = told(change("$.a", "x" * 9000 + "1", "y"), view=View(Style(color=False), 60, full=True))
    assert len(full[1]) > 9000


def test_a_mapping_is_told_as_a_tree() -> None:
    assert told(change("$.a", after={"b": [1, 2]})) == ["+ $.a:  line 3", "    b:", "      - 1", "      - 2"]
    assert told(change("$.a", {"b": 1}, "x")) == ["~ $.a:  line 3", "    - b: 1", "    + x"]


def test_of_texts_the_lines_that_differ_are_told() -> None:
    before = "\n".join(map(str, range(20)))
    assert told(change("$.a", before, before.replace("10", "ten"))) == [
        "~ $.a:  line 3",
        "    ...",
        "      8",
        "      9",
        "    - 10",
        "    + ten",
        "      11",
        "      12",
        "    ...",
    ]


def test_texts_that_differ_in_their_last_line_end_alone_do_differ() -> None:
    assert told(change("$.a", "a\nb", "a\nb\n")) == ["~ $.a:  line 3", "    - a\\nb", '    + "a\\nb\\n"']


def test_a_move_says_from_where_to_where() -> None:
    moved = Change(Aspect.CONTENT, Kind.MOVED, "$.l[1]", "x", "x", 2, 4, moved_from="$.l[0]", moved_to="$.l[1]")
    assert told(moved) == ["> $.l[1]: x  moved [0] -> [1]  line 2 -> 4"]


def test_a_section_has_a_header_and_relative_keys() -> None:
    assert told(change("$.s['a.b']", 1, 2), change("$.s[0].x", 1, 2)) == [
        "$.s",
        "  ~ ['a.b']: 1 -> 2  line 3",
        "  ~ [0].x: 1 -> 2  line 3",
    ]


def test_nothing_in_a_value_or_name_reaches_the_terminal() -> None:
    rows = told(change("$['\x1b[2J']", "\x1b]0;x\x07", "b\r\n\x1b[1mc"), change("$.b", after={"\x1b[2J": "\x9b1m\nx"}))
    assert all(row.isprintable() for row in rows)


def test_a_message_stands_below_its_change() -> None:
    told_of = Change(Aspect.CONTENT, Kind.CHANGED, "$.a", 1, 2, 1, 1, message="why")
    assert told(told_of) == ["~ $.a: 1 -> 2  line 1", "    why"]
