"""Hostile files cost bounded work: too deep, too large, too many aliases is a ParseError with a line."""

from __future__ import annotations

import pytest

from driftd.formats.parts.builder import MAX_NODES, MAX_PROBLEMS
from driftd.formats.reading import read
from driftd.formats.registry import FORMATS, by_name
from driftd.model.document import ParseError


def refusal(name: str, data: bytes) -> tuple[str, int | None]:
    with pytest.raises(ParseError) as caught:
        by_name(name).parse(data, "/x")
    return caught.value.message, caught.value.line


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("yaml", b"\n" + b"[" * 50_000),
        ("yaml", b"\n" + b"- " * 50_000),
        ("json", b"\n" + b"[" * 50_000),
        ("json", b"\n" + b'{"a":' * 50_000),
        ("toml", b"\na = " + b"[" * 50_000),
        ("toml", b"\na = " + b"{a = " * 50_000),
        ("toml", b"\n" + b"a." * 50_000 + b"a = 1"),
        ("nginx", b"\n" + b"a {" * 50_000),
        ("conf", b"{" * 101 + b"\na\n" + b"}" * 101),
    ],
)
def test_deep_nesting_is_refused_with_its_line(name: str, data: bytes) -> None:
    assert refusal(name, data) == ("nested deeper than 100 levels", 2)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("yaml", b"[" + b"1," * (MAX_NODES + 1) + b"1]"),
        ("json", b"[" + b"1," * (MAX_NODES + 1) + b"1]"),
        ("toml", b"a = [" + b"1," * (MAX_NODES + 1) + b"1]"),
        ("ini", b"a = 1\n" * (MAX_NODES + 1)),
        ("text", b"\n" * (MAX_NODES + 1)),
    ],
)
def test_too_many_values_are_refused(name: str, data: bytes) -> None:
    message, line = refusal(name, data)
    assert message == "more than 200000 values"
    assert line is not None


def test_text_beyond_the_bounds_is_left_to_the_digest() -> None:
    reading = read(b"\n" * (MAX_NODES + 1), "/x")
    assert reading.format == "text"
    assert reading.document is None
    assert reading.problem is not None


def test_a_bomb_of_includes_is_refused() -> None:
    files = [f"# configuration file /{n}:\n" + f"include /{n + 1};\n" * 30 for n in range(15)]
    message, line = refusal("nginx_dump", "".join(files).encode())
    assert message == "more than 400000 lines with everything that is included"
    assert line is not None
    files = [f"# configuration file /{n}:\ninclude /*{n};\n" for n in range(3_000)]
    assert refusal("nginx_dump", "".join(files).encode())[0] == "too many includes with wildcards for so many files"


def test_an_alias_bomb_is_refused() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    message, line = refusal("yaml", "\n".join(levels).encode())
    assert message == "more than 200000 values"
    assert line == 6


def test_many_aliases_are_refused() -> None:
    assert refusal("yaml", b"a: &a 1\nb: [" + b"*a, " * 1_001 + b"]") == ("more than 1000 aliases", 2)


def test_an_alias_within_itself_is_refused() -> None:
    assert refusal("yaml", b"a: &a\n  - *a\n") == ("an alias within what it refers to", 2)


def test_entity_like_and_merged_bombs_in_yaml_are_refused() -> None:
    levels = ["a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(100)) + "}"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]" for n in range(1, 6)]
    assert refusal("yaml", "\n".join(levels).encode())[0] == "more than 200000 values"


@pytest.mark.parametrize(
    "data", [b"{" * 40 + b'"a"' + b":x}" * 40, b"? " * 40 + b"a: b\n", b"? [" + b"a, " * 5_000 + b"]"]
)
def test_keys_that_grow_are_refused(data: bytes) -> None:
    assert refusal("yaml", data) == ("a key of more than 4096 characters", 1)


def test_problems_are_capped_and_counted() -> None:
    document = by_name("keyvalue").parse(b"two words\n" * 1_000, "/x")
    assert len(document.problems) == MAX_PROBLEMS + 1
    assert document.problems[-1].message == "and 900 more"


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_long_digits_do_not_become_numbers_that_take_long_to_convert(entry: object) -> None:
    from driftd.formats.registry import Format

    assert isinstance(entry, Format)
    for data in (b"a = " + b"1" * 5_000, b"a: " + b"1" * 5_000, b"[" + b"1" * 5_000 + b"]"):
        reading = read(data, "/x", entry.name)
        if reading.document is not None:
            for _, node in reading.document.root.walk():
                assert not isinstance(node.value, int) or node.value < 10**4_300
