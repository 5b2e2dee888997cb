"""Changes side by side: no row is wider than the terminal, and no character of a value is lost."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from driftd.cli.columns import side_by_side, wrapped
from driftd.cli.style import Style
from driftd.cli.view import View
from driftd.model.change import ABSENT, Aspect, Change, Kind, Side
from driftd.outputs.visible import cells

WIDE = View(Style(color=False), width=120, side_by_side=True, full=True)


def change(key: str, before: Side = ABSENT, after: Side = ABSENT) -> Change:
    kind = Kind.ADDED if before is ABSENT else Kind.REMOVED if after is ABSENT else Kind.CHANGED
    return Change(Aspect.CONTENT, kind, key, before, after, 3, 14)


def told(*changes: Change, view: View = WIDE) -> list[str]:
    return list(side_by_side(changes, ("before.yml", "after.yml"), view))


def test_both_values_stand_beside_each_other_with_their_lines() -> None:
    title, row = told(change("$.a", "x", "y"))
    assert [part.strip() for part in title.split(" | ")] == ["", "before.yml", "after.yml"]
    assert [re.split(r"\s+", part.strip()) for part in row.split(" | ")] == [["~", "$.a"], ["3", "x"], ["14", "y"]]


def test_columns_are_straight() -> None:
    rows = told(change("$.a", "x", "日本"), change("$.b", "日本語", "y" * 100), change("$.c", {"l": [1, 2]}, "z"))
    whole = [row.split(" | ") for row in rows if row.count(" | ") == 2]
    assert len(whole) == 6
    assert {tuple(map(cells, row[:2])) for row in whole} == {(12, 51)}


def test_a_long_key_has_a_line_of_its_own() -> None:
    rows = told(change("$." + "k" * 80, 1, 2))
    assert rows[1] == "~ $." + "k" * 80
    assert rows[2].startswith(" " * 12)


def test_an_added_tree_stands_on_the_right() -> None:
    rows = told(change("$.a", after={"b": {"c": 1}}))
    assert [row.split(" | ")[1].strip() for row in rows[1:]] == ["", ""]
    assert [row.split(" | ")[2].strip() for row in rows[1:]] == ["14 b:", "c: 1"]


def test_lines_of_texts_are_aligned() -> None:
    rows = told(change("$.a", "a\nb\nc", "a\nB\nc\nd"))
    assert [[part[6:].strip() for part in f"{row} ".split(" | ")[1:]] for row in rows[1:]] == [
        ["a", "a"],
        ["b", "B"],
        ["c", "c"],
        ["", "d"],
    ]


def test_a_moved_member_says_from_where() -> None:
    moved = Change(Aspect.CONTENT, Kind.MOVED, "$.l[1]", "x", "x", 2, 4, moved_from="$.l[0]", moved_to="$.l[1]")
    assert any("moved [0] -> [1]" in row for row in told(moved))


@given(st.text(max_size=400), st.text(max_size=400), st.integers(60, 200))
def test_no_row_is_wider_than_the_terminal(before: str, after: str, width: int) -> None:
    rows = told(change("$.a", before, after), view=View(Style(color=False), width, side_by_side=True))
    assert all(cells(row) <= width for row in rows)
    assert all(row.isprintable() for row in rows)


@given(st.text(alphabet="ab日", max_size=100), st.integers(2, 30))
def test_wrapping_loses_nothing(text: str, room: int) -> None:
    pieces = wrapped(text, room)
    assert "".join(pieces) == text
    assert all(cells(piece) <= room for piece in pieces)
