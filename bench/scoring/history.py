"""Real edits: does driftd say drift where the meaning changed, and stay silent where only the looks did?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from scoring.corpus import OWN, Edit, edits, records
from scoring.judgement import judge, naive
from scoring.tables import share, table

Said = dict[str, bool]
"""By the id of an edit: drift or not."""


def print_history(corpus: Path) -> None:
    """Print precision and recall per format, for the hard ones and beside the naive tool, and every residual case."""
    scored = [edit for edit in edits(corpus) if edit.drift is not None]
    said = {edit.id: edit.before != edit.after and judge(edit.path, edit.before, edit.after).drift for edit in scored}
    naively = {edit.id: naive(edit.before, edit.after) for edit in scored}
    print("## Real edits\n")
    columns = ("", "edits", "wrong", "precision", "recall", "naive: wrong", "precision", "recall")
    rows = [(name, some) for name, some in _groups(scored) if some]
    table(columns, (_row(name, some, said, naively) for name, some in rows))
    by_source = _by(scored, lambda edit: f"labelled by {edit.source}")
    table(("", "edits", "wrong", "naive: wrong"), (_short_row(*row, said, naively) for row in by_source))
    _print_residual(scored, said)


def _by(scored: Iterable[Edit], of: Callable[[Edit], str]) -> list[tuple[str, list[Edit]]]:
    groups: dict[str, list[Edit]] = {}
    for edit in scored:
        groups.setdefault(of(edit), []).append(edit)
    return sorted(groups.items())


def _groups(scored: list[Edit]) -> list[tuple[str, list[Edit]]]:
    hard = [edit for edit in scored if edit.hard]
    return [("all", scored), ("hard", hard), *_by(scored, lambda edit: edit.format)]


def _wrong(some: Iterable[Edit], said: Said) -> int:
    return sum(said[edit.id] != edit.drift for edit in some)


def _rates(some: Iterable[Edit], said: Said) -> tuple[str, str]:
    both = [(bool(edit.drift), said[edit.id]) for edit in some]
    found = sum(label and answer for label, answer in both)
    return share(found, sum(answer for _, answer in both)), share(found, sum(label for label, _ in both))


def _row(name: str, some: list[Edit], said: Said, naively: Said) -> tuple[object, ...]:
    ours, theirs = _rates(some, said), _rates(some, naively)
    return name, len(some), _wrong(some, said), *ours, _wrong(some, naively), *theirs


def _short_row(name: str, some: list[Edit], said: Said, naively: Said) -> tuple[object, ...]:
    return name, len(some), _wrong(some, said), _wrong(some, naively)


def _print_residual(scored: list[Edit], said: Said) -> None:
    verdicts = {str(record["id"]): record for record in records(OWN / "meaning-verdicts.jsonl") if "id" in record}
    residual = [edit for edit in scored if said[edit.id] != edit.drift]
    if not residual:
        return
    print("Where driftd and the label differ; the verdict was written after reading the pair:\n")
    rows = []
    for edit in residual:
        verdict = verdicts.get(edit.id, {})
        answer = "drift" if said[edit.id] else "no drift"
        wrong, why = verdict.get("verdict", "not read"), verdict.get("why", "")
        rows.append((f"{edit.id} `{edit.format}`", edit.source, answer, wrong, why))
    print("| edit | label by | driftd says | who is wrong | why |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    ours = sum(row[3] != "label" for row in rows)
    print(f"\nWithout the disputed labels: {ours} wrong of {len(scored) - len(rows) + ours}.\n")
