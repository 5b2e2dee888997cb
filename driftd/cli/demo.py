"""`driftd demo`: the outage of 2023-06-01, replayed in a sandbox. Every command it prints is the one it runs."""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import as_file
from pathlib import Path

from driftd.cli.main import DRIFT, OK
from driftd.cli.style import Style
from driftd.model.event import Action, Event, action_of, sequence_of
from driftd.outputs.pretty import render
from driftd.ready.catalog import ready_baseline
from driftd.store.reader import JournalReader

EXAMPLE = "driftd demo"
PATIENCE = 10.0
"""Seconds after which the demonstration says that it failed."""
HOST = "db-1.internal"
WRONG = "db-l.internal"

SETTINGS = """host: {id: demo, name: api-1, labels: {role: api, env: production}}
baselines: [baselines]
state: state
outputs: [{jsonl: {path: events.jsonl}}]
"""


class DemoFailedError(Exception):
    """The demonstration did not go as it should."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `demo`."""
    parser.add_argument("--keep", action="store_true", help="leave the sandbox behind, to look around in it")


def run(args: argparse.Namespace) -> int:
    """Replay the outage; 1 where driftd did not do what it promises."""
    sandbox = Path(tempfile.mkdtemp(prefix="driftd-demo-"))
    try:
        Demo(sandbox).play()
    except DemoFailedError as error:
        print(f"the demonstration failed: {error}", file=sys.stderr)
        return DRIFT
    finally:
        if args.keep:
            print(f"the sandbox is {sandbox}")
        else:
            shutil.rmtree(sandbox, ignore_errors=True)
    return OK


class Demo:
    """One replay in one directory."""

    def __init__(self, sandbox: Path) -> None:
        self._sandbox = sandbox
        self._config = sandbox / "driftd.yaml"
        self._tree = sandbox / "tree"
        self._style = Style.of(sys.stdout)
        self._journal = JournalReader(sandbox / "state" / "journal")
        self._seen = 0

    def play(self) -> None:
        """From the approved settings to the outage, the repair, and a clean status."""
        self._say("1. Eventify's settings as they were reviewed, in a sandbox")
        self._lay_out()
        database = self._tree / "srv/eventify/config/database.yml"
        self._shell("cat", str(database))
        self._say("2. The daemon watches them")
        with self._daemon():
            self._await(Action.AUDIT_COMPLETED)
            self._say("3. A person approves what is there")
            self._driftd(
                "approve", "eventify-api", "--yes", "--reason", "reviewed with platform", "--ticket", "EVT-101"
            )
            self._await(Action.BASELINE_APPROVED)
            self._say("4. 2023-06-01, 10:00: somebody means db-1 and types db-l")
            edited = self._edit(database, HOST, WRONG)
            event = self._await(Action.DRIFT_OPENED)
            self._show(event, edited)
            self._driftd("status", expected=(1,))
            self._driftd("diff")
            self._say("5. The repair")
            edited = self._edit(database, WRONG, HOST)
            self._show(self._await(Action.DRIFT_RESOLVED), edited)
            self._driftd("status", expected=(0,))
            self._driftd("timeline", "--since", "5m")
        self._say("In 2023 this took four hours. driftd runs on this machine with: make run")

    def _lay_out(self) -> None:
        ready = ready_baseline("eventify-api")
        baseline = self._sandbox / "baselines" / ready.name
        baseline.mkdir(parents=True, mode=0o755)
        (baseline / "baseline.yaml").write_text(ready.text)
        with as_file(ready.directory / "tree") as tree:
            shutil.copytree(tree, self._tree)
        self._config.write_text(SETTINGS)
        for path in (self._sandbox, *self._sandbox.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def _say(self, text: str) -> None:
        print(f"\n{self._style.paint(text, '1')}", flush=True)

    def _shell(self, *words: str) -> datetime:
        print(self._style.paint(f"$ {shlex.join(words)}", "36"), flush=True)
        done = subprocess.run(words, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        finished = datetime.now(UTC)
        if done.returncode != 0:
            raise DemoFailedError(f"{words[0]} ended with {done.returncode}")
        return finished

    def _driftd(self, *words: str, expected: tuple[int, ...] = (0,)) -> None:
        command = [words[0], "--config", str(self._config), *words[1:]]
        print(self._style.paint(f"$ driftd {shlex.join(command)}", "36"), flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "driftd", *command], check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
        if done.returncode not in expected:
            raise DemoFailedError(f"driftd {words[0]} ended with {done.returncode}, not {expected[0]}")

    def _edit(self, file: Path, before: str, after: str) -> datetime:
        return self._shell("sed", "-i", f"s/{before}/{after}/", str(file))

    @contextmanager
    def _daemon(self) -> Iterator[None]:
        words = ["run", "--config", str(self._config), "--root", str(self._tree)]
        print(self._style.paint(f"$ driftd {shlex.join(words)} &", "36"), flush=True)
        log = self._sandbox / "daemon.log"
        with log.open("wb") as diagnostics:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "driftd", *words],
                stdin=subprocess.DEVNULL,
                stdout=diagnostics,
                stderr=diagnostics,
            )
        try:
            yield
        except DemoFailedError as error:
            raise DemoFailedError(f"{error}; the daemon said: {log.read_text()[-2000:]}") from None
        finally:
            daemon.terminate()
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def _await(self, action: Action) -> Event:
        """Return the next event of an action, as the journal has it."""
        found: list[Event] = []

        def look() -> bool:
            for event in self._journal.read(self._seen):
                self._seen = sequence_of(event)
                if action_of(event) == action:
                    found.append(event)
                    return True
            return False

        _wait_for(look, f"no event {action} within {PATIENCE:.0f} s")
        return found[0]

    def _show(self, event: Event, edited: datetime) -> None:
        happened = datetime.fromisoformat(str(event["@timestamp"]))
        delay = (happened - edited).total_seconds() * 1000
        print(render(event, width=100, color=self._style.color))
        print(self._style.paint(f"(the event was made {max(delay, 0.0):.1f} ms after sed had ended)", "2"), flush=True)


def _wait_for(condition: Callable[[], bool], failure: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise DemoFailedError(failure)
        time.sleep(0.01)
