"""Keys: does driftd name the settings that a person names?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scoring.corpus import OWN, Edit, edits, records
from scoring.judgement import judge
from scoring.tables import share, table

Named = Counter[tuple[str, str]]
"""Kind and key of each change."""


@dataclass
class Score:
    """How many edits there were, and in how many the changes were named, and counted, as by a person."""

    edits: int = 0
    exact: int = 0
    counted: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, wanted: Named, found: Named, edit: str) -> None:
        self.edits += 1
        self.exact += wanted == found
        self.counted += wanted.total() == found.total()
        if wanted != found:
            self.missed.append(edit)


def print_keys(corpus: Path, *, verbose: bool) -> None:
    """Print how often kind and key of every change are those that a person wrote down before."""
    known = {edit.id: edit for edit in edits(corpus)}
    everything, first = Score(), Score()
    per_format: dict[str, Score] = {}
    for record in records(OWN / "meaning-keys.jsonl"):
        edit = known.get(str(record.get("id")))
        if edit is None:
            continue
        wanted = Counter((str(change["kind"]), str(change["key"])) for change in record["changes"])
        found = _found(edit)
        scores = [everything, per_format.setdefault(edit.format, Score())]
        for score in scores:
            score.add(wanted, found, edit.id)
        first.add(Counter() if "corrected" in record else wanted, found, edit.id)
        if verbose and wanted != found:
            _print_miss(edit, wanted, found)
    print("## Keys\n")
    columns = ("", "edits", "key exact", "", "number exact", "")
    rows = [
        ("all", everything),
        ("as first written: keys corrected later are missed", first),
        *sorted(per_format.items()),
    ]
    table(columns, (_row(name, score) for name, score in rows))
    if everything.missed:
        print(f"Not exact: {', '.join(everything.missed)}.\n")


def _found(edit: Edit) -> Named:
    changes = judge(edit.path, edit.before, edit.after).changes
    return Counter((change.kind.value, change.key) for change in changes)


def _row(name: str, score: Score) -> tuple[object, ...]:
    exact, counted = share(score.exact, score.edits), share(score.counted, score.edits)
    return name, score.edits, score.exact, exact, score.counted, counted


def _print_miss(edit: Edit, wanted: Named, found: Named) -> None:
    print(f"{edit.id} {edit.format} {edit.path}")
    for kind, key in (wanted - found).elements():
        print(f"  wanted  {kind:8} {key}")
    for kind, key in (found - wanted).elements():
        print(f"  found   {kind:8} {key}")
