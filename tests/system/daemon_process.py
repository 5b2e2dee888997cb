"""The daemon as a process on a scratch host: what is written for it, what its journal says, and one deadline for it all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from driftd.model.event import Action, action_of, namespace, sequence_of
from driftd.store.reader import JournalReader
from tests.contract.command import command, environment

PATIENCE = 30.0
"""Seconds until something that has to happen counts as not happening."""

Object = dict[str, Any]


def until(found: Callable[[], object], what: str) -> None:
    """Return once the condition holds."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, f"did not happen in {PATIENCE:.0f} s: {what}"
        time.sleep(0.01)


class ScratchHost:
    """A host in a directory: a tree to audit, one baseline `live` of all of it, settings and state."""

    def __init__(self, directory: Path, **settings: object) -> None:
        self.directory = directory
        self.tree = directory / "tree"
        self.outside = directory / "outside"
        self.baseline = directory / "baselines" / "live"
        self.state = directory / "state"
        self.config = directory / "driftd.yaml"
        self.socket = directory / "control.sock"
        self.log = directory / "events.jsonl"
        self.before: Sequence[str] = ()
        """Words before every command, that have it run elsewhere."""
        for made in (self.tree, self.outside, self.baseline):
            made.mkdir(parents=True)
        self.written: Object = {
            "host": {"id": "scratch", "name": "scratch"},
            "baselines": ["baselines"],
            "state": "state",
            "control": {"socket": str(self.socket)},
            "audit": {"every": "12h", "jitter": "0s"},
            "outputs": [{"jsonl": {"path": str(self.log)}}],
        }
        self.configure(**settings)
        self.define([str(self.tree / "**")])

    def configure(self, **settings: object) -> None:
        self.written |= settings
        self.config.write_text(json.dumps(self.written))

    def define(self, patterns: Sequence[str], **more: str) -> None:
        items = [{"path": pattern, **more} for pattern in patterns]
        body = {"schema": "driftd/baseline/1", "name": "live", "items": items}
        (self.baseline / "baseline.yaml").write_text(json.dumps(body))

    def write(self, name: str, text: str = "x: 1\n") -> Path:
        """Write a file of the tree in place."""
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        first, *rest = words
        done = subprocess.run(
            [*self.before, *command(), first, "--config", str(self.config), *rest],
            cwd=self.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def approve(self) -> None:
        done = self.run("approve", "--reason", "as it is", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr

    def checked(self) -> dict[str, Object]:
        """Return the drifts that `check` finds, by item, as the daemon's events would tell them."""
        found = json.loads(self.run("check", "--json").stdout)
        assert found["coverage"]["gaps"] == []
        return {drift["item"]: {"id": drift["id"], "after": after(drift["changes"])} for drift in found["drifts"]}

    @contextmanager
    def daemon(self, before: Sequence[str] = ()) -> Iterator[DaemonProcess]:
        """Run the daemon; it is ready when the block begins, and gone after it."""
        with DaemonProcess(self, before) as daemon:
            daemon.wait_ready()
            yield daemon


class DaemonProcess:
    """`driftd run`, with the socket of a service manager."""

    def __init__(self, host: ScratchHost, before: Sequence[str] = ()) -> None:
        self.host = host
        self.journal = JournalReader(host.state / "journal")
        self._said = ""
        self._errors = host.directory / "daemon.err"
        address = host.directory / "notify"
        address.unlink(missing_ok=True)
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(address))
        self._manager.setblocking(False)
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*host.before, *before, *command(), "run", "--config", str(host.config)],
                cwd=host.directory,
                env=environment(NOTIFY_SOCKET=str(address)),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._manager.close()

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def said(self) -> str:
        """Return what it told the service manager so far."""
        while True:
            try:
                self._said += self._manager.recv(65536).decode() + "\n"
            except BlockingIOError:
                return self._said

    def wait_ready(self) -> None:
        self.wait(lambda: "READY=1" in self.said(), "READY=1")

    def wait(self, found: Callable[[], object], what: str) -> None:
        def look() -> object:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.errors}"
            self.said()  # or the manager's socket fills up
            return found()

        try:
            until(look, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.errors}") from error

    def wait_event(self, action: Action, item: Path | None = None, after_sequence: int = 0) -> Object:
        """Return the first event of an action, of one item where one is named."""
        found: list[Object] = []

        def look() -> bool:
            found.extend(
                event
                for event in self.journal.read(after_sequence)
                if action_of(event) == action and item in (None, Path(str(namespace(event).get("item"))))
            )
            return bool(found)

        self.wait(look, f"{action} {item or ''}")
        return found[0]

    def wait_audit(self) -> None:
        """Have everything looked at, and return when that is done: what is due by then was reported."""
        from driftd.daemon.control import ask

        last = self.journal.position().sequence
        ask(self.host.socket, "audit", {"depth": "quick"}, timeout=PATIENCE)
        self.wait_event(Action.AUDIT_COMPLETED, after_sequence=last)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def inside(self, path: Path) -> Path:
        """Return where a path of the process's own mount namespace can be reached."""
        return Path(f"/proc/{self.process.pid}/root{path}")


def told(journal: JournalReader, item: Path) -> list[Object]:
    """Return the drift events of an item."""
    return [event for event in journal.read() if namespace(event).get("item") == str(item)]


def open_drifts(journal: JournalReader) -> dict[str, Object]:
    """Return the drifts that stand open by the journal's word, by item."""
    found: dict[str, Object] = {}
    for event in journal.read():
        body: Object = namespace(event)
        if action_of(event) in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
            found[body["item"]] = {"id": body["drift_id"], "after": after(body["changes"])}
        elif action_of(event) == Action.DRIFT_RESOLVED:
            del found[body["item"]]
    return found


def after(changes: Sequence[Object]) -> list[str]:
    """Return what is there now, as events spell it."""
    return [value if isinstance(value := change.get("after"), str) else json.dumps(value) for change in changes]


def assert_sound(journal: JournalReader) -> None:
    """Assert an intact chain, sequences without holes, and no transition told twice."""
    assert journal.verify() == []
    events = list(journal.read())
    assert [sequence_of(event) for event in events] == list(range(1, len(events) + 1))
    fingerprints: dict[str, str] = {}
    for event in events:
        body: Object = namespace(event)
        match action_of(event):
            case Action.DRIFT_OPENED:
                assert body["drift_id"] not in fingerprints, f"opened twice: {event}"
                fingerprints[body["drift_id"]] = body["fingerprint"]
            case Action.DRIFT_UPDATED:
                assert fingerprints[body["drift_id"]] != body["fingerprint"], f"told twice: {event}"
                fingerprints[body["drift_id"]] = body["fingerprint"]
            case Action.DRIFT_RESOLVED:
                del fingerprints[body["drift_id"]]


def replace_file(path: Path, text: str) -> None:
    """Save as editors do: a new file, renamed over the one before."""
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(text)
    os.rename(fresh, path)
