"""Changes below one key stand together under it, and can be put together again."""

from __future__ import annotations

import pytest

from driftd.cli.sections import below, parent_of, rows, split_key
from driftd.model.change import Aspect, Change, Kind


def changed(key: str) -> Change:
    return Change(Aspect.CONTENT, Kind.CHANGED, key, 1, 2)


def told(*keys: str) -> list[str]:
    return [
        f"{row.indent}{row.key}" if row.change else f"{row.indent}{row.key}:" for row in rows([*map(changed, keys)])
    ]


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        ("$", ()),
        ("$.a", (".a",)),
        ("$.a[0]['b.c']", (".a", "[0]", "['b.c']")),
        ("$.s[?@['@']=='/api'].x", (".s", "[?@['@']=='/api']", ".x")),
        (r"$['it\'s']['a]b'].c", (r"['it\'s']", "['a]b']", ".c")),
        ("$[?@.metadata.name=='a' && @.kind=='B']", ("[?@.metadata.name=='a' && @.kind=='B']",)),
        ("$.l[?@.name=='x]y[']", (".l", "[?@.name=='x]y[']")),
    ],
)
def test_a_key_is_split_into_its_steps(key: str, steps: tuple[str, ...]) -> None:
    assert split_key(key) == steps
    assert "$" + "".join(split_key(key)) == key


def test_what_is_no_key_is_kept() -> None:
    assert "$" + "".join(split_key("$.a[oops")) == "$.a[oops"


def test_one_change_stands_by_itself_with_its_whole_key() -> None:
    assert told("$.a.b.c") == ["$.a.b.c"]


def test_changes_below_one_key_stand_under_it() -> None:
    assert told("$.a.b.c", "$.a.b.d", "$.e") == ["$.a.b:", "  c", "  d", "$.e"]


def test_sections_nest() -> None:
    assert told("$.h.x", "$.h.s[?@.n=='a'].p", "$.h.s[?@.n=='a'].q.r", "$.h.y") == [
        "$.h:",
        "  x",
        "  s[?@.n=='a']:",
        "    p",
        "    q.r",
        "  y",
    ]


def test_a_key_that_is_the_beginning_of_another_one_is_told_as_well() -> None:
    assert told("$.a", "$.a.b") == ["$.a", "$.a.b"]
    assert told("$.s.a[0]", "$.s.a[0].x") == ["$.s.a:", "  [0]", "  [0].x"]


def test_names_that_begin_alike_are_not_one_section() -> None:
    assert told("$.ab.x", "$.a.x") == ["$.ab.x", "$.a.x"]


def test_lines_of_text_have_no_section() -> None:
    assert told("$[0]", "$[3]") == ["$[0]", "$[3]"]


def test_order_is_kept() -> None:
    keys = ["$.a.x", "$.b.x", "$.a.y", "$.b.y"]
    assert told(*keys) == keys


def test_a_thousand_levels_are_no_trouble() -> None:
    deep = "$" + ".a" * 1000
    assert len(told(deep + ".x", deep + ".y")) == 3


def test_keys_below_another_one() -> None:
    assert parent_of("$.a[0]") == "$.a"
    assert below("$.a", "$.a[0].b") == "[0].b"
    assert below("$.a", "$.a.b") == "b"
    assert below("$", "$.a") == "$.a"
