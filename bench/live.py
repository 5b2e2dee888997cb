"""Live detection: from close() or rename() to the event's line in the journal and in an output.

    python bench/live.py [DIRECTORY]     prints Markdown; the directory should be on a real disk (default: here)

A daemon of this checkout watches 100 files. Five hundred paced edits, half in place and half by rename, then a burst of
1,000 edits as fast as one process makes them, then SIGKILL in the middle of edits and a restart. Beside it, in the same
run: what one fsync of 1 KiB costs on the same disk.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

FILES, EDITS, BURST = 100, 500, 1000
PATIENCE = 60.0


class Bench:
    """One scratch host and its daemon."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.tree = base / "tree"
        self.tree.mkdir()
        for number in range(FILES):
            self.file(number).write_text(text_of(0))
        baseline = base / "baselines" / "bench"
        baseline.mkdir(parents=True)
        (baseline / "baseline.yaml").write_text(
            f"schema: driftd/baseline/1\nname: bench\nitems: [{{path: {self.tree}/**}}]\n"
        )
        (base / "driftd.yaml").write_text(
            "baselines: [baselines]\nstate: state\nhost: {id: bench, name: bench}\noutputs: [{jsonl: {path: events.jsonl}}]\n"
        )
        self.seen: dict[str, dict[tuple[str, str], float]] = {"journal": {}, "output": {}}
        self.process: subprocess.Popen[bytes] | None = None

    def file(self, number: int) -> Path:
        """Return one of the files."""
        return self.tree / f"app{number:03}.yml"

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run driftd."""
        config = ["--config", str(self.base / "driftd.yaml")]
        return subprocess.run(
            [sys.executable, "-m", "driftd", *words, *config], check=False, capture_output=True, text=True
        )

    def start(self) -> None:
        """Start the daemon and wait for its first audit."""
        before = len(self.events())
        config = str(self.base / "driftd.yaml")
        self.process = subprocess.Popen([sys.executable, "-m", "driftd", "run", "--config", config])
        until(lambda: any(action(event) == "audit-completed" for event in self.events()[before:]))

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the daemon."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait()

    def events(self) -> list[dict[str, object]]:
        """Return what the journal holds."""
        segments = sorted((self.base / "state" / "journal").glob("*.jsonl"))
        return [json.loads(line) for segment in segments for line in segment.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    def follow(self, name: str, path: Callable[[], Path | None], stop: threading.Event) -> None:
        """Note when the line about each value arrives in a file."""
        position = 0
        while not stop.is_set():
            found = path()
            if found is not None and found.exists() and found.stat().st_size > position:
                with found.open("rb") as stream:
                    stream.seek(position)
                    data = stream.read()
                whole = data[: data.rfind(b"\n") + 1]
                now = time.monotonic()
                position += len(whole)
                for line in whole.splitlines():
                    for key in values(json.loads(line)):
                        self.seen[name].setdefault(key, now)
            time.sleep(0.0002)


def text_of(value: int) -> str:
    """Return a small settings file."""
    return f"production:\n  host: db-1.internal\n  pool: {value}\n"


def action(event: dict[str, object]) -> object:
    """Return an event's action."""
    body = event["event"]
    assert isinstance(body, dict)
    return body["action"]


