"""The installed `driftd` command, run as others run it: arguments in, exit status, standard output and error out."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import driftd
from tests.contract.shapes import Json, assert_shape

DEADLINE_S = 60.0
"""Until something that has to happen counts as not happening. Nothing waits that long when all is well."""

CLEAN, DRIFT, USAGE, INCOMPLETE = 0, 1, 2, 3


def command() -> list[str]:
    """Return the installed command; without one, the package that this Python imports."""
    installed = Path(sys.executable).with_name("driftd")
    if installed.exists():
        return [str(installed)]
    return [sys.executable, "-c", "import sys; from driftd.cli.main import entry; sys.exit(entry())"]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command: the test's, with the package findable from any directory."""
    here = str(Path(driftd.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": here, "NO_COLOR": "1", **more}


@dataclass(frozen=True)
class Result:
    """What a run of the command came to."""

    arguments: tuple[str, ...]
    status: int
    out: str
    err: str

    def json(self, name: str) -> Json:
        """Return standard output as one JSON object of a published shape."""
        value = json.loads(self.out)
        assert_shape(name, value)
        return value

    def events(self) -> list[Json]:
        """Return standard output as one published event a line."""
        found = [json.loads(line) for line in self.out.splitlines()]
        for event in found:
            assert_shape("events", event)
        return found

    def __str__(self) -> str:
        return f"driftd {' '.join(self.arguments)} -> {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Before a command: root without capabilities, whom file modes stop like everybody."""


def run(
    *arguments: str | Path,
    status: int | None = None,
    cwd: Path | None = None,
    before: tuple[str, ...] = (),
    stdin: int = subprocess.DEVNULL,
    **more: str,
) -> Result:
    """Run the command; fail unless it ends with `status`. No traceback may ever reach a person."""
    words = tuple(map(str, arguments))
    done = subprocess.run(
        [*before, *command(), *words],
        stdin=stdin,
        capture_output=True,
        timeout=DEADLINE_S,
        cwd=cwd,
        env=environment(**more),
        check=False,
    )
    result = Result(words, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in result.err, str(result)
    assert status is None or result.status == status, f"wanted {status}: {result}"
    return result


def eventually(found: Callable[[], Any], what: str) -> Any:
    """Return the first true answer; fail when there is none before the deadline."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.01)
    raise AssertionError(f"did not happen in {DEADLINE_S:.0f} s: {what}")


class Sandbox:
    """A host in a directory: configuration to audit, a baseline directory, settings and state."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host = directory / "host"
        self.baselines = directory / "baselines"
        self.state = directory / "state"
        self.config = directory / "driftd.yaml"
        self.log = directory / "events.jsonl"
        self.root: Path | None = None
        """What the daemon audits; None: this machine."""
        for made in (self.host, self.baselines):
            made.mkdir()
        self.settings()

    # --- what people write

    def settings(self, **more: Json) -> None:
        """Write driftd.yaml; no audit comes by itself, so that a test says what makes driftd look."""
        written = {
            "host": {"id": "host-under-test", "name": "api-1", "labels": {"role": "api"}},
            "baselines": [str(self.baselines)],
            "state": str(self.state),
            "audit": {"every": "12h", "jitter": "0s"},
            "outputs": [{"jsonl": {"path": str(self.log)}}],
        }
        self.config.write_text(json.dumps(written | more, indent=1))

    def baseline(self, directory: str = "shop", **body: Json) -> Path:
        """Write a baseline.yaml; JSON is YAML."""
        place = self.baselines / directory
        place.mkdir(exist_ok=True)
        written = {"schema": "driftd/baseline/1", "name": directory, **body}
        (place / "baseline.yaml").write_text(json.dumps(written, indent=1))
        return place

    def write(self, name: str, text: str | bytes) -> str:
        """Write a file of the host in place; return its item."""
        path = self.host / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    def item(self, name: str) -> str:
        """Return the item of a file of the host."""
        return str(self.host / name)

    # --- commands

    def run(
        self,
        *arguments: str | Path,
        status: int | None = None,
        before: tuple[str, ...] = (),
        stdin: int = subprocess.DEVNULL,
        **more: str,
    ) -> Result:
        """Run a command with this host's settings."""
        first, *rest = arguments
        words = (first, "--config", self.config, *rest)
        return run(*words, status=status, cwd=self.directory, before=before, stdin=stdin, **more)

    def check(self, *arguments: str, status: int | None = None) -> Json:
        """Return what `check --json` says."""
        return self.run("check", "--json", *arguments, status=status).json("check")

    def approve(self, *arguments: str, reason: str = "reviewed", status: int = CLEAN) -> Result:
        """Approve without being asked."""
        return self.run("approve", *arguments, "--reason", reason, "--yes", status=status)

    def drift_of(self, name: str) -> Json:
        """Return the one drift of an item that `check` sees."""
        found = [drift for drift in self.check()["drifts"] if drift["item"] == self.item(name)]
        assert len(found) == 1, found
        return found[0]

    def events(self) -> list[Json]:
        """Return what the JSON Lines output has received so far, whole lines only."""
        if not self.log.exists():
            return []
        whole = self.log.read_bytes().rpartition(b"\n")[0].splitlines()
        found = [json.loads(line) for line in whole]
        for event in found:
            assert_shape("events", event)
        return found

    def events_of(self, name: str) -> list[Json]:
        """Return the drift events of one item, in order."""
        return [event for event in self.events() if event["driftd"].get("item") == self.item(name)]

    def journal(self) -> list[Json]:
        """Return every event of the journal, in order."""
        segments = sorted((self.state / "journal").glob("*.jsonl"))
        events = [json.loads(line) for segment in segments for line in segment.read_bytes().splitlines()]
        for event in events:
            assert_shape("events", event)
        return events

    @contextmanager
    def daemon(self, *, stop: signal.Signals = signal.SIGTERM) -> Iterator[Daemon]:
        """Run the daemon until the block ends; it is ready when the block begins."""
        daemon = Daemon(self)
        try:
            daemon.wait_until_ready()
            yield daemon
            if daemon.running:
                daemon.stop(stop)
        finally:
            daemon.close()


class Daemon:
    """`driftd run` as a service manager sees it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.status: int | None = None
        self._notified: list[str] = []
        self._errors = (sandbox.directory / "daemon.err").open("a+b")
        self._out = (sandbox.directory / "daemon.out").open("a+b")
        address = str(sandbox.directory / "notify")
        Path(address).unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(address)
        self._notify.setblocking(False)
        self.process = subprocess.Popen(
            [
                *command(),
                "run",
                "--config",
                str(sandbox.config),
                *(["--root", str(sandbox.root)] if sandbox.root else []),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._errors,
            cwd=sandbox.directory,
            env=environment(NOTIFY_SOCKET=address),
        )

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    @property
    def errors(self) -> str:
        """What it wrote to standard error so far."""
        self._errors.flush()
        return (self.sandbox.directory / "daemon.err").read_text()

    def notified(self) -> list[str]:
        """Return every assignment it sent to the service manager so far."""
        while True:
            try:
                self._notified += self._notify.recv(65536).decode().splitlines()
            except BlockingIOError:
                return self._notified

    def wait_until_ready(self, times: int = 1) -> None:
        """Return once it has said READY=1 so many times."""

        def ready() -> bool:
            assert self.running, f"the daemon ended with {self.process.returncode}:\n{self.errors}"
            return self.notified().count("READY=1") >= times

        eventually(ready, f"READY=1\n{self.errors}")

    def wait_for(self, wanted: Callable[[Json], bool], what: str) -> Json:
        """Return the first event at the output that is as wanted."""

        def look() -> Json | None:
            assert self.running, f"the daemon ended with {self.process.returncode}:\n{self.errors}"
            return next((event for event in self.sandbox.events() if wanted(event)), None)

        return eventually(look, what)

    def wait_for_action(self, action: str, name: str | None = None, after: int = 0) -> Json:
        """Return the first event of an action, of one file where one is named, after a sequence."""
        item = self.sandbox.item(name) if name else None

        def wanted(event: Json) -> bool:
            body, told = event["event"], event["driftd"]
            return body["action"] == action and body["sequence"] > after and item in (None, told.get("item"))

        return self.wait_for(wanted, f"{action} {name or ''}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit status."""
        self.send(number)
        self.status = self.process.wait(DEADLINE_S)
        assert "Traceback" not in self.errors, self.errors
        return self.status

    def close(self) -> None:
        """End it for good and give everything back."""
        if self.running:
            self.process.kill()
            self.process.wait()
        self._notify.close()
        self._errors.close()
        self._out.close()
