"""Possessive repeats as documented, whichever Python compiles them."""

from __future__ import annotations

import importlib
import re

import pytest

from driftd.repeats import atomic

CASES = (
    (r"(?:a*+b)*+", "a", ""),
    (r"(?:a*+b)*+", "abaabaa", "abaab"),
    (r"(?:a*+b)++c", "abcab", "abc"),
    (r"(?:a*+b)?+a", "aab", None),
    (r"(?:a(?:c)?b)*+", "a", ""),
    (r"(?:a(?:c)?b)*+", "acbabac", "acbab"),
    (r"(?:a(?:c)?b)++d", "acbacd", None),
    (r"(?:[ \t]*+(?:#[^\n]*+)?\n)*+", "  # x\n\n  a: 1\n", "  # x\n\n"),
    (r"(?:ab?)*+b", "abab", None),
    (r"(?:[^,]|,(?!b))*+", "a,c,b", "a,c"),
    (r"(?:[^,]|,(?!b))++", "a,b", "a"),
    (r'"((?:[^"\\]++|\\.)*+)"', r'"a\"b" c', r'"a\"b"'),
    (r"(?:(?:a*+b)*+c|d)*+", "abcdab", "abcd"),
    (r"(?=(?:a*+b)*+)(a)", "aa", "a"),
)


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_what_an_iteration_took_that_failed_is_given_back(pattern: str, text: str, expected: str | None) -> None:
    matched = re.match(pattern, text)
    assert (matched[0] if matched else None) == expected


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_the_other_way_to_write_them_matches_the_same(pattern: str, text: str, expected: str | None) -> None:
    """What is compiled on the Pythons that need it, on this one."""
    parser, compiler = importlib.import_module("re._parser"), importlib.import_module("re._compiler")
    matched = compiler.compile(atomic(parser.parse(pattern))).match(text)
    assert (matched[0] if matched else None) == expected
