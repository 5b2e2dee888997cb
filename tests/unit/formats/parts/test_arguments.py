"""Arguments: split where the program splits them, spelled so that they can be told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.formats.parts.arguments import join_arguments, split_arguments


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ('FOO="a b" x', ["FOO=a b", "x"]),
        ("a # b", ["a"]),
        ("a#b", ["a#b"]),
        (r"a\ b", ["a b"]),
        (r"C:\dir", [r"C:\dir"]),
        ('""', [""]),
        ('"open', None),
        ("", []),
    ],
)
def test_a_line_is_split_into_its_arguments(text: str, arguments: list[str] | None) -> None:
    assert split_arguments(text, comment="#") == arguments


@given(st.lists(st.text("ab \"'\\#=", max_size=5), max_size=4))
def test_different_arguments_are_spelled_differently(arguments: list[str]) -> None:
    spelled = join_arguments(arguments)
    assert sum(1 for _ in arguments) == 0 or spelled
    for at, argument in enumerate(arguments):
        other = [*arguments[:at], argument + "a", *arguments[at + 1 :]]
        assert join_arguments(other) != spelled
    assert join_arguments([*arguments, ""]) != spelled
