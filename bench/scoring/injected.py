"""Documented erroneous values: written among other settings, each is exactly one change under its own name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from scoring.corpus import Record, records
from scoring.judgement import judge
from scoring.tables import table

from driftd.model.keys import Identity, render_key

Writer = Callable[[list[tuple[str, str]]], str]
BESIDE = (("first.setting", "1"), ("another.setting", "some text"))


def print_injected(corpus: Path, *, verbose: bool) -> None:
    """Print how often an erroneous value was told as one change with its key, the default before and it after."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records(corpus / "injected-errors.jsonl"):
        name, outcome = str(record["file"]), _outcome(record)
        outcomes[name][outcome] += 1
        if verbose and outcome != "right":
            print(f"{record['id']} {name} {record['parameter']}: {outcome}")
    print("## Documented errors\n")
    rows = [(name, counts.total(), counts["right"], counts["wrong"]) for name, counts in sorted(outcomes.items())]
    table(("", "values", "one change, its key, before and after", "otherwise"), rows)


def _outcome(record: Record) -> str:
    name, before, after = str(record["parameter"]), str(record["before"]), str(record["after"])
    write = _xml if record["format"] == "xml" else _properties
    sides = [write([BESIDE[0], (name, value), BESIDE[1]]).encode() for value in (before, after)]
    changes = judge(f"/etc/software/{record['file']}", *sides).changes
    if len(changes) != 1:
        return "wrong"
    change = changes[0]
    told = (change.kind.value, change.key, change.before, change.after)
    return "right" if told == ("changed", _key(record), before, after) else "wrong"


def _key(record: Record) -> str:
    name = str(record["parameter"])
    if record["format"] == "xml":
        return render_key(("configuration", "property", Identity(((("name",), name),)), "value"))
    return render_key((name,))


def _xml(settings: list[tuple[str, str]]) -> str:
    rows = (
        f"  <property>\n    <name>{escape(name)}</name>\n    <value>{escape(value)}</value>\n  </property>\n"
        for name, value in settings
    )
    return f'<?xml version="1.0"?>\n<configuration>\n{"".join(rows)}</configuration>\n'


def _properties(settings: list[tuple[str, str]]) -> str:
    return "# settings\n" + "".join(f"{name}={value}\n" for name, value in settings)
