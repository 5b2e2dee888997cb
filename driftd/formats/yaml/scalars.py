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


def scalar_node(tag: str | None, text: str, line: int, *, plain: bool) -> Node:
    """Return the node of a scalar: a plain one is typed by its text, any other is text unless its tag says more."""
    kind = (tag or "").removeprefix(_PREFIX)
    if not plain and (tag == kind or kind not in ("int", "float", "bool", "null")):
        return Node(text, line)
    node = _plain(text, line)
    if kind == "float" and isinstance(node.value, int) and not isinstance(node.value, bool):
        return Node(float(node.value), line, raw=text)
    return node


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
        return int(text, 0)
    if _HEXADECIMAL.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        value = float(text)
        return value if math.isfinite(value) else None
    return None
