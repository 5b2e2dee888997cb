"""Rules: what violates them, and in which words."""

from __future__ import annotations

import pytest

from driftd.model.baseline import Rule
from driftd.model.change import ABSENT
from driftd.model.document import Document, Json, Node, Steps, node_from_json
from driftd.model.secret import Token
from driftd.policy.rules import Violation, check_schema, violations

TOKEN = str(Token("0123abcd", "4" * 32))


def rule(require: dict[str, Json] | bool, key: str = "$.a", *, optional: bool = False) -> Rule:
    """Return a rule about one key."""
    return Rule(id="R", item="/x", key=key, require=require, why="it matters", optional=optional)


def judged(require: dict[str, Json] | bool, value: Json, *, untyped: bool = False, key: str = "$.a") -> list[Violation]:
    """Return the violations of a document `{a: value}`."""
    document = Document("/x", "yaml", node_from_json({"a": value}), untyped=untyped)
    return violations([rule(require, key)], document)


@pytest.mark.parametrize(
    ("require", "value", "message"),
    [
        ({"enum": ["db-1.internal", "db-2.internal"]}, "db-l.internal", "is 'db-l.internal', must be one of db-1.internal, db-2.internal"),
        ({"const": "yes"}, "no", "is 'no', must be yes"),
        ({"const": True}, "yes", "is 'yes', must be true"),
        ({"type": "integer"}, "8080", "is '8080', must be a whole number"),
        ({"type": "integer", "minimum": 1024}, 22, "is 22, must be at least 1024"),
        ({"exclusiveMaximum": 5, "multipleOf": 2}, 7, "is 7, must be less than 5 and be a multiple of 2"),
        ({"pattern": "^a+$"}, "b", "is 'b', must match the expression ^a+$"),
        ({"title": "be 027 or stricter", "pattern": "^0?27$"}, "022", "is '022', must be 027 or stricter"),
        ({"minLength": 3}, "ab", "is 'ab', must have at least 3 characters"),
        ({"not": {"enum": ["a", "b"]}}, "a", "is 'a', must not be one of a, b"),
        ({"not": {"pattern": "x"}}, "axb", "is 'axb', must not match the expression x"),
        (False, "set", "is 'set', must not be set"),
        ({"anyOf": [{"type": "integer"}, {"const": "auto"}]}, "x", "is 'x', must be a whole number, or be auto"),
        ({"contains": {"const": "tls"}}, ["a"], "must have a member that must be tls"),
        ({"required": ["b"]}, {}, 'must have "b"'),
        ({"properties": {"b": {"maximum": 3}}}, {"b": 4}, ".b is 4, must be at most 3"),
        ({"items": {"type": "string"}}, ["x", 1], "[1] is 1, must be a text"),
        ({"$defs": {"p": {"minimum": 5}}, "$ref": "#/$defs/p"}, 3, "is 3, must be at least 5"),
        ({"const": "a"}, "\x1b[31m\n", r"is '\x1b[31m\n', must be a"),
        ({"const": "a"}, "x" * 500, "is '" + "x" * 160 + "...', must be a"),
        ({"const": "a"}, "\udc80", r"is '\udc80', must be a"),
        ({"type": "null"}, False, "is false, must be empty (null)"),
    ],
)  # fmt: skip
def test_a_violation_is_told_in_words(require: dict[str, Json] | bool, value: Json, message: str) -> None:
    assert [violation.message for violation in judged(require, value)] == [message]


@pytest.mark.parametrize(
    ("require", "value"),
    [
        (True, "anything"),
        ({}, None),
        ({"enum": ["a", "b"]}, "b"),
        ({"type": "integer", "minimum": 1}, 1),
        ({"type": "number"}, 1.5),
        ({"pattern": "b"}, "abc"),
        ({"minimum": 5}, "text: JSON Schema leaves other types alone in typed documents"),
        ({"format": "ipv4"}, "no address: formats are not asserted unless asked"),
    ],
)
def test_what_satisfies_is_no_violation(require: dict[str, Json] | bool, value: Json) -> None:
    assert judged(require, value) == []


def test_a_violation_names_place_line_and_value() -> None:
    root = Node({"a": Node({"host": Node("db-l", line=3)}, line=2)})
    host = rule({"enum": ["db-1"]}, "$.a.host")
    found = violations([host], Document("/x", "yaml", root))
    assert found == [Violation(host, ("a", "host"), "db-l", 3, "is 'db-l', must be db-1")]


