"""What JSON's kin add is read where it belongs; numbers keep their spelling; what is not JSON is refused."""

from __future__ import annotations

import pytest

from driftd.formats.json import parse, sniff
from driftd.model.document import Document, ParseError


def read(text: str, path: str = "/x.json") -> Document:
    return parse(text.encode(), path)


def test_json5_is_read_under_its_name() -> None:
    text = "// c\n{a: 'x', $b: +1, 'c': .5, d: 0xFF, e: Infinity, f: -NaN, g: 'a\\\nb', h: 5., i: [1,], j: \"\\x41\\'\\v\",}"
    document = read(text, "/x.json5")
    assert document.root.to_json() == {
        "a": "x", "$b": 1, "c": 0.5, "d": 255, "e": "Infinity", "f": "-NaN", "g": "ab", "h": 5.0, "i": [1], "j": "A'\v",
    }  # fmt: skip
    assert document.problems == []
    spelled = document.root.at(("d",))
    assert spelled is not None
    assert (spelled.raw, spelled.line) == ("0xFF", 2)


@pytest.mark.parametrize("text", ["{a: b}", "{1: 2}", "[01]", "'a\nb'", "[,]", "{a}", "[+]", "[0x]", "[1 2]"])
def test_what_is_not_json5_is_refused(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(text, "/x.json5")
    assert caught.value.line == 1


@pytest.mark.parametrize("text", ["{a: 1}", "{'a': 1}", "[+1]", "[.5]", "[0xF]", "[NaN]"])
def test_json5_under_the_name_of_json_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_kea_reads_comments_and_names_other_files() -> None:
    document = read('// c\n{ "Dhcp4": { # c\n "x": 1, <?include "/etc/kea/y.json"?>\n "z": 2 } }', "/etc/kea/kea.conf")
    assert document.root.to_json() == {"Dhcp4": {"x": 1, "z": 2}}
    assert document.includes == ["/etc/kea/y.json"]
    assert document.problems == []


def test_values_that_follow_one_another_are_a_list_under_the_name_of_such_files() -> None:
    assert read('{"a": 1}\n\n{"b": 2}\n', "/x.ndjson").root.to_json() == [{"a": 1}, {"b": 2}]
    with pytest.raises(ParseError, match="more text"):
        read('{"a": 1}\n{"b": 2}\n')


def test_numbers_that_have_no_value_in_common_are_kept_as_they_are() -> None:
    document = read('{"a": 1e400, "b": 9007199254740993, "c": 1.0, "d": 1, "e": 1E5}')
    assert document.root.to_json() == {"a": "1e400", "b": 9007199254740993, "c": 1.0, "d": 1, "e": 100000.0}
    assert {steps[0]: node.raw for steps, node in document.root.walk() if node.raw} == {"e": "1E5"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', True),
        ('# c\n// c\n/* c\n */ {\n  // c\n  "a": {} }\n# end\n', True),
        ("[ {} ]", True),
        ("{}", True),
        ("[section]\na = 1\n", False),
        ('"/var/log/x" {\n}\n', False),
        ("# c\nserver {\n}\n", False),
        ("{ a }", False),
    ],
)
def test_an_object_is_known_behind_its_comments(text: str, expected: bool) -> None:
    assert sniff(text.encode()) is expected
