"""driftd.yaml as it is first written: every key there is, those that are not set as comments with their defaults.

A line that begins with `#` and a key is that key: without the `#` it is set. Sections stand there in any case, for a section
without a value has its defaults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from driftd.model.document import Json

Schema = Mapping[str, Any]
HEAD: Final = """\
# Settings of driftd. See driftd.yaml(5).
# A line that begins with # and a key shows its default: remove the # to change it.
"""


def settings_text(schema: Schema, chosen: Mapping[str, Json]) -> str:
    """Return the whole file. `chosen`: what is set, by key, `audit.every` for a key of a section."""
    lines = [HEAD]
    for key, entry in schema["properties"].items():
        lines += key_lines(key, entry, chosen)
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def key_lines(key: str, entry: Schema, chosen: Mapping[str, Json]) -> Iterator[str]:
    """Yield the lines of one key of the file, or of a section with all its keys."""
    if key in chosen:
        yield from _prose(entry, "")
        yield from _set(key, chosen[key])
        return
    if "properties" not in entry:
        yield from _prose(entry, "")
        yield f"#{key}: {_default(entry)}"
        return
    yield f"{key}:"
    for name, below in entry["properties"].items():
        yield from member_lines(name, below, "  ", chosen.get(f"{key}.{name}"))


def member_lines(name: str, entry: Schema, indent: str, chosen: Json = None) -> Iterator[str]:
    """Yield the lines of a key in a section."""
    yield from _prose(entry, indent)
    yield f"#{indent}{name}: {_default(entry)}" if chosen is None else f"{indent}{name}: {_spelled(chosen)}"


def _prose(entry: Schema, indent: str) -> Iterator[str]:
    text = entry.get("description", "").replace("`", "")
    yield from wrap(text, 110, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _set(key: str, value: Json) -> Iterator[str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        yield f"{key}: {_spelled(value)}"
        return
    yield f"{key}:"
    for member in value:
        yield f"  - {_spelled(member)}"


def _default(entry: Schema) -> str:
    if "default" in entry:
        return _spelled(entry["default"])
    kinds = entry.get("type", "null")
    return "{}" if "object" in kinds else "[]" if "array" in kinds else "null"


def _spelled(value: Json) -> str:
    """A value in the flow style of YAML, without quotes where none are needed."""
    match value:
        case str():
            plain = value.replace("/", "").replace("_", "").replace(".", "").replace("-", "").isalnum()
            return value if plain and not value.isdigit() and not value.startswith("0") else json.dumps(value)
        case Mapping():
            inner = ", ".join(f"{name}: {_spelled(member)}" for name, member in value.items())
            return "{" + inner + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_spelled, value)) + "]"
        case _:
            return json.dumps(value)
