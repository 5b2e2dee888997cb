"""Digests of meaning: equal exactly where two settings say the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.compare.meaning import Meanings, Names, PlainDialect, Sense
from driftd.model.document import Json, Node, Scalar
from tests.unit.compare.trees import TREES, VALUES, repeated, spelled, tree


class Durations(PlainDialect):
    """A program for which `30s` and `30000` are one value, and the members of `hosts` are a set."""

    def sense(self, names: Names) -> Sense:
        return Sense(ordered=names[-1:] != ("hosts",))

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        return 30_000 if names[-1:] == ("timeout",) and value == "30s" else value


def digest(node: Node, dialect: PlainDialect | None = None) -> bytes:
    return Meanings(dialect or PlainDialect()).digest(node)


def test_the_order_of_members_means_nothing() -> None:
    assert digest(tree({"a": 1, "b": [{"c": 2, "d": 3}]})) == digest(tree({"b": [{"d": 3, "c": 2}], "a": 1}))


def test_the_order_of_a_list_counts() -> None:
    assert digest(tree([1, 2])) != digest(tree([2, 1]))


@pytest.mark.parametrize("one", [1, 1.0, True, "1", "true", None, "null", "", 0, False, 0.0, [], {}, [1], {"1": 1}])
def test_every_type_is_a_value_of_its_own(one: Json) -> None:
    others: list[Json] = [1, 1.0, True, "1", "true", None, "null", "", 0, False, 0.0, [], {}, [1], {"1": 1}]
    same = [other for other in others if digest(tree(one)) == digest(tree(other))]
    assert [repr(other) for other in same] == [repr(one)]


def test_lines_and_spelling_mean_nothing() -> None:
    assert digest(Node({"a": Node(31, 4, raw="0x1F")}, 1)) == digest(tree({"a": 31}))


def test_one_occurrence_of_a_repeatable_directive_equals_a_lone_scalar() -> None:
    assert digest(repeated("a")) == digest(tree("a"))
    assert digest(repeated("a")) != digest(tree("b"))
    assert digest(repeated("a", "b")) == digest(tree(["a", "b"]))


def test_a_list_of_one_that_is_no_repetition_is_a_list() -> None:
    assert digest(tree(["a"])) != digest(tree("a"))


def test_a_dialect_says_which_spellings_are_one_value_and_which_lists_are_sets() -> None:
    one, other = tree({"timeout": "30s", "hosts": ["a", "b"]}), tree({"timeout": 30_000, "hosts": ["b", "a"]})
    assert digest(one, Durations()) == digest(other, Durations())
    assert digest(one) != digest(other)
    assert digest(tree({"retry": "30s"}), Durations()) != digest(tree({"retry": 30_000}), Durations())


@given(one=VALUES, other=VALUES)
def test_digests_are_equal_exactly_where_types_and_values_are(one: Json, other: Json) -> None:
    assert (digest(tree(one)) == digest(tree(other))) == (spelled(one) == spelled(other))


@given(value=TREES, seed=st.integers())
def test_shuffled_members_digest_alike(value: Json, seed: int) -> None:
    def shuffled(value: Json) -> Json:
        if isinstance(value, dict):
            members = [(name, shuffled(child)) for name, child in value.items()]
            random.Random(seed).shuffle(members)
            return dict(members)
        return [shuffled(child) for child in value] if isinstance(value, list) else value

    assert digest(tree(value)) == digest(tree(shuffled(value)))
