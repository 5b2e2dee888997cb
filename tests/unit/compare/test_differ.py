"""The semantic difference of two documents, as changes with keys, values and lines."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.compare.canonical import Canonical, Identities, Reducer
from driftd.compare.differ import Comparison, compare, found_by_deepdiff, only_difference
from driftd.compare.meaning import Names, PlainDialect, Sense
from driftd.model.change import ABSENT, Absent, Change, Kind
from driftd.model.document import Json, Node, Scalar, Steps
from driftd.model.keys import render_key
from tests.unit.compare.trees import SCALARS, TREES, VALUES, repeated, scalar_places, spelled, tree


def told(change: Change) -> tuple[str, str, Json, Json]:
    before = "-" if isinstance(change.before, Absent) else change.before
    after = "-" if isinstance(change.after, Absent) else change.after
    return change.kind.value, change.key, before, after


def changes(approved: Json | Node, observed: Json | Node) -> list[tuple[str, str, Json, Json]]:
    return [told(change) for change in compared(approved, observed).changes]


def compared(approved: Json | Node, observed: Json | Node) -> Comparison:
    return compare(*(side if isinstance(side, Node) else tree(side) for side in (approved, observed)))


@pytest.mark.parametrize(
    ("approved", "observed", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("changed", "$.a", 1, 2)]),
        ({}, {"a": 1}, [("added", "$.a", "-", 1)]),
        ({"a": 1}, {}, [("removed", "$.a", 1, "-")]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, [("changed", "$.a.b.c", 1, 2)]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": {"d": [2]}}}, [("added", "$.a.c", "-", {"d": [2]})]),
        ({"a": {"b": 1}}, {}, [("removed", "$.a", {"b": 1}, "-")]),
        ([1], {"a": 1}, [("changed", "$", [1], {"a": 1})]),
        ("a", "b", [("changed", "$", "a", "b")]),
        ({"a": []}, {"a": {}}, [("changed", "$.a", [], {})]),
        ({"a": []}, {"a": [1]}, [("added", "$.a[0]", "-", 1)]),
        ({"a": [1]}, {"a": []}, [("removed", "$.a[0]", 1, "-")]),
        ({"a": {}}, {"a": {"b": 1}}, [("added", "$.a.b", "-", 1)]),
    ],
)
def test_what_differs_is_told_by_setting(approved: Json, observed: Json, expected: list[object]) -> None:
    assert changes(approved, observed) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, "1"),
        (1, 1.0),
        (1, True),
        (0, False),
        (None, ""),
        (None, False),
        ("a", ["a"]),
        ({"b": 1}, [1]),
        ("(a list)", [1]),
        ({"b": 1}, "(a mapping)"),
        ("(approved)", "(observed)"),
        ({}, None),
    ],
)
def test_another_type_is_one_change(before: Json, after: Json) -> None:
    for one, other in ((before, after), (after, before)):
        found = changes({"a": one}, {"a": other})
        assert [(kind, key) for kind, key, _, _ in found] == [("changed", "$.a")]
        assert [repr(value) for value in found[0][2:]] == [repr(one), repr(other)]


def test_a_null_and_an_absent_member_differ() -> None:
    assert changes({"a": None}, {}) == [("removed", "$.a", None, "-")]
    assert changes({}, {"a": None}) == [("added", "$.a", "-", None)]
    assert changes({"a": None}, {"a": None}) == []
    removed = compared({"a": None}, {}).changes[0]
    assert removed.before is None
    assert removed.after is ABSENT


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("host", "$.host"),
        ("__private", "$.__private"),
        ("net.ipv4.ip_forward", "$['net.ipv4.ip_forward']"),
        ("", "$['']"),
        ("m:a", "$['m:a']"),
        ("s:0", "$['s:0']"),
        ("root", "$.root"),
        ("it's", "$['it\\'s']"),
        ("a\\b", "$['a\\\\b']"),
        ("two\nlines", "$['two\\nlines']"),
        ("\x07", "$['\\u0007']"),
        ("höhe", "$['höhe']"),
        ("1a", "$['1a']"),
        ("@", "$['@']"),
        ("*", "$['*']"),
    ],
)
def test_keys_are_spelled_one_way(name: str, key: str) -> None:
    assert changes({name: 1}, {name: 2}) == [("changed", key, 1, 2)]
    assert changes({}, {name: 2}) == [("added", key, "-", 2)]


def test_list_members_with_an_identity_are_named_by_it() -> None:
    approved: Json = {"jobs": [{"job_name": "node", "interval": 15}, {"job_name": "db", "interval": 15}]}
    observed: Json = {"jobs": [{"job_name": "node", "interval": 30}, {"job_name": "web"}]}
    assert changes(approved, observed) == [
        ("removed", "$.jobs[?@.job_name=='db']", {"job_name": "db", "interval": 15}, "-"),
        ("changed", "$.jobs[?@.job_name=='node'].interval", 15, 30),
        ("added", "$.jobs[?@.job_name=='web']", "-", {"job_name": "web"}),
    ]


def test_an_identity_of_two_parts_is_joined() -> None:
    def service(port: int) -> Json:
        return [
            {"kind": "Service", "metadata": {"name": "web"}, "port": port},
            {"kind": "Pod", "metadata": {"name": "web"}},
        ]

    key = "$[?@.metadata.name=='web' && @.kind=='Service'].port"
    assert changes(service(80), service(81)) == [("changed", key, 80, 81)]


def test_a_blocks_argument_identifies_it() -> None:
    def location(goal: str) -> Json:
        return {"location": [{"@": "/api", "proxy_pass": goal}, {"@": "/"}]}

    key = "$.location[?@['@']=='/api'].proxy_pass"
    assert changes(location("a"), location("b")) == [("changed", key, "a", "b")]


def test_an_identity_that_a_user_gave_wins_over_the_natural_one() -> None:
    approved, observed = (tree({"users": [{"name": "x", "uid": 1, "home": home}]}) for home in ("/a", "/b"))
    by_uid: Identities = {("users",): (("uid",),)}
    found = compare(approved, observed, approved_identities=by_uid).changes
    assert [change.key for change in found] == ["$.users[?@.uid==1].home"]
    assert compare(approved, observed, observed_identities=by_uid).changes == found


def test_identities_that_occur_twice_make_the_list_positional_and_are_a_problem() -> None:
    approved: Json = [{"name": "a", "v": 1}, {"name": "a", "v": 2}]
    observed: Json = [{"name": "a", "v": 1}, {"name": "a", "v": 3}]
    found = compared(approved, observed)
    assert [told(change) for change in found.changes] == [("changed", "$[1].v", 2, 3)]
    assert ["'a' occurs twice" in problem.message for problem in found.problems] == [True]


def test_members_in_another_order_have_moved_and_nothing_else() -> None:
    found = compared([{"name": "a"}, {"name": "b"}, {"name": "c"}], [{"name": "c"}, {"name": "a"}, {"name": "b"}])
    assert [(c.kind, c.key, c.moved_from, c.moved_to) for c in found.changes] == [
        (Kind.MOVED, "$[?@.name=='c']", "$[2]", "$[0]")
    ]
    assert found.changes[0].before_steps == (2,)
    assert found.changes[0].after_steps == (0,)


def test_a_member_that_moved_and_changed_is_told_as_both() -> None:
    found = changes([{"name": "a", "v": 1}, {"name": "b"}], [{"name": "b"}, {"name": "a", "v": 2}])
    assert ("changed", "$[?@.name=='a'].v", 1, 2) in found
    assert [kind for kind, *_ in found].count("moved") == 1
    assert len(found) == 2


def test_one_line_that_moved_is_one_move_whatever_else_repeats_itself() -> None:
    assert [kind for kind, *_ in changes(["u", "x", "x", "x", "y", "y"], ["x", "x", "x", "y", "y", "u"])] == ["moved"]


def test_a_scalar_that_stands_elsewhere_has_moved() -> None:
    found = compared(["a", "b", "c", "d"], ["d", "a", "b", "c"])
    assert [(c.kind, c.key, c.before, c.moved_from, c.moved_to) for c in found.changes] == [
        (Kind.MOVED, "$[0]", "d", "$[3]", "$[0]")
    ]


def test_the_order_of_a_set_is_no_difference_and_its_members_are() -> None:
    class Sets(PlainDialect):
        def sense(self, names: Names) -> Sense:
            return Sense(ordered=False)

    def found(approved: Json, observed: Json) -> list[tuple[str, str, Json, Json]]:
        return [told(change) for change in compare(tree(approved), tree(observed), dialect=Sets()).changes]

    assert found({"a": [1, 2, 3]}, {"a": [3, 1, 2]}) == []
    assert found([{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}]) == []
    assert found({"a": [1, 2, 2]}, {"a": [2, 3, 1, 2]}) == [("added", "$.a[1]", "-", 3)]
    assert found({"a": [1, 2]}, {"a": [2]}) == [("removed", "$.a[0]", 1, "-")]


def test_a_position_is_the_approved_one_of_what_went_away_else_the_observed_one() -> None:
    assert changes(["a", "b", "c"], ["b", "c"]) == [("removed", "$[0]", "a", "-")]
    assert changes(["b", "c"], ["a", "b", "c"]) == [("added", "$[0]", "-", "a")]
    assert changes(["a", "b", "c", "d"], ["b", "c", "x"]) == [
        ("removed", "$[0]", "a", "-"),
        ("changed", "$[2]", "d", "x"),
    ]


def test_a_second_occurrence_of_a_directive_is_one_addition() -> None:
    assert changes({"listen": "80"}, Node({"listen": repeated("80", "443")})) == [("added", "$.listen[1]", "-", "443")]
    assert changes(Node({"listen": repeated("80", "443")}), {"listen": "80"}) == [
        ("removed", "$.listen[1]", "443", "-")
    ]


def test_one_occurrence_of_a_repeatable_directive_is_the_lone_scalar() -> None:
    assert changes(Node({"listen": repeated("80")}), {"listen": "80"}) == []
    assert changes(Node({"listen": repeated("80")}), {"listen": "81"}) == [("changed", "$.listen[0]", "80", "81")]


def test_an_edited_member_beside_a_new_one_is_changed_not_replaced() -> None:
    approved: Json = [{"a": 1, "b": 2, "c": 3}, {"x": 1, "y": 2, "z": 3}]
    observed: Json = [{"new": True}, {"a": 1, "b": 2, "c": 4}, {"x": 1, "y": 2, "z": 4}]
    assert sorted(changes(approved, observed)) == [
        ("added", "$[0]", "-", {"new": True}),
        ("changed", "$[1].c", 3, 4),
        ("changed", "$[2].z", 3, 4),
    ]


def test_both_sides_have_the_lines_on_which_they_stand() -> None:
    approved = Node({"a": Node(1, 2), "gone": Node(3, 9)}, 1)
    observed = Node({"a": Node(2, 7), "new": Node(3, 8)}, 1)
    found = {change.key: (change.before_line, change.after_line) for change in compare(approved, observed).changes}
    assert found == {"$.a": (2, 7), "$.gone": (9, None), "$.new": (None, 8)}


def test_changes_come_in_the_order_in_which_the_document_is_read() -> None:
    approved = Node({name: Node(0, line) for name, line in (("z", 1), ("b", 2), ("a", 3))}, 1)
    observed = Node({name: Node(1, line) for name, line in (("z", 1), ("b", 2), ("a", 3))}, 1)
    assert [change.key for change in compare(approved, observed).changes] == ["$.z", "$.b", "$.a"]


def test_too_many_differences_are_cut_short_still_drift_and_say_so() -> None:
    approved: Json = {"few": {"a": 1}, "many": {f"k{n}": 1 for n in range(50)}}
    observed: Json = {"few": {"a": 2}, "many": {f"k{n}": 2 for n in range(50)}}
    found = compare(tree(approved), tree(observed), max_places=20)
    assert [told(change) for change in found.changes] == [
        ("changed", "$.few.a", 1, 2),
        ("changed", "$.many", {f"k{n}": 1 for n in range(50)}, {f"k{n}": 2 for n in range(50)}),
    ]
    assert ["too many differences" in problem.message for problem in found.problems] == [True]


def test_a_wholly_different_document_is_one_change_at_its_root() -> None:
    approved, observed = ([f"{side}{n}" for n in range(6_000)] for side in "ab")
    found = compared([*approved], [*observed])
    assert [(change.kind, change.key) for change in found.changes] == [(Kind.CHANGED, "$")]
    assert found.problems


def test_fifty_thousand_lines_with_a_few_edits_are_told_line_by_line() -> None:
    lines: list[Json] = [f"line {number % 9_000}" for number in range(50_000)]
    edited = [*lines[:100], "new", *lines[100:30_000], "changed line", *lines[30_001:]]
    assert changes(lines, edited) == [
        ("added", "$[100]", "-", "new"),
        ("changed", "$[30001]", lines[30_000], "changed line"),
    ]


def test_long_texts_of_many_lines_are_one_value_each() -> None:
    text = "".join(f"line {number % 10}\n" for number in range(100_000))
    assert changes({"script": text}, {"script": text[1:]}) == [("changed", "$.script", text, text[1:])]


def test_a_document_as_deep_as_formats_allow_is_compared() -> None:
    def deep(value: Json, levels: int) -> Json:
        for level in range(levels):
            value = {"a": value} if level % 2 else [value]
        return value

    found = changes(deep(1, 100), deep(2, 100))
    assert [(kind, before, after) for kind, _, before, after in found] == [("changed", 1, 2)]


@given(value=TREES, other=SCALARS, choice=st.integers(min_value=0))
def test_one_scalar_that_changed_is_one_change_with_its_key_and_values(value: Json, other: Scalar, choice: int) -> None:
    approved, observed = tree(value), tree(value)
    places = scalar_places(observed)
    if not places:
        return
    steps = places[choice % len(places)]
    place = observed.at(steps)
    assert place is not None
    before = place.value
    if spelled(tree(other).to_json()) == repr(before):
        return
    place.value = other
    found = compare(approved, observed).changes
    assert [(change.kind, change.key) for change in found] == [(Kind.CHANGED, render_key(steps))]
    assert repr((found[0].before, found[0].after)) == repr((before, other))
    assert found[0].before_steps == found[0].after_steps == steps


@given(value=TREES, seed=st.integers())
def test_shuffled_members_of_mappings_are_no_change(value: Json, seed: int) -> None:
    def shuffle(node: Node) -> None:
        if isinstance(node.value, dict):
            members = list(node.value.items())
            random.Random(seed).shuffle(members)
            node.value = dict(members)

    observed = tree(value)
    for _, node in list(observed.walk()):
        shuffle(node)
    assert compare(tree(value), observed).changes == ()


@given(value=VALUES, other=VALUES)
def test_there_are_changes_exactly_where_the_documents_differ(value: Json, other: Json) -> None:
    assert bool(compared(value, other).changes) == (spelled(value) != spelled(other))


@given(value=VALUES, other=VALUES)
def test_every_change_shows_what_stands_at_its_places(value: Json, other: Json) -> None:
    def shown(root: Node, steps: Steps | None) -> str:
        node = root.at(steps) if steps is not None else None
        return spelled(node.to_json()) if node is not None else "ABSENT"

    approved, observed = tree(value), tree(other)
    for change in compare(approved, observed).changes:
        before, after = (
            repr(side) if isinstance(side, Absent) else spelled(side) for side in (change.before, change.after)
        )
        assert (before, after) == (shown(approved, change.before_steps), shown(observed, change.after_steps))
        assert (before == "ABSENT") == (change.kind is Kind.ADDED)
        assert (after == "ABSENT") == (change.kind is Kind.REMOVED)
        assert (before == after) == (change.kind is Kind.MOVED)


@given(
    names=st.lists(st.text(max_size=3), unique=True, min_size=2, max_size=8),
    values=st.lists(SCALARS, min_size=8, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_members_with_identities_in_another_order_only_move(
    names: list[str], values: list[Scalar], order: random.Random
) -> None:
    members: list[Json] = [{"name": name, "value": value} for name, value in zip(names, values, strict=False)]
    shuffled = list(members)
    order.shuffle(shuffled)
    found = compared(members, shuffled).changes
    assert {change.kind for change in found} <= {Kind.MOVED}
    assert bool(found) == (members != shuffled)
    assert len(found) < len(members)


def test_a_row_in_which_nearly_all_differs_is_another_row() -> None:
    def row(minute: str, hour: str, user: str, command: str) -> Json:
        return {"minute": minute, "hour": hour, "user": user, "command": command}

    one, last = row("0", "4", "root", "backup"), row("1", "1", "root", "clean")
    assert changes([one, last], [row("5", "4", "root", "backup"), last]) == [("changed", "$[0].minute", "0", "5")]
    assert [kind for kind, *_ in changes([one, last], [row("9", "1", "www", "report"), last])] == ["removed", "added"]


def test_a_block_that_comes_once_on_both_sides_is_the_same_block() -> None:
    one, other = Node({"Service": repeated({})}), Node({"Service": repeated({"User": "www", "Nice": "5"})})
    assert changes(one, other) == [
        ("added", "$.Service[0].Nice", "-", "5"),
        ("added", "$.Service[0].User", "-", "www"),
    ]


def test_members_of_a_set_that_are_alike_are_one_changed_member() -> None:
    class Sets(PlainDialect):
        def sense(self, names: Names) -> Sense:
            return Sense(ordered=False)

    approved: Json = [{"a": 1, "b": 2}, {"a": 5, "b": 6}]
    observed: Json = [{"a": 5, "b": 7}, {"a": 1, "b": 2}]
    found = compare(tree(approved), tree(observed), dialect=Sets()).changes
    assert [told(change) for change in found] == [("changed", "$[0].b", 6, 7)]


# --- order


def test_changes_have_one_order_in_every_process() -> None:
    """deepdiff's depends on the hashes of strings: a list of which two members went and one changed came out in two ways."""
    script = "from tests.unit.compare.test_differ import changes; print(changes(['a: 1', 'b: 2', 'c: 3'], ['b: 9']))"
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(6)
    }
    assert len(told) == 1, told


