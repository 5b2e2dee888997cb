"""Keys of places: read as queries, they lead back to where they were made."""

from __future__ import annotations

from hypothesis import given

from driftd.compare.differ import compare
from driftd.compare.locate import key_at, keyed
from driftd.compare.meaning import PlainDialect
from driftd.model.document import Json
from driftd.policy.query import Query
from tests.unit.compare.trees import TREES, VALUES, tree

PLAIN = PlainDialect()
JOBS: Json = {"jobs": [{"job_name": "it's", "hosts": ["a", "b"]}, {"job_name": "db", "hosts": []}]}


def test_a_place_in_a_list_with_identities_is_named_by_them() -> None:
    root = tree(JOBS)
    assert key_at(root, ("jobs", 0, "hosts", 1), PLAIN, {}) == "$.jobs[?@.job_name=='it\\'s'].hosts[1]"
    assert key_at(root, (), PLAIN, {}) == "$"


def test_a_user_given_identity_names_the_place() -> None:
    root = tree([{"uid": 1, "name": "a"}, {"uid": 2, "name": "b"}])
    assert key_at(root, (1, "name"), PLAIN, {(): (("uid",),)}) == "$[?@.uid==2].name"


def test_every_place_has_its_key_in_document_order() -> None:
    assert [key for key, _ in keyed(tree(JOBS), PLAIN, {})] == [
        "$.jobs",
        "$.jobs[?@.job_name=='it\\'s']",
        "$.jobs[?@.job_name=='it\\'s'].job_name",
        "$.jobs[?@.job_name=='it\\'s'].hosts",
        "$.jobs[?@.job_name=='it\\'s'].hosts[0]",
        "$.jobs[?@.job_name=='it\\'s'].hosts[1]",
        "$.jobs[?@.job_name=='db']",
        "$.jobs[?@.job_name=='db'].job_name",
        "$.jobs[?@.job_name=='db'].hosts",
    ]


def test_every_key_is_a_query_for_its_own_place_alone() -> None:
    root = tree(JOBS)
    for steps, _ in root.walk():
        assert Query(key_at(root, steps, PLAIN, {})).locate(root) == {steps}


@given(value=TREES)
def test_keys_of_any_names_are_queries_for_their_own_places(value: Json) -> None:
    root = tree(value)
    for steps, _ in root.walk():
        assert Query(key_at(root, steps, PLAIN, {})).locate(root) == {steps}


@given(value=VALUES, other=VALUES)
def test_the_key_of_a_change_selects_the_place_that_is_observed(value: Json, other: Json) -> None:
    """What went away has no place there: its last step is the approved position, those above it the observed ones."""
    observed = tree(other)
    for change in compare(tree(value), observed).changes:
        if change.after_steps is not None:
            assert Query(change.key).locate(observed) == {change.after_steps}
