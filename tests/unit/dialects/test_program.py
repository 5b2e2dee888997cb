"""What a data file says about a place, and what it makes of two documents."""

from __future__ import annotations

import pytest

from driftd.compare.differ import compare
from driftd.compare.meaning import Sense
from driftd.dialects.declaration import DialectError, declaration
from driftd.dialects.program import ProgramDialect
from driftd.model.change import Absent
from driftd.model.document import Json, Node
from tests.unit.compare.trees import repeated, tree

HEAD = 'format = "ini"\nsource = "made for a test"\n'


def dialect(text: str, *, defaults: bool = True) -> ProgramDialect:
    return ProgramDialect("made", declaration(HEAD + text, "made.toml"), defaults=defaults)


def changes(dialect: ProgramDialect, approved: Json | Node, observed: Json | Node) -> list[tuple[str, str, Json, Json]]:
    sides = [side if isinstance(side, Node) else tree(side) for side in (approved, observed)]
    return [
        (
            change.kind.value,
            change.key,
            "-" if isinstance(change.before, Absent) else change.before,
            "-" if isinstance(change.after, Absent) else change.after,
        )
        for change in compare(*sides, dialect=dialect).changes
    ]


LAST = dialect('repeats = "last"\n')
FIRST = dialect('repeats = "first"\n[[settings]]\nnames = ["listen"]\nrepeats = "all"\n')


def test_of_a_repeated_setting_the_last_counts_where_the_program_says_so() -> None:
    assert changes(LAST, Node({"a": repeated("1", "2")}), {"a": "2"}) == []
    assert changes(LAST, {"a": "1"}, Node({"a": repeated("1", "2")})) == [("changed", "$.a", "1", "2")]
    assert changes(LAST, Node({"a": repeated("1", "2")}), Node({"a": repeated("3", "2")})) == []


def test_of_a_repeated_setting_the_first_counts_where_the_program_says_so() -> None:
    assert changes(FIRST, {"a": "1"}, Node({"a": repeated("1", "2")})) == []
    assert changes(FIRST, {"a": "1"}, Node({"a": repeated("2", "1")})) == [("changed", "$.a", "1", "2")]
    assert changes(FIRST, {"listen": "1"}, Node({"listen": repeated("1", "2")})) == [("added", "$.listen[1]", "-", "2")]


def test_a_change_of_the_occurrence_that_counts_knows_its_place_and_line() -> None:
    observed = Node({"a": Node([Node("1", 3), Node("2", 9)], 3, repeated=True)})
    (change,) = compare(tree({"a": "1"}), observed, dialect=LAST).changes
    assert (change.before_steps, change.after_steps, change.after_line) == (("a",), ("a", 1), 9)


DEFAULTS = """
defaults_in = ["*/app.conf"]
[[settings]]
names = ["x11"]
top = true
type = "boolean"
default = "no"
"""


def test_saying_the_default_is_saying_nothing_where_the_file_is_the_whole_story() -> None:
    whole, drop_in = dialect(DEFAULTS), dialect(DEFAULTS, defaults=False)
    assert changes(whole, {"a": 1}, {"a": 1, "x11": "off"}) == []
    assert changes(whole, {"x11": "no"}, {}) == []
    assert changes(whole, {}, {"x11": "yes"}) == [("added", "$.x11", "-", "yes")]
    assert changes(whole, {"x11": "yes"}, {"x11": "no"}) == [("changed", "$.x11", "yes", "no")]
    assert changes(whole, {"match": {"a": "1"}}, {"match": {"a": "1", "x11": "no"}}) != []
    assert changes(drop_in, {}, {"x11": "no"}) == [("added", "$.x11", "-", "no")]


def test_prefixes_of_names_mean_nothing_where_the_dialect_says_so() -> None:
    prefixed = dialect('ignore_prefix = ":"\n')
    assert changes(prefixed, {"a:b": {"c:d": "1"}}, {"n0:b": {"d": "1"}}) == []
    assert changes(prefixed, {"a:b": "1"}, {"n0:b": "2"}) == [("changed", "$['n0:b']", "1", "2")]
    assert changes(prefixed, {"@a:b": "1"}, {"@b": "1"}) != []


NAMES = 'ignore_name_case = true\nignore_in_names = " _"\n[[settings]]\nnames = ["readonly"]\ntype = "boolean"\n'


def test_names_of_one_member_may_be_spelled_in_several_ways() -> None:
    samba = dialect(NAMES)
    assert changes(samba, {"Read Only": "yes"}, {"read_only": "true"}) == []
    assert changes(samba, {"Read Only": "yes"}, {"read_only": "no"}) == [("changed", "$.read_only", "yes", "no")]
    assert changes(samba, {"Read Only": "yes"}, {}) == [("removed", "$['Read Only']", "yes", "-")]


def test_two_spellings_on_one_side_are_two_members() -> None:
    samba = dialect(NAMES)
    assert changes(samba, {"A B": "1"}, {"ab": "1", "a_b": "2"}) == [("added", "$.a_b", "-", "2")]


def test_two_spellings_on_both_sides_do_not_swap_their_values_unseen() -> None:
    samba = dialect(NAMES)
    found = changes(samba, {"A B": "1", "ab": "2"}, {"A B": "2", "ab": "1"})
    assert sorted(found) == [("changed", "$.ab", "2", "1"), ("changed", "$['A B']", "1", "2")]