# --- one difference alone


@given(TREES, TREES)
def test_what_is_told_without_deepdiff_is_what_deepdiff_finds(approved: Json, observed: Json) -> None:
    before, after = canonical(approved, observed)
    only = only_difference(before, after)
    assert only is None or found_by_deepdiff(before, after) == [only]


def canonical(approved: Json, observed: Json) -> tuple[Canonical, Canonical]:
    reduction = Reducer(PlainDialect(), {}, {}, max_places=1000).reduce(tree(approved), tree(observed))
    return reduction.before, reduction.after


@pytest.mark.parametrize(
    ("approved", "observed"),
    [
        ({"a": {"b": [1, {"c": 2}]}, "d": 3}, {"a": {"b": [1, {"c": 3}]}, "d": 3}),
        ({"a": {"b": 1}}, {"a": {}}),
        ({"a": {}}, {"a": {"b": {"c": 1}}}),
        ({"a": 1}, {"a": True}),
        ({"a": [1]}, {"a": {"b": 1}}),
        (1, 2),
    ],
)
def test_one_setting_alone_needs_no_deepdiff(approved: Json, observed: Json) -> None:
    before, after = canonical(approved, observed)
    only = only_difference(before, after)
    assert only is not None
    assert found_by_deepdiff(before, after) == [only]


@pytest.mark.parametrize(
    ("approved", "observed"), [({"a": 1, "b": 1}, {"a": 2, "b": 2}), ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 1})]
)
def test_whether_there_is_one_difference_is_left_to_deepdiff_where_trees_branch(approved: Json, observed: Json) -> None:
    assert only_difference(*canonical(approved, observed)) is None