def values(event: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (item, new value) of a drift event."""
    told = event["driftd"]
    assert isinstance(told, dict)
    for change in told.get("changes", []):
        if change.get("key") == "$.production.pool":
            yield str(told["item"]), str(change["after"])


def until(condition: Callable[[], bool]) -> float:
    """Wait for a condition; return how long that took."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > PATIENCE:
            raise SystemExit("the daemon did not come to it")
        time.sleep(0.005)
    return time.monotonic() - begin


def fsyncs(base: Path) -> list[float]:
    """Return what appending 1 KiB and fsync cost, in seconds, 500 times."""
    took = []
    with (base / "fsync").open("ab", buffering=0) as stream:
        for _ in range(EDITS):
            begin = time.monotonic()
            stream.write(b"x" * 1024)
            os.fsync(stream.fileno())
            took.append(time.monotonic() - begin)
    return took


def row(name: str, seconds: list[float]) -> str:
    """Return a Markdown row of milliseconds."""
    ordered = sorted(seconds)
    p99 = ordered[int(len(ordered) * 0.99) - 1]
    return f"| {name} | {len(ordered)} | {statistics.median(ordered) * 1e3:.2f} | {p99 * 1e3:.2f} | {ordered[-1] * 1e3:.2f} |"


def paced(bench: Bench) -> tuple[list[float], list[float]]:
    """Edit every 20 ms; return the seconds to the journal line and to the output line."""
    stop = threading.Event()
    journal = bench.base / "state" / "journal"
    followers = [
        threading.Thread(target=bench.follow, args=("journal", lambda: max(journal.glob("*.jsonl"), default=None), stop)),
        threading.Thread(target=bench.follow, args=("output", lambda: bench.base / "events.jsonl", stop)),
    ]
    for follower in followers:
        follower.start()
    closed: dict[tuple[str, str], float] = {}
    for edit in range(EDITS):
        path, value = bench.file(edit % FILES), 1000 + edit
        if edit % 2:
            path.write_text(text_of(value))
        else:
            fresh = path.with_suffix(".new")
            fresh.write_text(text_of(value))
            fresh.rename(path)
        closed[str(path), str(value)] = time.monotonic()
        time.sleep(0.02)
    until(lambda: all(key in bench.seen["output"] for key in closed))
    stop.set()
    for follower in followers:
        follower.join()
    return tuple([bench.seen[name][key] - at for key, at in closed.items()] for name in ("journal", "output"))  # type: ignore[return-value]


def burst(bench: Bench) -> str:
    """Edit as fast as possible; return what was reported, and when it was quiet again."""
    begin = time.monotonic()
    for edit in range(BURST):
        bench.file(edit % FILES).write_text(text_of(5000 + edit))
    took = time.monotonic() - begin
    final = {(str(bench.file(number)), str(5000 + BURST - FILES + number)) for number in range(FILES)}
    quiet = until(lambda: final <= {key for event in bench.events() for key in values(event)})
    return f"{BURST} edits of {FILES} files in {took:.2f} s: all {FILES} final states reported, the last {quiet * 1e3:.0f} ms after the last edit"


def killed(bench: Bench) -> str:
    """Kill the daemon during edits, start it again; return what was missed and what repeated."""
    for round_ in range(3):
        for edit in range(200):
            bench.file(edit % FILES).write_text(text_of(9000 + round_ * 200 + edit))
            if edit == 120:
                bench.stop(signal.SIGKILL)
        bench.start()
    drifts = json.loads(bench.command("check", "--json").stdout)["drifts"]
    wanted = {drift["id"] for drift in drifts}
    status = json.loads(bench.command("status", "--json").stdout)["drifts"]
    missed = len(wanted ^ {drift["id"] for drift in status})
    opened: set[object] = set()
    repeated = 0
    for event in bench.events():
        told = event["driftd"]
        assert isinstance(told, dict)
        if action(event) == "drift-opened":
            repeated += told["drift_id"] in opened
            opened.add(told["drift_id"])
        elif action(event) == "drift-resolved":
            opened.discard(told["drift_id"])
    return f"3 times SIGKILL during 200 edits, and a restart: {missed} missed, {repeated} repeated"


def main() -> None:
    """Measure and print."""
    base = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else "."))
    base = base.resolve()
    try:
        bench = Bench(base)
        bench.start()
        approved = bench.command("approve", "--yes", "--reason", "bench")
        assert approved.returncode == 0, approved.stderr
        disk = fsyncs(base)
        journal, output = paced(bench)
        print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Linux {os.uname().release.split('-')[0]}\n")
        print("| from close() or rename() to | edits | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|")
        print(row("the line in the journal (durable)", journal))
        print(row("the line in a JSON Lines output (durable)", output))
        print(row("beside it: one fsync of 1 KiB on this disk", disk))
        print(f"\n{burst(bench)}.\n\n{killed(bench)}.")
        bench.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
