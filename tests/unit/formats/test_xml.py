"""What an XML document says: whatever prefixes, attributes' order and document types are used to say it."""

from __future__ import annotations

import pytest

from driftd.compare.differ import compare
from driftd.dialects.registry import dialect_of
from driftd.formats.xml import parse
from driftd.model.document import Document, ParseError


def read(text: str) -> Document:
    return parse(text.encode(), "/x.xml")


def settings(text: str) -> object:
    return read(text).root.to_json()


def differ(one: str, other: str) -> bool:
    return bool(compare(read(one).root, read(other).root, dialect=dialect_of(read(other))).changes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('<a><b x="1" y="2"/></a>', "<a>\n\t<b y='2'\n x='1'></b></a>"),
        ('<a xmlns="urn:u"><b/></a>', '<n0:a xmlns:n0="urn:u"><n0:b/></n0:a>'),
        ('<a><p:b xmlns:p="urn:u"/></a>', '<a xmlns:q="urn:u" xmlns:unused="urn:v"><q:b/></a>'),
        ('<a><p:b xmlns:p="urn:u"/></a>', '<a><b xmlns="urn:u"/></a>'),
        ('<a xmlns:p="urn:u" p:x="1"/>', '<a xmlns:q="urn:u" q:x="1"/>'),
        ('<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:s="urn:t" i:type="s:x"/>',
         '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:t" xsi:type="t:x"/>'),
        ("<a>x &lt; &#65;</a>", "<a><![CDATA[x < A]]></a>"),
        ('<!DOCTYPE a [<!ENTITY e "x"><!ATTLIST a b CDATA "1">]><a>&e;</a>', '<a b="1">x</a>'),
        ("<?xml version='1.0'?><!-- c --><a>x<!-- c --><?pi?></a>", "<a> x </a>"),
        ('<a xml:space="default">x\n  y</a>', '<a xml:space="default">\nx\n    y</a>'),
    ],
)  # fmt: skip
def test_two_spellings_of_one_document(one: str, other: str) -> None:
    assert not differ(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('<a xmlns="urn:u"/>', '<a xmlns="urn:v"/>'),
        ('<a xmlns="urn:u"><b/></a>', '<a xmlns="urn:u"><b xmlns=""/></a>'),
        ('<a xmlns:p="urn:u"><p:b/></a>', '<a xmlns:p="urn:v"><p:b/></a>'),
        ('<a xmlns:p="urn:u/x" p:x="1"/>', '<a xmlns:p="urn:v/x" p:x="1"/>'),
        ('<a xml:space="preserve">x </a>', '<a xml:space="preserve">x</a>'),
        ("<a><allow/><deny/></a>", "<a><deny/><allow/></a>"),
    ],
)
def test_two_documents(one: str, other: str) -> None:
    assert differ(one, other)


def test_an_element_is_named_as_it_is_spelled() -> None:
    assert settings('<l:a xmlns:l="urn:l"><b/></l:a>') == {"l:a": {"@xmlns": "urn:l", "b": ""}}
    assert settings('<a><l:b xmlns:l="urn:l"/><m:b xmlns:m="urn:l"/></a>') == {
        "a": {"l:b": [{"@xmlns": "urn:l"}, {"@xmlns": "urn:l"}]}
    }


def test_an_element_with_a_name_is_a_member_of_a_list_however_many_there_are() -> None:
    assert settings('<a><b name="x"/></a>') == {"a": {"b": [{"@name": "x"}]}}
    assert settings("<a><p><name>x</name><value>1</value></p></a>") == {"a": {"p": [{"name": "x", "value": "1"}]}}
    assert settings("<a><p><name>x</name></p></a>") == {"a": {"p": {"name": "x"}}}


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        ('<!ENTITY a "x"><!ENTITY b "&a;&a;">', "entities are refused where they name others: 'b'"),
        (f'<!ENTITY a "{"x" * 200_000}">', "entity 'a' may make too much of it"),
        ("".join(f'<!ENTITY a{n} "x">' for n in range(101)), "more than 100 entities"),
    ],
)
def test_entities_that_grow_are_refused(subset: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(f"<!DOCTYPE r [{subset}]>\n<r>{'&a;' * 10}</r>")
    assert (caught.value.message, caught.value.line) == (message, 1)


def test_default_attributes_that_grow_are_refused() -> None:
    with pytest.raises(ParseError, match="make too much"):
        read(f'<!DOCTYPE r [<!ATTLIST b c CDATA "{"x" * 10_000}">]><r>{"<b/>" * 1_000}</r>')


def test_another_file_is_not_read() -> None:
    document = read('<!DOCTYPE r [<!ENTITY e SYSTEM "/etc/passwd">]>\n<r>&e;</r>')
    assert document.root.to_json() == {"r": "&e;"}
    assert [(problem.line, problem.message) for problem in document.problems] == [
        (2, "entity 'e' is another file, which is not read")
    ]


def test_a_wrong_document_type_is_left_out_and_noted() -> None:
    document = read('<!DOCTYPE r [\n<!ATTLIST b c="" CDATA "x">\n]>\n<r>\n<b/></r>')
    assert document.root.to_json() == {"r": {"b": ""}}
    assert document.root.at(("r", "b")) is not None
    assert [(problem.line, problem.message) for problem in document.problems] == [
        (2, "the document type is not well-formed and is left out")
    ]
