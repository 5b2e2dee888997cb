"""What live detection takes: from close() or rename() to the journal and the output; floods; kills. Run: python bench/live.py [DIR]."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from driftd.model.event import Action, Event, action_of, namespace, sequence_of
from driftd.store.reader import JournalReader

FILES = 100
EDITS = 500
BURST = 1000
KILLS = 20
PATIENCE = 60.0


class Scratch:
    """A tree of small YAML files, all of them approved."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "driftd.yaml"
        self.log = directory / "events.jsonl"
        self.journal = JournalReader(directory / "state" / "journal")
        self.files = [directory / "tree" / f"{number}.yaml" for number in range(FILES)]
        (directory / "baselines" / "live").mkdir(parents=True)
        (directory / "tree").mkdir()
        for file in self.files:
            file.write_text("server:\n  host: a.internal\n  port: 1\n")
        self.values = dict.fromkeys(range(FILES), 1)
        settings = {
            "host": {"id": "bench", "name": "bench"},
            "baselines": ["baselines"],
            "state": "state",
            "audit": {"every": "12h", "jitter": "0s"},
            "outputs": [{"jsonl": {"path": str(self.log)}}],
        }
        self.config.write_text(json.dumps(settings))
        body = {"schema": "driftd/baseline/1", "name": "live", "items": [{"path": f"{directory}/tree/**"}]}
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
        file, text = self.files[number], f"server:\n  host: a.internal\n  port: {value}\n"
        target = file.with_name(f".{number}.tmp") if rename else file
        with target.open("w") as out:
            out.write(text)
            out.flush()
            begin = time.perf_counter()
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
        last = self.log.read_bytes().splitlines()[-1:]
        return bool(last) and json.loads(last[0])["event"]["sequence"] == self.journal.position().sequence


def port_of(event: Event) -> str:
    changes = namespace(event)["changes"]
    assert isinstance(changes, list)
    (change,) = changes
    assert isinstance(change, dict)
    return str(change["after"])


def wait(found: Callable[[], object]) -> float:
    """Return when the condition came true."""
    end = time.perf_counter() + PATIENCE
    while not found():
        if time.perf_counter() > end:
            raise SystemExit("what had to happen did not")
        time.sleep(0.005)
    return time.perf_counter()


