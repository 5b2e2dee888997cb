"""A tree of small YAML files, all of them approved, and a daemon that watches it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from driftd.model.event import Action, Event, action_of, namespace
from driftd.store.reader import JournalReader

PATIENCE = 120.0


class Scratch:
    """A host in a directory; `values` is what the files say now."""

    def __init__(self, directory: Path, files: int) -> None:
        self.directory = directory
        self.tree = directory / "tree"
        self.config = directory / "driftd.yaml"
        self.log = directory / "events.jsonl"
        self.journal = JournalReader(directory / "state" / "journal")
        self.files = [self.tree / f"{number // 100:02}" / f"{number}.yaml" for number in range(files)]
        self.values = dict.fromkeys(range(files), 1)
        (directory / "baselines" / "live").mkdir(parents=True)
        for file in self.files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text_of(1))
        settings = {
            "host": {"id": "bench", "name": "bench"},
            "baselines": ["baselines"],
            "state": "state",
            "audit": {"every": "12h", "jitter": "0s"},
            "outputs": [{"jsonl": {"path": str(self.log)}}],
        }
        self.config.write_text(json.dumps(settings))
        body = {
            "schema": "driftd/baseline/1",
            "name": "live",
            "items": [{"path": f"{self.tree}/**", "max_items": 10 * files}],
        }
        (directory / "baselines" / "live" / "baseline.yaml").write_text(json.dumps(body))
        self.driftd("approve", "--reason", "bench", "--yes")

    def driftd(self, command: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "driftd", command, "--config", str(self.config), *words],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.stdout

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the daemon; its first audit is over when the block begins."""
        last = self.journal.position().sequence
        with (self.directory / "daemon.err").open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "driftd", "run", "--config", str(self.config)], stdout=errors, stderr=errors
            )
        try:
            wait(lambda: any(action_of(event) == Action.AUDIT_COMPLETED for event in self.journal.read(last)))
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def edit(self, number: int, value: int, *, rename: bool) -> float:
        """Save a file with another port; return the moment before the call that completes it."""
        file = self.files[number]
        target = file.with_name(f".{number}.tmp") if rename else file
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(descriptor, text_of(value).encode())
        begin = time.perf_counter()
        os.close(descriptor)
        if rename:
            begin = time.perf_counter()
            os.rename(target, file)
        self.values[number] = value
        return begin

    def open_drifts(self) -> dict[str, str]:
        """Return what the journal says stands open: item -> port."""
        found: dict[str, str] = {}
        for event in self.journal.read():
            told = namespace(event)
            if action_of(event) in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
                found[str(told["item"])] = port_of(event)
            elif action_of(event) == Action.DRIFT_RESOLVED:
                found.pop(str(told["item"]))
        return found

    def expected(self) -> dict[str, str]:
        return {str(self.files[number]): str(value) for number, value in self.values.items() if value != 1}

    def in_step(self) -> bool:
        """Whether the output has the journal's last event."""
        last = self.log.read_bytes().splitlines()[-1:] if self.log.exists() else []
        return bool(last) and json.loads(last[0])["event"]["sequence"] == self.journal.position().sequence


def text_of(value: int) -> str:
    return f"server:\n  host: a.internal\n  port: {value}\n"


def port_of(event: Event) -> str:
    changes = namespace(event)["changes"]
    assert isinstance(changes, list)
    (change,) = changes
    assert isinstance(change, dict)
    return str(change["after"])


def wait(found: Callable[[], object], every: float = 0.005) -> float:
    """Return when the condition came true."""
    end = time.perf_counter() + PATIENCE
    while not found():
        if time.perf_counter() > end:
            raise SystemExit("what had to happen did not")
        time.sleep(every)
    return time.perf_counter()