def test_a_missing_key_violates_unless_it_is_optional() -> None:
    document = Document("/x", "yaml", node_from_json({"b": 1}))
    missing = rule({"const": 5})
    assert violations([missing], document) == [Violation(missing, None, ABSENT, None, "is missing, must be 5")]
    assert violations([rule({"const": 5}, optional=True)], document) == []


def test_without_a_document_every_key_is_missing() -> None:
    assert [found.steps for found in violations([rule(True), rule(True, optional=True)], None)] == [None]


def test_a_key_that_must_not_be_set_is_in_order_when_it_is_missing() -> None:
    assert violations([rule(False)], Document("/x", "yaml", Node({}))) == []


def test_every_place_that_a_key_selects_is_judged_in_the_order_of_lines() -> None:
    root = Node([Node({"p": Node(9, 7)}), Node({"p": Node(1, 2)}), Node({"p": Node(8, 3)})])
    found = violations([rule({"maximum": 5}, "$[*].p")], Document("/x", "yaml", root))
    assert [(violation.line, violation.value) for violation in found] == [(3, 8), (7, 9)]


def repeated(*values: str) -> Document:
    """Return an untyped document in which `a` occurs several times."""
    occurrences = Node([Node(value, line) for line, value in enumerate(values, 1)], repeated=True)
    return Document("/x", "sshd", Node({"a": occurrences}), untyped=True)


def test_each_occurrence_of_a_directive_is_judged() -> None:
    found = violations([rule({"minimum": 1024})], repeated("22", "2022", "80"))
    assert [(violation.steps, violation.line) for violation in found] == [(("a", 0), 1), (("a", 2), 3)]


def test_a_schema_about_a_list_judges_the_occurrences_together() -> None:
    assert [found.steps for found in violations([rule({"minItems": 3})], repeated("22", "80"))] == [("a",)]
    assert violations([rule({"minItems": 2, "items": {"type": "integer"}})], repeated("22", "80")) == []


def test_a_lone_occurrence_in_an_untyped_document_is_a_list_of_one() -> None:
    assert judged({"type": "array", "items": {"type": "integer"}}, "22", untyped=True) == []
    assert [found.message for found in judged({"minItems": 2}, "22", untyped=True)] == ["must have at least 2 members"]


def test_a_list_that_is_a_value_is_judged_as_a_list() -> None:
    assert [found.steps for found in judged({"type": "string"}, ["x"])] == [("a",)]


@pytest.mark.parametrize(
    ("require", "text"),
    [
        ({"type": "integer"}, "8080"),
        ({"type": "integer", "minimum": 0, "maximum": 10}, "0"),
        ({"type": "number"}, "-1.5e3"),
        ({"minimum": 5}, "6"),
        ({"const": 2}, "2"),
        ({"const": "2"}, "2"),
        ({"enum": [1, "auto"]}, "auto"),
        ({"enum": [1, "auto"]}, "1"),
        ({"const": False}, "No"),
        ({"type": "boolean"}, "off"),
        ({"const": True}, "true"),
        ({"not": {"const": 1}}, "2"),
        ({"not": {"const": 1}}, "text"),
        ({"anyOf": [{"type": "integer", "minimum": 5}, {"const": "auto"}]}, "auto"),
        ({"anyOf": [{"type": "integer", "minimum": 5}, {"const": "auto"}]}, "6"),
        ({"type": "string", "pattern": "^0"}, "0022"),
        ({"$defs": {"p": {"type": "integer"}}, "$ref": "#/$defs/p"}, "7"),
    ],
)
def test_a_text_of_an_untyped_document_counts_as_what_it_spells(require: dict[str, Json], text: str) -> None:
    assert judged(require, text, untyped=True) == []


@pytest.mark.parametrize(
    ("require", "text", "message"),
    [
        ({"minimum": 5}, "4", "is '4', must be at least 5"),
        ({"minimum": 5}, "many", "is 'many', must be a number"),
        ({"maximum": 5}, "5m", "is '5m', must be a number"),
        ({"type": "integer"}, "0022", "is '0022', must be a whole number"),
        ({"type": "integer"}, "1.5", "is '1.5', must be a whole number"),
        ({"type": "boolean"}, "maybe", "is 'maybe', must be true or false"),
        ({"const": False}, "yes", "is 'yes', must be no (false, off)"),
        ({"const": 1}, "2", "is '2', must be 1"),
        ({"not": {"const": 1}}, "1", "is '1', must not be 1"),
        ({"not": {"minimum": 5}}, "text", "is 'text', must be a number"),
        ({"not": {"const": True}}, "on", "is 'on', must not be yes (true, on)"),
        ({"anyOf": [{"minimum": 5}, {"const": "auto"}]}, "no", "is 'no', must be at least 5, or be auto"),
    ],
)
def test_a_text_that_spells_no_such_thing_violates(require: dict[str, Json], text: str, message: str) -> None:
    assert [violation.message for violation in judged(require, text, untyped=True)] == [message]


