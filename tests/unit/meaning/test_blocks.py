"""Blocks with an argument: looks are no drift, and keys name the block by its argument."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.meaning.blocks import FORMATS, Blocks
from tests.unit.meaning.settings import spelled
from tests.unit.meaning.told import NAMES, SETTINGS, VALUES, commented, otherwise, told

Said = dict[str, dict[str, str]]
"""Settings of each block, by its argument."""

SAID = st.dictionaries(NAMES, SETTINGS, min_size=2, max_size=4)
every_format = pytest.mark.parametrize("syntax", FORMATS, ids=lambda syntax: f"{syntax.format}/{syntax.kind}")
few = settings(max_examples=settings().max_examples // 7)


def plainly(syntax: Blocks, what: Said, without: tuple[str, str] | None = None) -> str:
    """The text in its first spelling; `without`: a setting that is a comment."""
    lines = []
    for argument, members in what.items():
        lines.append(syntax.opened[0].format(a=argument))
        for name, value in members.items():
            line = spelled(syntax.spellings[0], name, value)
            lines.append(f"{syntax.comment} {line}" if (argument, name) == without else line)
        lines.append(syntax.closed[0].format())
    return "\n".join(lines) + "\n"


@st.composite
def another_look(draw: st.DrawFn, syntax: Blocks, what: Said) -> str:
    """The same blocks with settings in any order and spelling; those that order does not matter to in any order, too."""
    lines = []
    for argument in what if syntax.ordered else draw(st.permutations(list(what))):
        lines.append(draw(st.sampled_from(syntax.opened)).format(a=argument))
        spellings = st.sampled_from(syntax.spellings)
        members = draw(st.permutations(list(what[argument].items())))
        lines += [spelled(draw(spellings), name, value) for name, value in members]
        lines.append(draw(st.sampled_from(syntax.closed)).format())
    return otherwise("\n".join(commented(lines, (syntax.comment,), draw)) + "\n", draw)


@every_format
@few
@given(draw=st.data())
def test_spelling_comments_and_ends_of_lines_are_looks(syntax: Blocks, draw: st.DataObject) -> None:
    what = draw.draw(SAID)
    assert told(syntax.format, plainly(syntax, what), draw.draw(another_look(syntax, what))) == []


@every_format
@few
@given(draw=st.data())
def test_another_value_is_one_change_in_its_block(syntax: Blocks, draw: st.DataObject) -> None:
    what = draw.draw(SAID)
    argument = draw.draw(st.sampled_from(list(what)))
    name = draw.draw(st.sampled_from(list(what[argument])))
    value = draw.draw(VALUES.filter(lambda new: new != what[argument][name]))
    changed = {**what, argument: {**what[argument], name: value}}
    other = draw.draw(another_look(syntax, changed))
    assert told(syntax.format, plainly(syntax, what), other) == [("changed", syntax.key(argument, name))]


@every_format
@few
@given(draw=st.data())
def test_a_setting_that_becomes_a_comment_is_gone_and_so_is_a_block(syntax: Blocks, draw: st.DataObject) -> None:
    what = draw.draw(SAID)
    argument = draw.draw(st.sampled_from(list(what)))
    name = draw.draw(st.sampled_from(list(what[argument])))
    other = plainly(syntax, what, without=(argument, name))
    assert told(syntax.format, plainly(syntax, what), other) == [("removed", syntax.key(argument, name))]
    other = plainly(syntax, {kept: what[kept] for kept in what if kept != argument})
    assert told(syntax.format, plainly(syntax, what), other) == [("removed", syntax.key(argument))]


@every_format
@few
@given(what=SAID)
def test_two_blocks_that_changed_places_have_moved_where_order_counts(syntax: Blocks, what: Said) -> None:
    first, second, *rest = what
    swapped = {name: what[name] for name in (second, first, *rest)}
    found = told(syntax.format, plainly(syntax, what), plainly(syntax, swapped))
    assert found in (syntax.moved(first), syntax.moved(second))
