"""Trees become Structs: each kind of type, each kind of mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from msgspec import UNSET, Struct, UnsetType

from driftd.model.baseline import Identify, Rule
from driftd.model.document import Json, Node, node_from_json
from driftd.settings.problems import nearest
from driftd.settings.typed import Vocabulary, convert


class Inner(Struct, frozen=True, kw_only=True):
    number: int
    ratio: float = 0.5


class Outer(Struct, frozen=True, kw_only=True):
    name: str
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    either: str | tuple[str, ...] = "one"
    maybe: dict[str, str] | UnsetType = UNSET
    word: Literal["red", "green"] = "red"
    flag: bool = False
    anything: Json = None


def outer(**members: Json) -> tuple[Outer | None, list[str]]:
    value, problems = convert(node_from_json({"name": "n", **members}), Outer, "f")
    return value, [problem.message for problem in problems]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, Outer(name="n")),
        ({"inner": {"number": 1}}, Outer(name="n", inner=Inner(number=1))),
        ({"inner": None}, Outer(name="n")),
        ({"many": [{"number": 1}, {"number": 2}]}, Outer(name="n", many=(Inner(number=1), Inner(number=2)))),
        ({"inner": {"number": 1, "ratio": 2}}, Outer(name="n", inner=Inner(number=1, ratio=2.0))),
        ({"either": "two"}, Outer(name="n", either="two")),
        ({"either": ["a", "b"]}, Outer(name="n", either=("a", "b"))),
        ({"maybe": {"a": "b"}}, Outer(name="n", maybe={"a": "b"})),
        ({"word": "green", "flag": True}, Outer(name="n", word="green", flag=True)),
        ({"anything": {"a": [1, {"b": None}]}}, Outer(name="n", anything={"a": [1, {"b": None}]})),
    ],
)
def test_a_tree_of_the_right_shape_is_read(members: dict[str, Json], expected: Outer) -> None:
    assert outer(**members) == (expected, [])


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": 7}, "name: found the number 7, wanted text"),
        ({"name": None}, "name: found nothing, wanted text"),
        ({"name": ["a"]}, "name: found a list, wanted text"),
        ({"inner": {"number": True}}, "inner.number: found true, wanted a whole number"),
        ({"inner": {"number": 1.5}}, "inner.number: found the number 1.5, wanted a whole number"),
        ({"inner": {"number": 1, "ratio": True}}, "inner.ratio: found true, wanted a number"),
        ({"inner": {}}, "inner: number missing"),
        ({"inner": "x"}, 'inner: found the text "x", wanted a mapping with number, ratio'),
        ({"many": {}}, "many: found a mapping, wanted a list of a mapping"),
        ({"many": [{"number": "1"}]}, 'many[0].number: found the text "1", wanted a whole number'),
        ({"either": 7}, "either: found the number 7, wanted text"),
        ({"either": {}}, "either: found a mapping, wanted text or a list"),
        ({"either": [7]}, "either[0]: found the number 7, wanted text"),
        ({"maybe": {"a": 1}}, "maybe.a: found the number 1, wanted text"),
        ({"maybe": "x"}, 'maybe: found the text "x", wanted a mapping'),
        ({"word": "gren"}, 'word: unknown word "gren"'),
        ({"word": 1}, "word: found the number 1, wanted one of red, green"),
        ({"flag": 1}, "flag: found the number 1, wanted true or false"),
        ({"flags": True}, 'unknown key "flags"'),
    ],
)
def test_a_wrong_type_says_what_was_found_and_what_is_wanted(members: dict[str, Json], message: str) -> None:
    assert outer(**members) == (None, [message])


def test_a_rule_may_require_any_json_schema() -> None:
    shape: Json = {"id": "a", "item": "/x", "key": "$.a", "why": "w", "require": {"enum": [1, None, {"deep": [[]]}]}}
    rule, problems = convert(node_from_json(shape), Rule, "f")
    assert problems == []
    assert rule is not None
    assert rule.require == {"enum": [1, None, {"deep": [[]]}]}


def test_one_name_or_several_are_both_names() -> None:
    spellings: list[tuple[Json, tuple[str, ...]]] = [("id", ("id",)), (["kind", "name"], ("kind", "name"))]
    for by, names in spellings:
        found, _ = convert(node_from_json({"item": "/x", "key": "$", "by": by}), Identify, "f")
        assert found is not None
        assert found.names == names


def test_a_path_is_relative_to_its_file() -> None:
    class Place(Struct):
        at: Path

    found, _ = convert(node_from_json({"at": "log/x"}), Place, "/etc/driftd/driftd.yaml")
    assert found == Place(Path("/etc/driftd/log/x"))


def test_checks_see_values_that_have_the_right_type_and_their_problems_have_lines() -> None:
    vocabulary = Vocabulary({(Inner, "number"): lambda number: "is too big" if number > 9 else None})
    tree = Node({"number": Node(10, 4)}, 3)
    _, problems = convert(tree, Inner, "f", vocabulary)
    assert [str(problem) for problem in problems] == ["f:4: number: is too big"]
    _, problems = convert(Node({"number": Node("x", 4)}, 3), Inner, "f", vocabulary)
    assert len(problems) == 1


def test_an_object_of_a_later_version_is_not_asked_for_what_it_has_not() -> None:
    vocabulary = Vocabulary(later={Inner: frozenset({"formula"})})
    _, problems = convert(node_from_json({"formula": "x"}), Inner, "f", vocabulary)
    assert [problem.message for problem in problems] == ["formula: not in this version"]


def test_a_word_that_is_near_none_is_answered_with_all() -> None:
    assert nearest("hihg", ["low", "high"]) == 'did you mean "high"?'
    assert nearest("zzz", ["low", "high"]) == "one of high, low"
