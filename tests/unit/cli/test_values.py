"""Values as lines: types can be told apart, trees are indented, texts are put beside each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.cli.values import TextLine, aligned, around, common_ends, scalar_text, tree_lines, with_context
from driftd.model.document import Json


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("on", "on"),
        ("1", '"1"'),
        (1, "1"),
        ("-1.5e3", '"-1.5e3"'),
        ("10.0.0.1", "10.0.0.1"),
        ("true", '"true"'),
        (True, "true"),
        (None, "null"),
        ("", '""'),
        (" a", '" a"'),
        ("[]", '"[]"'),
        ([], "[]"),
        ({}, "{}"),
        ("a\x1b[0mb", "a\\x1b[0mb"),
    ],
)
def test_a_scalar_cannot_be_taken_for_another_type(value: Json, shown: str) -> None:
    assert scalar_text(value) == shown


def test_a_tree_is_indented() -> None:
    assert tree_lines({"a": 1, "b": {"c": [1, {"d": "x", "e": []}, [2, 3]]}, "t": "one\ntwo\n"}) == [
        "a: 1",
        "b:",
        "  c:",
        "    - 1",
        "    - d: x",
        "      e: []",
        "    - - 2",
        "      - 3",
        "t: |",
        "  one",
        "  two",
    ]


def test_a_long_tree_says_what_is_left_out() -> None:
    assert tree_lines([*range(10)], 4) == ["- 0", "- 1", "- 2", "... 7 more lines (--full shows them)"]
    assert len(tree_lines([*range(4)], 4)) == 4


def test_lines_that_were_replaced_stand_beside_each_other() -> None:
    assert aligned("a\nb\nc", "a\nB\nc\nd") == [
        TextLine("a", "a"),
        TextLine("b", "B"),
        TextLine("c", "c"),
        TextLine(None, "d"),
    ]


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_no_line_is_lost(before: list[str], after: list[str]) -> None:
    lines = aligned("\n".join(before), "\n".join(after))
    assert [line.before for line in lines if line.before is not None] == before
    assert [line.after for line in lines if line.after is not None] == after


def test_texts_too_long_to_align_stand_one_below_the_other() -> None:
    assert len(aligned("a\nb\n" * 50_000, "b\na\nc\n" * 50_000)) == 250_000


def test_lines_far_from_a_difference_are_left_out() -> None:
    lines = [TextLine(str(n), str(n)) for n in range(20)]
    lines[10] = TextLine("10", "x")
    shown = with_context(lines)
    assert [line.after if line else "..." for line in shown] == ["...", "8", "9", "x", "11", "12", "..."]


@given(st.text(max_size=20), st.text(max_size=20))
def test_common_ends_do_not_overlap(before: str, after: str) -> None:
    start, end = common_ends(before, after)
    assert before[:start] == after[:start]
    assert start + end <= min(len(before), len(after))
    assert before[len(before) - end :] == after[len(after) - end :]


@given(st.text(alphabet="ab", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_what_differs_is_found_again_in_a_cut_line(text: str, start: int, stop: int) -> None:
    start, stop = sorted((min(start, len(text)), min(stop, len(text))))
    shown, low, high = around(text, start, stop, 20)
    assert text[start:stop].startswith(shown[low:high])
    assert len(shown) <= 20 + 6
