from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from driftd.model.event import Event
from driftd.outputs.line import json_line
from driftd.outputs.visible import cells, fit, visible


@given(st.text(st.characters()))
def test_every_text_comes_back_from_one_line_of_safe_utf_8(text: str) -> None:
    event: Event = {"message": text, text: 1}
    line = json_line(event)
    assert json.loads(line) == event
    shown = line.decode()
    assert shown.count("\n") == 1
    assert len(shown.splitlines()) == 1
    assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in shown[:-1])


def test_letters_stay_as_they_are() -> None:
    assert json_line({"message": "Zürich 東京"}) == '{"message":"Zürich 東京"}\n'.encode()


@given(st.text(st.characters()))
def test_visible_text_is_printable(text: str) -> None:
    assert visible(text).isprintable()


def test_escapes_name_the_character() -> None:
    assert visible("a\x1b[2J\n\u202e\udcff\U000e0001b") == r"a\x1b[2J\n\u202e\xff\U000e0001b"


@given(st.text(st.characters(categories=["L", "N", "P"])), st.integers(1, 30))
def test_fitted_text_takes_no_more_than_the_width(text: str, width: int) -> None:
    assert cells(fit(text, width)) <= width


def test_only_text_that_is_too_wide_is_cut() -> None:
    assert fit("東京", 4) == "東京"
    assert fit("東京都", 4) == "東…"
    assert fit("abcdef", 4) == "abc…"
