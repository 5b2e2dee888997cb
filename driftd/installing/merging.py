"""An existing driftd.yaml gets the keys that it does not name, as comments. Not a line of it is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from driftd.formats.reading import read
from driftd.installing.settings_text import key_lines, member_lines
from driftd.model.document import Json

Schema = Mapping[str, Any]
_KEY: Final = re.compile(r"^( *)([A-Za-z_]+):(.*)$")
_FLOW: Final = re.compile(r"(?:\s|#[^\n]*\n|---\s)*\{")
_EMPTY: Final = re.compile(r"\s*(#.*)?$")


class UnreadableSettingsError(Exception):
    """What stands there is no YAML, or would mean something else afterwards: nothing is to be written."""


def merged(text: str, schema: Schema) -> tuple[str, list[str]]:
    """Return the file with what it did not name, and the names of that. It means what it meant.

    A file in flow style, JSON for example, has no room for comments: it stays as it is.
    """
    before = _tree(text)
    if _FLOW.match(text):
        return text, []
    named = _named(text, before, schema)
    lines = text.splitlines()
    added: list[str] = []
    end: list[str] = []
    for key, entry in schema["properties"].items():
        missing = [name for name in entry.get("properties", ()) if f"{key}.{name}" not in named]
        if key not in named:
            added.append(key)
            end += ["", *key_lines(key, entry, {})]
        elif missing:
            added += [f"{key}.{name}" for name in missing]
            _into_section(lines, key, {name: entry["properties"][name] for name in missing})
    if not added:
        return text, []
    result = "\n".join([*lines, *end]) + "\n"
    if _set(_tree(result)) != _set(before):
        raise UnreadableSettingsError("what is new could not be added without changing what it means")
    return result, added


def _tree(text: str) -> Json:
    reading = read(text.encode(), "driftd.yaml", "yaml")
    if reading.document is None or reading.problem is not None:
        raise UnreadableSettingsError(f"it is not YAML: {reading.problem.message if reading.problem else 'not text'}")
    return reading.document.root.to_json()


def _set(tree: Json) -> Json:
    """A section without a value sets nothing."""
    return {key: value for key, value in tree.items() if value is not None} if isinstance(tree, dict) else tree


def _named(text: str, tree: Json, schema: Schema) -> set[str]:
    """Return the keys of the schema that are set, or stand there as comments."""
    known = {key: set(entry.get("properties", ())) for key, entry in schema["properties"].items()}
    found: set[str] = set()
    section = ""
    for line in text.splitlines():
        key = _KEY.match(line.removeprefix("#"))
        if key and not key[1] and key[2] in known:
            section = key[2]
            found.add(section)
        elif key and key[1] and key[2] in known.get(section, ()):
            found.add(f"{section}.{key[2]}")
    for name, value in tree.items() if isinstance(tree, dict) else ():
        found.add(name)
        found |= {f"{name}.{below}" for below in value} if isinstance(value, dict) else set()
    return found


def _into_section(lines: list[str], key: str, members: Mapping[str, Schema]) -> None:
    """Put the members behind the line that opens their section; its own members say how deep they stand."""
    at = next((number for number, line in enumerate(lines) if re.match(rf"#?{key}:", line)), None)
    if at is None:
        raise UnreadableSettingsError(f"{key} is written in another way than `{key}:` at the beginning of a line")
    opened = _KEY.match(lines[at].removeprefix("#"))
    block = opened is not None and _EMPTY.match(opened[3]) is not None
    indent = _indent(lines[at + 1 :]) if block else "  "
    new = [] if block else ["  # To set one of these, put it between the braces above."]
    new += [line for name, entry in members.items() for line in member_lines(name, entry, indent)]
    lines[at + 1 : at + 1] = new


def _indent(below: list[str]) -> str:
    first = next((line for line in below if line.strip() and not line.lstrip().startswith("#")), "")
    return first[: len(first) - len(first.lstrip(" "))] or "  "
