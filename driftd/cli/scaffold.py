"""The files that `driftd init` writes: settings, a baseline for the whole of /etc, and the ready-made ones that fit."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from driftd.ready.catalog import ready_baselines, volatile_items
from driftd.sources.root import Root

WHOLE = "linux-etc"
_LIMIT = 64 * 1024


class Scaffold:
    """What fits a host, as text."""

    def __init__(self, root: Root, into: Path, *, system: bool) -> None:
        self._root = root
        self._into = into
        self._system = system

    def files(self) -> dict[Path, str]:
        """Return every file with its text."""
        baselines = self._into / "baselines"
        files = {self._into / "driftd.yaml": self._settings(), baselines / WHOLE / "baseline.yaml": self._whole()}
        for ready in ready_baselines():
            if not ready.example and ready.applies(self._exists):
                files[baselines / ready.name / "baseline.yaml"] = ready.text
        return files

    def write(self, files: Mapping[Path, str]) -> None:
        """Write the files, readable by their owner and group."""
        for path, text in files.items():
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            fresh = path.with_name(path.name + ".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(descriptor)
            os.replace(fresh, path)

    def _exists(self, path: str) -> bool:
        try:
            self._root.stat(path.encode())
        except OSError:
            return False
        return True

    def _text_of(self, path: str) -> str | None:
        try:
            return self._root.read_small(path.encode(), _LIMIT).decode("utf-8", "replace")
        except OSError:
            return None

    def _settings(self) -> str:
        state = "/var/lib/driftd" if self._system else "state"
        outputs = (
            "  - journald: {}\n  - jsonl: {path: /var/log/driftd/events.jsonl}\n"
            if self._system
            else "  - stdout: {}                  # events as they happen, for people\n  - jsonl: {path: events.jsonl}\n"
        )
        return f"""# Settings of driftd; every one with its default: docs/reference/settings.md
baselines: [baselines]            # directories, best kept in git
state: {state}
audit: {{every: 15m, deep: "0 3 * * *", jitter: 60s}}
watch: {{settle: 250ms}}            # how long a file that looks half-written may take
outputs:
{outputs}"""

    def _whole(self) -> str:
        ignored = [volatile.ignore() for volatile in volatile_items() if volatile.applies(self._exists, self._text_of)]
        lines = [f"  - {{item: {json.dumps(ignore.item)}, reason: {json.dumps(ignore.reason)}}}" for ignore in ignored]
        return (
            f"""# The whole configuration of this host. More specific baselines beside this one own what they name.
schema: driftd/baseline/1
name: {WHOLE}
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
