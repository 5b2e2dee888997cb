"""Scalars of YAML, typed by the core schema of YAML 1.2 from their raw text."""

from __future__ import annotations

import math
import re

from driftd.model.document import Node

_PREFIX = "tag:yaml.org,2002:"
_NULL = frozenset({"", "null", "Null", "NULL", "~"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_DECIMAL = re.compile(r"[-+]?[0-9]{1,400}\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]{1,400}\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,400}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,400})?\Z")


def scalar_node(tag: str, text: str, style: str | None, line: int) -> Node:
    """Return the node of a scalar: a plain one is typed by its text, any other is text unless its tag says more.

    `tag` is what libyaml resolved; only one that was written, or `!`, can differ from the plain resolution.
    """
    if style is None and _is_implicit(tag):
        return _plain(text, line)
    kind = tag.removeprefix(_PREFIX)
    if kind in ("int", "float", "bool", "null") and tag != kind:
        node = _plain(text, line)
        if kind == "float" and isinstance(node.value, int) and not isinstance(node.value, bool):
            return Node(float(node.value), line, raw=text)
        return node
    return Node(text, line)


def _is_implicit(tag: str) -> bool:
    """Whether a plain scalar's tag may come from libyaml's own resolution, which is that of YAML 1.1."""
    return tag.startswith(_PREFIX)


def _plain(text: str, line: int) -> Node:
    if text in _NULL:
        return Node(None, line, raw=text if text not in ("", "null") else None)
    if text in _BOOLEANS:
        return Node(_BOOLEANS[text], line, raw=text if text not in ("true", "false") else None)
    number = _number(text)
    if number is None:
        return Node(text, line)
    return Node(number, line, raw=text if str(number) != text else None)


def _number(text: str) -> int | float | None:
    """The number a text spells; None for text, and for what has no JSON number or one number per YAML version."""
    if _LEADING_ZERO.match(text):
        return None  # 0644: YAML 1.1, which most programs read, takes it as octal, 1.2 as decimal
    if _DECIMAL.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.match(text):
        return int(text[2:], 16)
    if _FLOAT.match(text):
        value = float(text)
        return value if math.isfinite(value) else None
    return None
