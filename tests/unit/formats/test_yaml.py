"""What YAML 1.2 says where readers of YAML 1.1 say something else, and what it refuses."""

from __future__ import annotations

import json

import pytest

from driftd.formats.yaml import parse
from driftd.model.document import ParseError


def settings(text: str) -> object:
    return parse(text.encode(), "/x.yaml").root.to_json()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c", None),
        ("{a: {b: [c, d]}}", {"a": {"b": ["c", "d"]}}),
        ("[a: b, c]", [{"a": "b"}, "c"]),
        ('{"a":1,"b":[]}', {"a": 1, "b": []}),
        ('{"a"\n  :b}', {"a": "b"}),
        ("{a, b: , c: d:e}", {"a": None, "b": None, "c": "d:e"}),
        ("[x, ]", ["x"]),
        ("a: [\n  b\n]", {"a": ["b"]}),
        ("a:\n- b\n- c\nd: e", {"a": ["b", "c"], "d": "e"}),
        ("- - a\n  - b\n- c: d\n  e: f", [["a", "b"], {"c": "d", "e": "f"}]),
        ("? a\n: b\n? - c\n: - d", {"a": "b", '["c"]': ["d"]}),
        ("? {b: 1, a: 2}\n: c", {'{"a":2,"b":1}': "c"}),
        (": a", {"": "a"}),
        ("a: b\n  c\n\n  d", {"a": "b c\nd"}),
        ("a: - b", None),
        ("a: b\n  - c", {"a": "b - c"}),
        ("a:\n  b # c\nd: e#f", {"a": "b", "d": "e#f"}),
        ("a:\tb", {"a": "b"}),
        ("url: http://a:80/#x", {"url": "http://a:80/#x"}),
        ("é: ü", {"é": "ü"}),
        ("a: *b", None),
        ("a: &x 1\nb: *x", {"a": 1, "b": 1}),
        ("a: &x\n  b: c\nd: *x", {"a": {"b": "c"}, "d": {"b": "c"}}),
        ("&x a: b\nc: *x", {"a": "b", "c": "a"}),
        ("a: &name b\n*name : c", {"a": "b", "b": "c"}),
        ("a: &name b\n*name: c", {"a": "b", "b": "c"}),
        ("!!map\na: !<tag:yaml.org,2002:str> 1", {"a": "1"}),
        ("%TAG !y! tag:yaml.org,2002:\n---\n!y!str 1", "1"),
        ("%YAML 1.2\n---\na", "a"),
        ("---\na\n%YAML 1.2", "a %YAML 1.2"),
        ("a\n---\nb\n...\nc", ["a", "b", "c"]),
        ("--- |\na\n b", "a\n b\n"),
        ("--- >\na\nb\n\nc", "a b\nc\n"),
        ("--- # nothing", None),
        ("", None),
        ("---\n---\n", [None, None]),
    ],
)
def test_a_text_is_read_as_yaml_1_2_says(text: str, expected: object) -> None:
    if expected is None and text.startswith("a"):
        with pytest.raises(ParseError):
            settings(text)
    else:
        assert settings(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|\n a\n b\n", "a\nb\n"),
        ("|\n a", "a\n"),
        ("|-\n a\n\n", "a"),
        ("|+\n a\n\n", "a\n\n"),
        ("|2-\n   a\n  b\n", " a\nb"),
        (">\n a\n b\n\n c\n  d\n e\n", "a b\nc\n d\ne\n"),
        ("|+\n\n", "\n"),
        ("|\n", ""),
        ("|\n  a\n # no text\n", "a\n"),
        ("'a ''b''\n\n  c'", "a 'b'\nc"),
        (r'"\t\x41\u00e9\U0001F600\ud83d\ude00\/"', "\tAé😀😀/"),
        ('"a\\\n  b \\\n  \\ c\n  d"', "ab  c d"),
        ('"a  \n\n  b"', "a\nb"),
    ],
)
def test_texts_keep_the_ends_of_lines_that_count(text: str, expected: str) -> None:
    assert settings(f"a: {text}") == {"a": expected}
    assert settings(f"- {text}") == [expected]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\n b: 2", "a key cannot stand here", 2),
        ("a:\n  b: 1\n c: 2", "indented deeper than what it belongs to", 3),
        ("a:\n\tb: 1", "a tab where spaces must indent", 2),
        ("- a\nb: c", "expected the end of the document", 2),
        ('a: "b" c', "expected the end of the line", 1),
        ('a: "b"#c', "expected the end of the line", 1),
        ("a: [b, c", "a list or mapping in brackets does not end", 1),
        ("a: [b,, c]", "a value is missing before `,`", 1),
        ("a:\n- [b\n- c", "a line within brackets is not indented", 3),
        ("a: 'b", "a quoted text does not end", 1),
        (r'a: "\d"', r"`\d` is no escape of YAML", 1),
        ("a: @b", "`@` cannot start a value here", 1),
        ("a: %b", "`%` cannot start a value here", 1),
        ("a: |x\n b", "not the header of a block of text", 1),
        ("a: !x!y z", "the tag handle '!x!' is not declared", 1),
        ("a: &x &y z", "not a tag or anchor, or one too many", 1),
        ("a: &x *y", "an alias has no tag or anchor of its own", 1),
        ("a\nb: c", "a key cannot stand here", 2),
        ("%YAML 1.2\na", "expected `---` behind directives", 2),
        ("--- a: b", "a key cannot stand here", 1),
        ('"a\n---\nb"', "a document ends within a quoted text", 2),
        ("a: 1\nb: \x01", "a character that YAML does not allow", 2),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        settings(text)
    assert (caught.value.message, caught.value.line) == (message, line)


def test_json_is_read_as_json() -> None:
    value = {"a": [1, -2.5, 1e3, True, None, "x: y # z"], "b": {"": [], "c\nd": {}}, "e": '\\"\té'}
    for indent in (None, 1):
        for separators in (None, (",", ":")):
            assert settings(json.dumps(value, indent=indent, separators=separators)) == value


def test_a_final_end_of_line_means_nothing() -> None:
    assert settings("a: |\n  b") == settings("a: |\n  b\n")
