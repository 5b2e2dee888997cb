"""Identity: by which of their own members the members of a list are told apart."""

from __future__ import annotations

import pytest

from driftd.compare.identity import NATURAL, identify, repeated_identity
from driftd.compare.meaning import IdentityNames
from driftd.model.document import Json, Node
from driftd.model.keys import Identity
from tests.unit.compare.trees import repeated, tree

BY_NAME: IdentityNames = (("name",),)
BY_ID: IdentityNames = (("id",),)


def nodes(*members: Json) -> list[Node]:
    return [tree(member) for member in members]


def named(value: str, name: str = "name") -> Identity:
    return Identity((((name,), value),))


@pytest.mark.parametrize("name", ["@", "job_name", "name", "id"])
def test_natural_identities_are_found_by_themselves(name: str) -> None:
    found = identify([nodes({name: "a"}, {name: "b"}), nodes({name: "b"})], NATURAL)
    assert found == [[named("a", name), named("b", name)], [named("b", name)]]


def test_kubernetes_objects_are_told_apart_by_name_and_kind() -> None:
    web: Json = {"kind": "Service", "metadata": {"name": "web"}}
    same_name: Json = {"kind": "Deployment", "metadata": {"name": "web"}}
    found = identify([nodes(web, same_name)], NATURAL)
    assert found == [
        [
            Identity(((("metadata", "name"), "web"), (("kind",), "Service"))),
            Identity(((("metadata", "name"), "web"), (("kind",), "Deployment"))),
        ]
    ]


def test_the_first_candidate_that_tells_every_member_apart_wins() -> None:
    members = nodes({"name": "a", "id": 1}, {"name": "a", "id": 2})
    assert identify([members], [BY_NAME, BY_ID]) == [[Identity(((("id",), 1),)), Identity(((("id",), 2),))]]


@pytest.mark.parametrize(
    "members",
    [
        nodes({"name": "a"}, {"name": "a"}),
        nodes({"name": "a"}, {"other": 1}),
        nodes({"name": "a"}, "b"),
        nodes({"name": ["a"]}),
        nodes({"name": {"first": "a"}}),
    ],
    ids=["shared", "missing", "no mapping", "a list", "a mapping"],
)
def test_nothing_is_told_apart_where_one_member_cannot_be(members: list[Node]) -> None:
    assert identify([nodes({"name": "z"}), members], [BY_NAME]) is None


def test_a_name_that_is_a_repeatable_directive_given_once_identifies() -> None:
    members = [Node({"name": repeated("a")}), Node({"name": repeated("b")})]
    assert identify([members], [BY_NAME]) == [[named("a"), named("b")]]


def test_an_empty_list_does_not_stand_in_the_way() -> None:
    assert identify([[], nodes({"name": "a"})], NATURAL) == [[], [named("a")]]


def test_null_is_a_value_that_can_identify() -> None:
    assert identify([nodes({"name": None}, {"name": "a"})], [BY_NAME]) == [[Identity(((("name",), None),)), named("a")]]


def test_a_repeated_identity_is_named_only_where_every_member_before_it_has_one() -> None:
    assert repeated_identity(nodes({"name": "a"}, {"name": "b"}, {"name": "a"}), BY_NAME) == named("a")
    assert repeated_identity(nodes({"name": "a"}, {"name": "b"}), BY_NAME) is None
    assert repeated_identity(nodes({"name": "a"}, {}, {"name": "a"}), BY_NAME) is None


def test_of_members_of_several_kinds_each_is_told_apart_by_what_it_has() -> None:
    members = nodes({"user": "a", "host": "b"}, {"alias": "A"}, {"user": "a", "host": "c"})
    wanted: IdentityNames = (("alias",), ("user",), ("host",))
    assert identify([members], [wanted]) is None
    assert identify([members], [wanted], in_part=True) == [
        [
            Identity(((("user",), "a"), (("host",), "b"))),
            Identity(((("alias",), "A"),)),
            Identity(((("user",), "a"), (("host",), "c"))),
        ]
    ]


@pytest.mark.parametrize("odd", [{"other": "a"}, {"user": "a"}, "a"], ids=["nothing", "shared", "no mapping"])
def test_in_part_is_not_enough_where_a_member_has_nothing_or_shares_it(odd: Json) -> None:
    assert identify([nodes({"user": "a"}, odd)], [(("user",), ("host",))], in_part=True) is None
