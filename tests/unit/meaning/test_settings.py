"""Settings on lines: looks are no drift, one other value is one change under its own key."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.meaning.settings import FORMATS, Lines, spelled
from tests.unit.meaning.told import NAMES, SETTINGS, VALUES, commented, otherwise, told

every_format = pytest.mark.parametrize("syntax", FORMATS, ids=lambda syntax: syntax.format)
few = settings(max_examples=settings().max_examples // 7)


@dataclass(frozen=True)
class Said:
    """Sections of settings; a format without sections has the one that is named nothing."""

    sections: dict[str, dict[str, str]]

    def places(self) -> list[tuple[str, str]]:
        return [(section, name) for section, members in self.sections.items() for name in members]

    def with_value(self, place: tuple[str, str], value: str) -> Said:
        section, name = place
        return Said({**self.sections, section: {**self.sections[section], name: value}})


@st.composite
def said(draw: st.DrawFn, syntax: Lines) -> Said:
    if syntax.header is None:
        return Said({"": draw(SETTINGS)})
    return Said(draw(st.dictionaries(NAMES, SETTINGS, min_size=1, max_size=3)))


def plainly(syntax: Lines, what: Said, *, without: tuple[str, str] | None = None, by: str | None = None) -> str:
    """The text in its first spelling; `without`: a setting that is a comment."""
    lines = []
    for section, members in what.sections.items():
        lines += [syntax.header.format(s=section)] if syntax.header is not None else []
        for name, value in members.items():
            line = spelled(by or syntax.spellings[0], name, value)
            lines.append(f"{syntax.comments[0]}{line}" if (section, name) == without else line)
    return "\n".join(lines) + "\n"


@st.composite
def another_look(draw: st.DrawFn, syntax: Lines, what: Said) -> str:
    """The same settings in any order and spelling, with comments between them."""
    lines = []
    for section in draw(st.permutations(list(what.sections))):
        lines += [syntax.header.format(s=section)] if syntax.header is not None else []
        spellings = st.sampled_from(syntax.spellings)
        members = draw(st.permutations(list(what.sections[section].items())))
        lines += [spelled(draw(spellings), name, value) for name, value in members]
    return otherwise("\n".join(commented(lines, syntax.comments, draw)) + "\n", draw)


@every_format
@few
@given(draw=st.data())
def test_order_spelling_comments_and_ends_of_lines_are_looks(syntax: Lines, draw: st.DataObject) -> None:
    what = draw.draw(said(syntax))
    other = draw.draw(another_look(syntax, what))
    assert told(syntax.format, plainly(syntax, what), other) == []


@every_format
@few
@given(draw=st.data())
def test_another_value_is_one_change_whatever_else_looks_otherwise(syntax: Lines, draw: st.DataObject) -> None:
    what = draw.draw(said(syntax))
    place = draw.draw(st.sampled_from(what.places()))
    value = draw.draw(VALUES.filter(lambda new: new != what.sections[place[0]][place[1]]))
    other = draw.draw(another_look(syntax, what.with_value(place, value)))
    assert told(syntax.format, plainly(syntax, what), other) == [("changed", syntax.key(*place))]


@every_format
@few
@given(draw=st.data())
def test_a_line_that_becomes_a_comment_is_one_setting_less(syntax: Lines, draw: st.DataObject) -> None:
    what = draw.draw(said(syntax))
    place = draw.draw(st.sampled_from(what.places()))
    other = plainly(syntax, what, without=place)
    assert told(syntax.format, plainly(syntax, what), other) == [("removed", syntax.key(*place))]


@pytest.mark.parametrize("syntax", [syntax for syntax in FORMATS if syntax.kept], ids=lambda syntax: syntax.format)
@few
@given(draw=st.data())
def test_white_space_inside_of_quotes_is_drift(syntax: Lines, draw: st.DataObject) -> None:
    what = draw.draw(said(syntax))
    place = draw.draw(st.sampled_from(what.places()))
    texts = [plainly(syntax, what.with_value(place, f"va{blank}vb"), by=syntax.kept) for blank in (" ", "  ", " \t")]
    for other in texts[1:]:
        assert told(syntax.format, texts[0], other) == [("changed", syntax.key(*place))]
