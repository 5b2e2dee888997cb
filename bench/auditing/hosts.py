"""A host in a directory: a tree to audit, and the real daemon on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auditing.trees import grow

from driftd.daemon.control import ask
from driftd.model.event import Action, action_of, namespace
from driftd.store.reader import JournalReader

PATIENCE = 1800.0
MANY = 10_000_000


class Host:
    """A tree of so many files, with settings and a baseline for all of it."""

    def __init__(self, directory: Path, files: int) -> None:
        self.directory = directory
        self.tree = directory / "tree"
        self.config = directory / "driftd.yaml"
        self.socket = directory / "control.sock"
        self.journal = JournalReader(directory / "state" / "journal")
        self.files = grow(self.tree, files)
        settings = {
            "host": {"id": "bench", "name": "bench"},
            "baselines": ["baselines"],
            "state": "state",
            "control": {"socket": str(self.socket)},
            "audit": {"every": "12h", "deep": "0 3 1 1 *", "jitter": "0s"},
            "grouping": {"alone": MANY, "urgent": MANY},
        }
        self.config.write_text(json.dumps(settings))
        baseline = directory / "baselines" / "live"
        baseline.mkdir(parents=True)
        items = [{"path": f"{self.tree}/**", "max_items": MANY}]
        body = {"schema": "driftd/baseline/1", "name": "live", "items": items}
        (baseline / "baseline.yaml").write_text(json.dumps(body))

    def driftd(self, *words: str) -> float:
        """Run a command; return the seconds it took."""
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "driftd", words[0], "--config", str(self.config), *words[1:]],
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in (0, 1, 3):
            raise SystemExit(f"driftd {words[0]} ended with {done.returncode}")
        return time.perf_counter() - begin

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        """Run the daemon; its first audit is over when the block begins."""
        last = self.journal.position().sequence if (self.directory / "state" / "journal").exists() else 0
        with (self.directory / "daemon.err").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "driftd", "run", "--config", str(self.config)], stdout=errors, stderr=errors
            )
        try:
            yield Daemon(self, process.pid, seconds_of(completed(self.journal, last)))
        finally:
            process.terminate()
            process.wait(PATIENCE)


class Daemon:
    """The daemon of a host, running."""

    def __init__(self, host: Host, pid: int, first: float) -> None:
        self.pid = pid
        self.started = time.monotonic()
        self.first = first
        """Seconds that the audit at its start took."""
        self._host = host

    def audit(self, depth: str) -> float:
        """Have everything audited; return the seconds it took, as its event says."""
        last = self._host.journal.position().sequence
        ask(self._host.socket, "audit", {"depth": depth}, timeout=PATIENCE)
        audit = completed(self._host.journal, last)
        if audit["depth"] != depth:
            raise SystemExit(f"a {audit['depth']} audit came instead of a {depth} one")
        return seconds_of(audit)


def completed(journal: JournalReader, after: int) -> dict[str, Any]:
    """Return what the next audit came to."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for event in journal.read(after):
            if action_of(event) == Action.AUDIT_COMPLETED:
                audit: Any = namespace(event)["audit"]
                return dict(audit)
        time.sleep(0.02)
    raise SystemExit("no audit was completed")


def seconds_of(audit: dict[str, Any]) -> float:
    return float(audit["duration_us"]) / 1e6