def test_texts_inside_lists_and_mappings_count_as_what_they_spell() -> None:
    schema: dict[str, Json] = {"properties": {"p": {"type": "integer"}}, "additionalProperties": {"type": "boolean"}}
    assert judged(schema, {"p": "1", "q": "yes"}, untyped=True) == []
    assert [found.message for found in judged(schema, {"p": "x", "q": "yes"}, untyped=True)] == [
        ".p is 'x', must be a whole number"
    ]


def test_a_number_in_a_text_of_a_typed_document_is_a_text() -> None:
    assert judged({"type": "integer"}, "8080") != []


@pytest.mark.parametrize("require", [True, {}, {"type": "string"}, {"description": "the password"}])
def test_the_presence_of_a_secret_can_be_required(require: dict[str, Json] | bool) -> None:
    assert judged(require, TOKEN) == []


@pytest.mark.parametrize("require", [{"minLength": 8}, {"const": "x"}, {"not": {"const": "x"}}, {"pattern": "."}])
def test_more_than_its_presence_cannot_be_known_of_a_secret_and_is_never_taken_for_granted(
    require: dict[str, Json],
) -> None:
    assert [found.message for found in judged(require, TOKEN)] == [
        "is a secret, of which only the presence can be checked"
    ]


def test_a_secret_inside_a_value_is_not_shown() -> None:
    (found,) = judged({"pattern": "@db-2"}, f"postgres://u:{TOKEN}@db-1/x")
    assert found.message == "is 'postgres://u:(a secret)@db-1/x', must match the expression @db-2"
    (found,) = judged({"properties": {"p": {"const": "a"}}}, {"p": TOKEN})
    assert TOKEN not in found.message


def test_a_rule_that_cannot_be_evaluated_is_violated() -> None:
    (found,) = judged({"pattern": "(?=x)"}, "x")
    assert found.message.startswith("could not be checked: ")
    tree = Node({})
    for _ in range(500):
        tree = Node({"a": tree})
    (found,) = violations([rule(True, "$..b")], Document("/x", "json", tree))
    assert found.message.startswith("could not be looked up: ")


def test_an_expression_that_backtracks_elsewhere_ends_here() -> None:
    assert len(judged({"pattern": "^(a+)+$"}, "a" * 5000 + "b")) == 1


def test_formats_are_asserted_when_asked() -> None:
    document = Document("/x", "yaml", node_from_json({"a": "300.0.0.1"}))
    (found,) = violations([rule({"format": "ipv4"})], document, formats=True)
    assert found.message == "is '300.0.0.1', must be written as ipv4"


@pytest.mark.parametrize(
    ("require", "trouble"),
    [
        ({"emun": [1]}, "unknown keyword 'emun' (did you mean 'enum'?)"),
        ({"properties": {"a": {"minimun": 1}}}, "at $.properties.a: unknown keyword 'minimun' (did you mean 'minimum'?)"),
        ({"type": "intger"}, 'at $.type: unknown type "intger": one of string, integer, number, boolean, null, array, object'),
        ({"minimum": "5"}, 'at $.minimum: "5" is not of type "number"'),
        ({"pattern": "(?=x)"}, "no regular expression that runs in linear time"),
        ({"pattern": "("}, "no regular expression"),
        ({"format": "ipv4"}, "`format` is not checked; say it with `pattern`"),
        ({"$ref": "https://example.org/schema"}, "names nothing inside this rule"),
        ({"$ref": "#/$defs/nope"}, "names nothing inside this rule"),
    ],
)  # fmt: skip
def test_a_broken_schema_is_found(require: dict[str, Json], trouble: str) -> None:
    assert trouble in (check_schema(rule(require)) or "")


@pytest.mark.parametrize(
    "require",
    [
        True,
        False,
        {},
        {"enum": [1, "a"]},
        {"format": "ipv4", "type": "string"},
        {"$defs": {"a": {}}, "$ref": "#/$defs/a"},
    ],
)
def test_a_sound_schema_has_no_problem(require: dict[str, Json] | bool) -> None:
    assert check_schema(rule(require), formats=True) is None


def test_places_of_violations_lead_to_their_values() -> None:
    document = repeated("22", "80")
    for found in violations([rule({"minimum": 1024})], document):
        place: Steps = found.steps or ()
        node = document.root.at(place)
        assert node is not None
        assert node.value == found.value