def test_the_more_specific_entry_wins_key_by_key() -> None:
    found = dialect(
        '[[settings]]\nnames = ["host*"]\nordered = false\nidentity = [["name"]]\n'
        '[[settings]]\nnames = ["hosts"]\nbelow = ["pool"]\nordered = true\n'
    )
    by_name = ((("name",),),)
    assert found.sense(("hosts",)) == Sense(ordered=False, identities=by_name)
    assert found.sense(("a", "pool", "hosts")) == Sense(ordered=True, identities=by_name)
    assert found.sense(("ghosts",)) == Sense()


def test_the_list_at_the_root_has_a_name() -> None:
    table = dialect('[[settings]]\nnames = ["$"]\nordered = false\nidentity = [["login"]]\n')
    rows: list[Json] = [{"login": "a", "uid": 1}, {"login": "b", "uid": 2}]
    assert changes(table, rows, rows[::-1]) == []
    assert changes(table, rows, [{"login": "b", "uid": 3}, {"login": "a", "uid": 1}]) == [
        ("changed", "$[?@.login=='b'].uid", 2, 3)
    ]


SETS = dialect(
    '[[settings]]\nnames = ["env"]\nordered = false\nkey_ends = "="\n'
    '[[settings]]\nnames = ["path"]\nordered = false\n'
    '[[settings]]\nnames = ["host"]\nordered = false\nidentity = [["ip"]]\n'
)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("env", ["A=1", "B=1", "A=2"]),
        ("path", ["/a", "", "/b"]),
        ("path", ["/a", "!/a/b"]),
        ("path", ["~/a", "/b"]),
        ("host", [{"ip": "1", "to": "a"}, {"ip": "1", "to": "b"}]),
    ],
)
def test_the_order_of_a_set_counts_where_one_member_changes_another(name: str, members: list[Json]) -> None:
    moved = changes(SETS, {name: members}, {name: members[::-1]})
    assert moved
    assert all(kind in ("moved", "changed") for kind, *_ in moved)
    assert changes(SETS, {name: members}, {name: members}) == []


@pytest.mark.parametrize(
    ("name", "members"),
    [("env", ["A=1", "B=1"]), ("path", ["/a", "/b"]), ("host", [{"ip": "1"}, {"ip": "2"}])],
)
def test_the_order_of_a_set_means_nothing_where_its_members_stand_beside_each_other(
    name: str, members: list[Json]
) -> None:
    assert changes(SETS, {name: members}, {name: members[::-1]}) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[settings]]\nnames = []", "names no setting"),
        ('[[settings]]\nnames = ["a"]\ntype = "quantity"', "needs `units`"),
        ('[[settings]]\nnames = ["a"]\ntype = "quantity"\nunits = "time"', "no table [units.time]"),
        ('[[settings]]\nnames = ["a"]\ndefault = "x"', "defaults_in"),
        ('ignore_name_case = true\n[[settings]]\nnames = ["A"]', "lower case"),
        ('[[settings]]\nnames = ["a"]\ntype = "duration"', "Invalid enum value 'duration'"),
        ('[[settings]]\nname = ["a"]', "unknown field `name`"),
        ("[[settings", "made.toml: "),
    ],
)
def test_a_data_file_that_cannot_be_says_where_and_why(text: str, message: str) -> None:
    with pytest.raises(DialectError) as caught:
        declaration(HEAD + text, "made.toml")
    assert "made.toml" in str(caught.value)
    assert message in str(caught.value)


def test_sections_of_one_name_all_count_whatever_is_said_of_settings() -> None:
    one, other = ({"section": repeated({"a": name}, {"b": "1"})} for name in "xy")
    assert changes(LAST, Node(one), Node(other)) == [("changed", "$.section[0].a", "x", "y")]


def test_an_identity_that_is_spelled_otherwise_is_the_same_member() -> None:
    table = dialect(
        '[[settings]]\nnames = ["$"]\nidentity = [["type"]]\n[[settings]]\nnames = ["type"]\nignore_case = true\n'
    )
    one: list[Json] = [{"type": "auth", "to": 1}, {"type": "x", "to": 1}]
    other: list[Json] = [{"type": "Auth", "to": 1}, {"type": "x", "to": 2}]
    assert changes(table, one, other) == [("changed", "$[?@.type=='x'].to", 1, 2)]


KINDS = dialect('[[settings]]\nnames = ["$"]\nidentity = [["alias", "user", "host"]]\nin_part = true\n')


def test_members_of_several_kinds_are_told_apart_by_what_they_have() -> None:
    rows: list[Json] = [{"alias": "A", "of": "x"}, {"user": "u", "host": "h", "may": "y"}]
    assert changes(KINDS, rows, [{"alias": "A", "of": "z"}, rows[1]]) == [("changed", "$[?@.alias=='A'].of", "x", "z")]
    moved = changes(KINDS, rows, rows[::-1])
    assert [kind for kind, *_ in moved] == ["moved"]
    assert changes(KINDS, [*rows, rows[0]], [{"alias": "A", "of": "z"}, *rows[1:], rows[0]]) == [
        ("changed", "$[0].of", "x", "z")
    ]
