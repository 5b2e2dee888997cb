"""driftd.yaml(5) and driftd-baseline(5): what may stand in them, from their JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from driftd.handbook.roff import bold, example, page, plain, section, tagged

Schema = Mapping[str, Any]


def vocabulary_page(
    name: str, version: str, schema: Schema, intro: str, shown: Sequence[str], see_also: Sequence[tuple[str, int]]
) -> str:
    """Return the page of a file that a schema describes. `shown`: an example, line by line."""
    return page(name, 5, version, _phrase(schema["description"]), _body(schema, intro, shown, see_also))


def _body(schema: Schema, intro: str, shown: Sequence[str], see_also: Sequence[tuple[str, int]]) -> Iterator[str]:
    yield section("description")
    yield plain(intro)
    yield section("keys")
    for key, entry in keys_of(schema):
        yield tagged(bold(key), meaning(entry))
    yield section("example")
    yield example(shown)
    yield section("see also")
    yield ", ".join(f"{bold(other)}({number})" for other, number in see_also)


def keys_of(schema: Schema, above: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every key that may be set, spelled from the top; `[]` stands for each member of a list.

    Where a member may be one of several things, the keys of each follow one another.
    """
    for kind in schema.get("anyOf", ()):
        yield from keys_of(kind, above)
    required = schema.get("required", ())
    for name, entry in schema.get("properties", {}).items():
        key = above + name
        below = [*keys_of(entry, f"{key}.")]
        if isinstance(entry.get("items"), dict):
            below += keys_of(entry["items"], f"{key}[].")
        if not below or "description" in entry:
            yield key, {**entry, "isRequired": name in required}
        yield from below


def meaning(entry: Schema) -> str:
    """Return what a key means, in sentences: its description, the words it takes, its default."""
    parts = [entry.get("description", "").rstrip(".") or _kind(entry)]
    if words := entry.get("enum"):
        parts.append("One of " + ", ".join(f"`{word}`" for word in words if word is not None))
    if entry.get("isRequired"):
        parts.append("Required")
    elif "default" in entry:
        default = entry["default"]
        parts.append(f"Default: `{default if isinstance(default, str) else json.dumps(default)}`")
    return ". ".join(parts) + "."


def _kind(entry: Schema) -> str:
    if "const" in entry:
        return f"`{entry['const']}`"
    kinds = entry.get("type", "value")
    names = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
    return "A " + " or ".join(names)


def _phrase(text: str) -> str:
    return text[0].lower() + text[1:].rstrip(".")
