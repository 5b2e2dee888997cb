"""Keys: where a setting stands in a document, as one fixed spelling of RFC 9535 JSONPath."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from driftd.model.document import Scalar

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "'": "\\'", "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Identity:
    """A list member told apart by the values of some of its own members: `[?@.job_name=='node']`."""

    parts: tuple[tuple[tuple[str, ...], Scalar], ...]
    """(names from the member down to the identity value, the value): `((("metadata", "name"), "web"), (("kind",), "Service"))`."""


KeyStep = str | int | Identity


def _quoted(text: str) -> str:
    out = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char < " " or "\ud800" <= char <= "\udfff":
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(char)
    return "'" + "".join(out) + "'"


def _member(name: str) -> str:
    return f".{name}" if _NAME.match(name) else f"[{_quoted(name)}]"


def _literal(value: Scalar) -> str:
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def render_key(steps: tuple[KeyStep, ...]) -> str:
    """Spell steps as a key: `$.a['b.c'][0][?@.name=='x']`."""
    out = ["$"]
    for step in steps:
        match step:
            case str():
                out.append(_member(step))
            case int():
                out.append(f"[{step}]")
            case Identity(parts):
                tests = " && ".join(f"@{''.join(map(_member, names))}=={_literal(value)}" for names, value in parts)
                out.append(f"[?{tests}]")
    return "".join(out)


_PLAIN = re.compile(
    r"\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<index>-?(?:0|[1-9][0-9]*))\]|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]"
)
_UNESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_UNESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return _UNESCAPES.get(code, code)


def plain_steps(key: str) -> tuple[str | int, ...] | None:
    """Return the steps of a key made of names and indexes only, None where it needs a JSONPath engine."""
    if not key.startswith("$"):
        return None
    steps: list[str | int] = []
    position = 1
    while position < len(key):
        match = _PLAIN.match(key, position)
        if match is None:
            return None
        if match["name"] is not None:
            steps.append(match["name"])
        elif match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(_UNESCAPE.sub(_unescape, match["quoted"]))
        position = match.end()
    return tuple(steps)
