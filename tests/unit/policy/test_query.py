"""Queries: which places of a tree they select, and which texts are none."""

from __future__ import annotations

import pytest

from driftd.model.document import Json, Node, Steps, node_from_json
from driftd.policy.query import Query, QueryFailedError

TREE: Json = {
    "production": {"host": "db-1", "ports": [5432, 5433], "net.ipv4": {"host": "x"}},
    "jobs": [{"name": "node", "interval": "30s"}, {"name": "web"}],
}


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("$", {()}),
        ("$.production.host", {("production", "host")}),
        ("$['production']['net.ipv4'].host", {("production", "net.ipv4", "host")}),
        ("$.production.ports[1]", {("production", "ports", 1)}),
        ("$.production.ports[-1]", {("production", "ports", 1)}),
        ("$.production.ports[2]", set()),
        ("$.production.nothing", set()),
        ("$.production[0]", set()),
        ("$.jobs.name", set()),
        ("$..host", {("production", "host"), ("production", "net.ipv4", "host")}),
        ("$.jobs[*].name", {("jobs", 0, "name"), ("jobs", 1, "name")}),
        ("$.jobs[?@.name=='node'].interval", {("jobs", 0, "interval")}),
        ("$.jobs[?match(@.name, 'n.*')]", {("jobs", 0)}),
        ("$.jobs[?match(@.name, 'n')]", set()),
        ("$.jobs[?search(@.name, 'o')]", {("jobs", 0)}),
        ("$.jobs[?search(@.interval, '[0-9.]+s')]", {("jobs", 0)}),
    ],
)
def test_a_query_selects_places(query: str, places: set[Steps]) -> None:
    assert Query(query).locate(node_from_json(TREE)) == places


@pytest.mark.parametrize("text", ["", "production", "$.a[", "$..", "$.a b", "$.jobs[?name=='x']", "$.a[?nope(@)]"])
def test_what_is_no_query_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Query(text)


def test_a_place_is_covered_by_itself_and_by_what_is_above_it() -> None:
    located: set[Steps] = {("a", 0)}
    assert Query.covers(("a", 0), located)
    assert Query.covers(("a", 0, "b"), located)
    assert not Query.covers(("a",), located)
    assert not Query.covers(("a", 1), located)
    assert not Query.covers(("a",), set())
    assert Query.covers(("a",), {()})


def test_an_expression_that_backtracks_elsewhere_ends_here() -> None:
    tree = node_from_json({"jobs": [{"name": "a" * 5000 + "b"}]})
    assert Query("$.jobs[?match(@.name, '(a*)*c')]").locate(tree) == set()


def test_a_dot_is_no_line_break_and_a_dot_in_a_class_is_a_dot() -> None:
    tree = node_from_json(["a\rb", "a.b", "axb"])
    assert Query("$[?match(@, 'a.b')]").locate(tree) == {(1,), (2,)}
    assert Query("$[?match(@, 'a[0-9.]b')]").locate(tree) == {(1,)}


def test_a_document_that_is_too_deep_is_never_taken_for_one_without_the_place() -> None:
    tree = Node({})
    for _ in range(500):
        tree = Node({"a": tree})
    with pytest.raises(QueryFailedError):
        Query("$..b").locate(tree)
