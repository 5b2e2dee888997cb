"""The files that `driftd init` writes: settings, a baseline for the whole of /etc, and the ready-made ones that fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from driftd.installing.merging import UnreadableSettingsError, merged
from driftd.installing.place import Done, Place, Step
from driftd.installing.settings_text import settings_text
from driftd.model.document import Json
from driftd.ready.catalog import ReadyBaseline, ready_baselines, volatile_items
from driftd.ready.discovery import Traces
from driftd.sources.root import Root

WHOLE = "linux-etc"
_LIMIT = 64 * 1024
_MOST = 64 << 20
"""Bytes of a list of packages."""


class Scaffold:
    """What fits a host: settings in a directory, baselines below it."""

    def __init__(self, root: Root, into: Path, *, system: bool) -> None:
        self._root = root
        self._into = into
        self._system = system
        self._traces = Traces(self._exists, lambda path: self._text_of(path, _MOST))

    def place(self, place: Place, *, overwrite: bool = False) -> Iterator[Step]:
        """Put everything in its place; yield what was done. What is there gets what it lacks, unless it is overwritten.

        Settings keep every line and get keys they do not name as comments. A baseline whose directory is there stays as
        it is, also an empty one: that is how a baseline is left out for good.
        """
        if not self._system:
            yield place.directory(PurePosixPath(self._into), 0o750, None)
            yield place.directory(PurePosixPath(self._into / "baselines"), 0o750, None)
        yield self._put_settings(place, overwrite=overwrite)
        for name, text in self.baselines():
            directory = PurePosixPath(self._into / "baselines" / name)
            file = directory / "baseline.yaml"
            if place.exists(directory) and not overwrite:
                yield _left(place, file, text)
                continue
            if not self._system:
                yield place.directory(directory, 0o750, None)
            yield place.write(file, text, 0o640)

    def baselines(self) -> Iterator[tuple[str, str]]:
        """Yield every baseline that fits, with its text."""
        yield WHOLE, self._whole()
        for ready in ready_baselines():
            evidence = None if ready.example else ready.evidence(self._traces)
            if evidence is not None:
                yield ready.name, _introduced(ready, evidence)

    def _put_settings(self, place: Place, *, overwrite: bool) -> Step:
        file = PurePosixPath(self._into / "driftd.yaml")
        schema = _schema()
        present = place.text(file)
        if present is None or overwrite:
            return place.write(file, settings_text(schema, self._chosen()), 0o640)
        try:
            text, added = merged(present, schema)
        except UnreadableSettingsError as error:
            return Step(str(file), Done.FAILED, f"left as it is: {error}")
        if not added:
            return Step(str(file), Done.SAME)
        return place.write(file, text, 0o640, Done.ADDED, "as comments: " + ", ".join(added))

    def _chosen(self) -> dict[str, Json]:
        outputs: list[Json] = [{"journald": {}}, {"jsonl": {"path": "/var/log/driftd/events.jsonl"}}]
        if not self._system:
            outputs = [{"stdout": {}}, {"jsonl": {"path": "events.jsonl"}}]
        return {
            "baselines": ["baselines"],
            "state": "/var/lib/driftd" if self._system else "state",
            "audit.every": "15m",
            "audit.deep": "0 3 * * *",
            "audit.jitter": "60s",
            "watch.settle": "250ms",
            "outputs": outputs,
        }

    def _exists(self, path: str) -> bool:
        try:
            self._root.stat(path.encode())
        except OSError:
            return False
        return True

    def _text_of(self, path: str, limit: int = _LIMIT) -> str | None:
        try:
            return self._root.read_small(path.encode(), limit).decode("utf-8", "replace")
        except OSError:
            return None

    def _whole(self) -> str:
        ignored = [volatile.ignore() for volatile in volatile_items() if volatile.applies(self._exists, self._text_of)]
        lines = [f"  - {{item: {json.dumps(ignore.item)}, reason: {json.dumps(ignore.reason)}}}" for ignore in ignored]
        return (
            f"""# The whole configuration of this host. More specific baselines beside this one own what they name.
# It is yours now: change it as you like. `driftd init` never writes over it.
schema: driftd/baseline/1
name: {WHOLE}
#owner: ops@example.org           # who answers for it
description: Everything under /etc, by meaning where the format is known, by line or digest elsewhere.
severity: medium
items:
  - path: /etc/**
ignore:                           # volatile by nature; each entry names who says so
  - {{item: {json.dumps(str(self._into) + "/**")}, reason: driftd's own files}}
"""
            + "\n".join(lines)
            + "\n"
        )


def _left(place: Place, file: PurePosixPath, text: str) -> Step:
    if not place.exists(file):
        return Step(str(file), Done.KEPT, "left out: its directory is there without it")
    return Step(str(file), Done.SAME if place.text(file) == text else Done.KEPT)


def _introduced(ready: ReadyBaseline, evidence: str) -> str:
    head = f"""# Ready-made: {ready.summary}. Here because of {evidence}.
# It is yours now: change it as you like. `driftd init` never writes over it. See driftd-baseline(5).
"""
    named = f"name: {ready.name}\n"
    return head + ready.text.replace(named, named + "#owner: ops@example.org   # who answers for it\n", 1)


def _schema() -> Any:
    return json.loads((resources.files("driftd") / "schemas" / "settings.json").read_bytes())
