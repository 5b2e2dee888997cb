"""What a tortured host is judged by: what the daemon says, what `check` finds, and what a naive walk finds, side by side."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftd.clock import SystemClock
from driftd.model.event import MAX_VALUE_BYTES, Action, action_of, namespace
from driftd.store.database import Database
from driftd.store.journal import Journal
from driftd.store.reader import JournalReader
from tests.system.torture.walker import Findings

Told = dict[str, tuple[str, tuple[str, ...]]]
"""Item -> the drift's id, and each of its changes in words."""


def told_by_journal(journal: JournalReader) -> Told:
    """Return what stands open by the journal's word."""
    found: Told = {}
    for event in journal.read():
        body: Any = namespace(event)
        if action_of(event) in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
            found[body["item"]] = (body["drift_id"], in_words(body["changes"]))
        elif action_of(event) == Action.DRIFT_RESOLVED:
            del found[body["item"]]
    return found


def told_by(drifts: Iterable[dict[str, Any]]) -> Told:
    """Return what `check`, `status` or `diff` say."""
    return {drift["item"]: (drift["id"], in_words(drift["changes"])) for drift in drifts}


def in_words(changes: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return each change as one line; events spell every value as text."""
    return tuple(
        " ".join(
            [change["aspect"], change["kind"], change["key"], *map(_text, (change.get("before"), change.get("after")))]
        )
        for change in changes
    )


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode()[:MAX_VALUE_BYTES].decode("utf-8", "ignore")


def as_findings(drifts: Iterable[dict[str, Any]]) -> Findings:
    """Return what `check` found in the walker's words."""
    return {drift["item"]: frozenset(map(_kind, drift["changes"])) for drift in drifts}


def _kind(change: dict[str, Any]) -> str:
    match change:
        case {"aspect": "existence", "kind": kind}:
            return "new" if kind == "added" else "gone"
        case {"aspect": "attributes", "key": key}:
            return str(key).removeprefix("$.")
        case _:
            return "content"


@dataclass(frozen=True)
class Stored:
    """What a state directory says of the present."""

    drifts: list[object]
    gaps: list[object]
    baselines: list[object]
    audits: list[object]


def stored_and_replayed(state: Path, scratch: Path) -> tuple[Stored, Stored]:
    """Return what the database of a state directory holds, and what a new one made from the journal alone does."""
    kept, bare = scratch / "kept", scratch / "bare"
    for copy in (kept, bare):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(state, copy, ignore=shutil.ignore_patterns("content", "ballast"))
    for file in bare.glob("driftd.db*"):
        os.unlink(file)
    return _stored(kept), _stored(bare)


def _stored(state: Path) -> Stored:
    journal = Journal(state / "journal", SystemClock())
    journal.open()
    try:
        database = Database.open(state, journal, SystemClock())
        try:
            return Stored([*database.drifts()], [*database.gaps()], [*database.baselines()], [*database.audits()])
        finally:
            database.close()
    finally:
        journal.close()


def difference(first: dict[str, Any], second: dict[str, Any], names: tuple[str, str]) -> str:
    """Return where two findings differ, an item a line."""
    return "\n".join(
        f"{item}\n    {names[0]}: {first.get(item)}\n    {names[1]}: {second.get(item)}"
        for item in sorted(first.keys() | second.keys())
        if first.get(item) != second.get(item)
    )
