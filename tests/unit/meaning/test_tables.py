"""Rows of tables: looks are no drift, keys name the row as its program tells it apart, and order counts where it does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.meaning.tables import FORMATS, Row, Rows
from tests.unit.meaning.told import NAMES, VALUES, commented, otherwise, told

ROWS = st.dictionaries(NAMES, VALUES, min_size=2, max_size=5).map(lambda rows: list(rows.items()))
every_format = pytest.mark.parametrize("syntax", FORMATS, ids=lambda syntax: syntax.format)
few = settings(max_examples=settings().max_examples // 7)


def plainly(syntax: Rows, rows: list[Row], without: int | None = None) -> str:
    """The text as one would write it; `without`: a row that is a comment."""
    lines = [syntax.row.format(k=kept, v=value) for kept, value in rows]
    return "\n".join(syntax.comment + line if at == without else line for at, line in enumerate(lines)) + "\n"


@st.composite
def another_look(draw: st.DrawFn, syntax: Rows, rows: list[Row]) -> str:
    """The same rows with other white space between the columns, comments, and any order where that is free."""
    lines = []
    for kept, value in rows if syntax.ordered else draw(st.permutations(rows)):
        blank = " " if syntax.separated else draw(st.sampled_from([" ", "  ", "\t", " \t "]))
        lines.append(blank.join(syntax.row.format(k=kept, v=value).split(" ")))
    return otherwise("\n".join(commented(lines, (syntax.comment,), draw)) + "\n", draw)


@every_format
@few
@given(draw=st.data())
def test_white_space_comments_and_ends_of_lines_are_looks(syntax: Rows, draw: st.DataObject) -> None:
    rows = draw.draw(ROWS)
    assert told(syntax.format, plainly(syntax, rows), draw.draw(another_look(syntax, rows))) == []


@every_format
@few
@given(draw=st.data())
def test_another_value_is_one_change_in_its_row(syntax: Rows, draw: st.DataObject) -> None:
    rows = draw.draw(ROWS)
    at = draw.draw(st.integers(0, len(rows) - 1))
    kept, value = rows[at]
    other = [*rows[:at], (kept, draw.draw(VALUES.filter(lambda new: new != value))), *rows[at + 1 :]]
    wanted = [("changed", syntax.key(at, rows[at], syntax.column))]
    assert told(syntax.format, plainly(syntax, rows), draw.draw(another_look(syntax, other))) == wanted


@every_format
@few
@given(draw=st.data())
def test_a_row_that_becomes_a_comment_is_gone(syntax: Rows, draw: st.DataObject) -> None:
    rows = draw.draw(ROWS)
    at = draw.draw(st.integers(0, len(rows) - 1))
    found = told(syntax.format, plainly(syntax, rows), plainly(syntax, rows, without=at))
    assert found == [("removed", syntax.key(at, rows[at]))]


@every_format
@few
@given(rows=ROWS)
def test_two_rows_that_changed_places_are_one_move_where_order_counts(syntax: Rows, rows: list[Row]) -> None:
    first, second, *rest = rows
    found = told(syntax.format, plainly(syntax, rows), plainly(syntax, [second, first, *rest]))
    either = [[("moved", syntax.key(1, first))], [("moved", syntax.key(0, second))]]
    assert found in either if syntax.ordered else found == []