class Growing:
    """The end of a file that another process appends to."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_RDONLY)
        self._size = os.fstat(self._descriptor).st_size

    def grown(self) -> bool:
        """Whether a whole line was appended: a write is seen a page at a time."""
        size = os.fstat(self._descriptor).st_size
        if size == self._size or os.pread(self._descriptor, 1, size - 1) != b"\n":
            return False
        self._size = size
        return True


def row(what: str, taken: list[float]) -> None:
    taken.sort()
    shown = (f"{taken[int((len(taken) - 1) * share)] * 1000:.2f}" for share in (0.5, 0.99, 1))
    print(f"| {what} | {' | '.join(shown)} |")


def paced(scratch: Scratch) -> None:
    """Edit, wait for both lines, measure an fsync of the same disk; again."""
    wait(scratch.in_step)
    (segment,) = (scratch.directory / "state" / "journal").glob("*.jsonl")
    journal, output = Growing(segment), Growing(scratch.log)
    raw = os.open(scratch.directory / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    taken: dict[str, list[float]] = {"journal, in place": [], "journal, by rename": [], "output": [], "fsync": []}
    pauses = random.Random(EDITS)
    for number in range(EDITS):
        time.sleep(0.02 + pauses.random() * 0.01)
        rename = number % 2 == 1
        begin = scratch.edit(number % FILES, number + 2, rename=rename)
        recorded = delivered = 0.0
        while not (recorded and delivered):
            if time.perf_counter() > begin + PATIENCE:
                raise SystemExit(f"edit {number} was not seen")
            if not recorded and journal.grown():
                recorded = time.perf_counter()
            if not delivered and output.grown():
                delivered = time.perf_counter()
            time.sleep(0.00005)
        taken["journal, by rename" if rename else "journal, in place"].append(recorded - begin)
        taken["output"].append(delivered - begin)
        begin = time.perf_counter()
        os.write(raw, b"x" * 1300)
        os.fsync(raw)
        taken["fsync"].append(time.perf_counter() - begin)
    wait(scratch.in_step)
    print(f"\n{EDITS} edits, one at a time:\n")
    print("| ms | p50 | p99 | max |\n|---|--:|--:|--:|")
    row("close() to the line in the journal", taken["journal, in place"])
    row("rename() to the line in the journal", taken["journal, by rename"])
    row("either to the line in the jsonl output", taken["output"])
    row("the disk alone: write 1.3 kB, fsync", taken["fsync"])


def burst(scratch: Scratch) -> None:
    """A thousand edits in a second."""
    moves, last = random.Random(BURST), scratch.journal.position().sequence
    begin = time.perf_counter()
    for number in range(BURST):
        scratch.edit(moves.randrange(FILES), moves.randrange(1, 50), rename=moves.random() < 0.5)
        time.sleep(max(0.0, begin + number / BURST - time.perf_counter()))
    edited = time.perf_counter()
    settled = wait(lambda: scratch.open_drifts() == scratch.expected())
    events = sum(1 for _ in scratch.journal.read(last))
    print(f"\n{BURST} edits over {FILES} files as fast as one a millisecond:\n")
    print("| | |\n|---|--:|")
    print(f"| time of the edits | {edited - begin:.2f} s |")
    print(f"| events recorded | {events} |")
    print(f"| last edit to: every file's state is recorded | {(settled - edited) * 1000:.0f} ms at most |")


def kills(scratch: Scratch) -> None:
    """SIGKILL at random moments while files change; then count."""
    moves, finished = random.Random(KILLS), threading.Event()

    def edit() -> None:
        while not finished.wait(0.002):
            scratch.edit(moves.randrange(FILES), moves.randrange(1, 50), rename=moves.random() < 0.5)

    editor = threading.Thread(target=edit)
    editor.start()
    moments = random.Random(0)
    for _ in range(KILLS):
        with scratch.daemon() as process:
            time.sleep(moments.random() * 0.5)
            process.kill()
    finished.set()
    editor.join()
    checked = json.loads(scratch.driftd("check", "--json"))["drifts"]
    found = {drift["item"]: str(drift["changes"][0]["after"]) for drift in checked}
    with scratch.daemon():
        told = scratch.open_drifts()
    events = list(scratch.journal.read())
    delivered = [json.loads(line)["event"]["id"] for line in scratch.log.read_text().splitlines()]
    print(f"\n{KILLS} times SIGKILL while files change, each followed by a start:\n")
    print("| | |\n|---|--:|")
    print(f"| events in the journal | {len(events)} |")
    print(f"| drifts that `check` finds and the journal misses | {len(found.items() - told.items())} |")
    print(f"| drifts that the journal has and `check` does not find | {len(told.items() - found.items())} |")
    print(f"| transitions told twice | {told_twice(events)} |")
    print(f"| holes in the sequence | {sequence_of(events[-1]) - len(events)} |")
    print(f"| damage found by verify | {len(scratch.journal.verify())} |")
    print(f"| lines in the output again after a restart (same `event.id`) | {len(delivered) - len(set(delivered))} |")


def told_twice(events: list[Event]) -> int:
    """Return how many events say what the one before them on the same drift said."""
    last: dict[str, object] = {}
    twice = 0
    for event in events:
        told = namespace(event)
        if "drift_id" in told:
            says = told.get("fingerprint")
            twice += last.get(str(told["drift_id"])) == says
            last[str(told["drift_id"])] = says
    return twice


def main(directory: Path) -> None:
    scratch = Scratch(directory)
    with scratch.daemon():
        paced(scratch)
        burst(scratch)
    kills(scratch)


if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        main(place)
    finally:
        shutil.rmtree(place)
