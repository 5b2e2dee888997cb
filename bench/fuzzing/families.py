"""Families of formats: those whose parsers are built on the same module are fuzzed together."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from types import ModuleType

from driftd.formats.registry import FORMATS, Format

BUILT_ON = {
    "families.columns": "tables",
    "families.sections": "sections",
    "families.blocks": "blocks",
    "parts.cursor": "expressions",
    "parts.expressions": "expressions",
    "families.directives": "directives",
    "parts.arguments": "directives",
}
"""A module that parsers share -> the family."""
DATA = frozenset({"json", "toml", "xml", "yaml"})


def families() -> dict[str, list[str]]:
    """Every format, by family; one that is built on none of the shared modules is among the lines."""
    found: dict[str, list[str]] = {}
    for entry in FORMATS:
        found.setdefault(_family(entry), []).append(entry.name)
    return dict(sorted(found.items()))


def _family(entry: Format) -> str:
    if entry.name in DATA:
        return "data"
    source = "".join(map(inspect.getsource, _modules(entry)))
    for module, family in BUILT_ON.items():
        if f"from driftd.formats.{module} import" in source:
            return family
    return "lines"


def _modules(entry: Format) -> list[ModuleType]:
    """The module of a format, and its reader where it has one of its own."""
    module = importlib.import_module(entry.parse.__module__)
    reader = f"{module.__name__}.reader"
    package = hasattr(module, "__path__") and importlib.util.find_spec(reader) is not None
    return [module, importlib.import_module(reader)] if package else [module]
