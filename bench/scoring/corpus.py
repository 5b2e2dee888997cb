"""The corpus on disk: edits with labels, files, suites; and what the project wrote about them itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

OWN = Path(__file__).parents[1]
"""Keys and verdicts stand beside the programs: they name cases of the corpus by their id and hold nothing of it."""

Record = dict[str, Any]


def records(path: Path) -> Iterator[Record]:
    """Yield the objects of a file of JSON lines; nothing where there is no such file."""
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


@dataclass(frozen=True)
class Edit:
    """One real edit of a file, and whether it changed what the file means."""

    record: Record
    directory: Path

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def format(self) -> str:
        return str(self.record["format"])

    @property
    def path(self) -> str:
        """The path as it would stand on a host, for the format's sake."""
        return "/" + str(self.record["path"])

    @property
    def drift(self) -> bool | None:
        return self.record["expected_drift"]  # type: ignore[no-any-return]

    @property
    def hard(self) -> bool:
        return bool(self.record["hard"])

    @property
    def source(self) -> str:
        """Who labelled it: `parse`, `augeas` or `text`."""
        method = re.match(r"[a-z]*", str(self.record["label_method"]))
        return {"python": "parse"}.get(method[0], method[0]) if method else ""

    @cached_property
    def before(self) -> bytes:
        return (self.directory / f"{self.id}.before").read_bytes()

    @cached_property
    def after(self) -> bytes:
        return (self.directory / f"{self.id}.after").read_bytes()


def edits(corpus: Path) -> list[Edit]:
    """The edits of `history/`, scored or not."""
    history = corpus / "history"
    return [Edit(record, history) for record in records(history / "manifest.jsonl")]
