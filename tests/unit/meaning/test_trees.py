"""YAML, JSON, TOML and XML: one tree in two styles is one; one other leaf is one change with its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.model.document import Json, Node, Steps, node_from_json
from driftd.model.keys import render_key
from tests.unit.meaning.told import NAMES, VALUES, Draw, otherwise, told

SCALARS = st.one_of(VALUES, st.integers(-9, 99), st.booleans(), st.just("two  words"), st.just("1"))
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda below: st.lists(below, min_size=1, max_size=3) | st.dictionaries(NAMES, below, min_size=1, max_size=3),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)
TEXTS = st.dictionaries(NAMES, st.one_of(VALUES, st.dictionaries(NAMES, VALUES, min_size=1, max_size=3)), min_size=1)
few = settings(max_examples=settings().max_examples // 3)


def shuffled(draw: Draw, value: Json) -> Json:
    """The same tree, the members of its mappings in another order."""
    if isinstance(value, dict):
        return {name: shuffled(draw, value[name]) for name in draw(st.permutations(list(value)))}
    return [shuffled(draw, member) for member in value] if isinstance(value, list) else value


def to_json(draw: Draw, value: Json) -> str:
    indent: int | str | None = draw(st.sampled_from([None, 2, "\t"]))
    separators = draw(st.sampled_from([(",", ":"), (" , ", " : ")]))
    return json.dumps(value, indent=indent, separators=separators) + "\n"


def to_yaml(draw: Draw, value: Json) -> str:
    return (
        _yaml(draw, value, "", draw(st.sampled_from(["  ", "   ", "    "])))
        if draw(st.booleans())
        else to_json(draw, value)
    )


def _yaml(draw: Draw, value: Json, indent: str, step: str) -> str:
    remark = draw(st.sampled_from(["", " # why", f"\n\n{indent}# said before: 1"]))
    if isinstance(value, dict):
        return "".join(f"{remark}\n{indent}{name}:{_below(draw, each, indent, step)}" for name, each in value.items())
    assert isinstance(value, list)
    return "".join(f"{remark}\n{indent}-{_below(draw, each, indent, step)}" for each in value)


def _below(draw: Draw, value: Json, indent: str, step: str) -> str:
    if isinstance(value, dict | list):
        return _yaml(draw, value, indent + step, step)
    if isinstance(value, str) and value != "1":
        return " " + draw(st.sampled_from([value, f"'{value}'", json.dumps(value), f"{value} # why"]))
    return " " + (draw(st.sampled_from(["'1'", '"1"'])) if value == "1" else json.dumps(value))


def to_toml(draw: Draw, value: Json) -> str:
    assert isinstance(value, dict)
    plain = [name for name in value if not isinstance(value[name], dict)]
    lines = [f"{name} = {_toml(draw, value[name])}  # why" for name in plain]
    for name, table in value.items():
        if isinstance(table, dict):
            if draw(st.booleans()):
                lines[0:0] = [f"{name}.{below} = {_toml(draw, each)}" for below, each in table.items()]
            else:
                lines += [f"  [ {name} ]", *(f"  {below}={_toml(draw, each)}" for below, each in table.items())]
    return "\n".join(lines) + "\n"


def _toml(draw: Draw, value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(draw, each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return draw(st.sampled_from(["[{}]", "[\n {},\n]"])).format(", ".join(_toml(draw, each) for each in value))
    return draw(st.sampled_from([f"'{value}'", f'"{value}"'])) if isinstance(value, str) else json.dumps(value)


def to_xml(draw: Draw, value: Json) -> str:
    assert isinstance(value, dict)
    blank = draw(st.sampled_from(["", "\n", "\n    "]))
    parts = [
        f"{draw(st.sampled_from(['', '<!-- said before -->']))}{blank}{_element(draw, *each)}" for each in value.items()
    ]
    return f'<?xml version="1.0"?>\n<root>{"".join(parts)}{blank}</root>\n'


def _element(draw: Draw, name: str, value: Json) -> str:
    if not isinstance(value, dict):
        space = draw(st.sampled_from(["", "\n  "]))
        return f"<{name}>{space}{escape(str(value))}{space}</{name}>"
    attributes = " ".join(f"{below[1:]} = {quoteattr(str(each))}" for below, each in value.items())
    return draw(st.sampled_from([f"<{name} {attributes}/>", f"<{name}\n {attributes} ></{name}>"]))


@dataclass(frozen=True)
class Style:
    format: str
    trees: st.SearchStrategy[Any]
    write: Callable[[Draw, Json], str]
    root: tuple[str, ...] = ()


XML = TEXTS.map(
    lambda tree: {
        name: {f"@{below}": v for below, v in each.items()} if isinstance(each, dict) else each
        for name, each in tree.items()
    }
)
STYLES = (
    Style("json", TREES, to_json),
    Style("yaml", TREES, to_yaml),
    Style("toml", TREES, to_toml),
    Style("xml", XML, to_xml, ("root",)),
)
every_style = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.format)


def leaves(tree: Json) -> list[tuple[Steps, Node]]:
    return [(steps, node) for steps, node in node_from_json(tree).walk() if not isinstance(node.value, dict | list)]


def with_leaf(value: Json, steps: Steps, leaf: Json) -> Json:
    """The same tree with another leaf."""
    if not steps:
        return leaf
    if isinstance(value, dict):
        return {name: with_leaf(each, steps[1:], leaf) if name == steps[0] else each for name, each in value.items()}
    assert isinstance(value, list)
    return [with_leaf(each, steps[1:], leaf) if index == steps[0] else each for index, each in enumerate(value)]


@every_style
@few
@given(draw=st.data())
def test_one_tree_in_two_styles_is_one(style: Style, draw: st.DataObject) -> None:
    tree = draw.draw(style.trees)
    other = otherwise(style.write(draw.draw, shuffled(draw.draw, tree)), draw.draw)
    assert told(style.format, style.write(draw.draw, tree), other) == []


@every_style
@few
@given(draw=st.data())
def test_one_other_leaf_is_one_change_with_its_key(style: Style, draw: st.DataObject) -> None:
    tree = draw.draw(style.trees)
    steps, node = draw.draw(st.sampled_from(leaves(tree)))
    leaf = draw.draw(VALUES.filter(lambda new: new != node.value))
    other = style.write(draw.draw, shuffled(draw.draw, with_leaf(tree, steps, leaf)))
    assert told(style.format, style.write(draw.draw, tree), other) == [("changed", render_key((*style.root, *steps)))]
