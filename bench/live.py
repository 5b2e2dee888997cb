"""What live detection takes, beside inotifywait: single edits, and a burst. Run: python bench/live.py [DIR].

DIR is on the disk to measure. The clock starts before the close() or rename() that completes a save.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watching.lines import Lines
from watching.scratch import PATIENCE, Scratch, wait
from watching.tables import heading, milliseconds

from driftd.model.event import Action, action_of, namespace

FILES = 1000
EDITS = 500
BURST = 10_000
QUIET = 3.0
"""Seconds without a line after which a burst is over."""
INOTIFYWAIT = ["inotifywait", "-m", "-q", "-r", "-e", "close_write,moved_to", "--format", "%w%f"]


@contextmanager
def inotifywait(tree: Path) -> Iterator[Lines]:
    """Run the floor: a program that prints the names and knows nothing more."""
    with subprocess.Popen([*INOTIFYWAIT, str(tree)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        time.sleep(1.0)  # it says on no channel when it watches
        try:
            yield Lines.of_pipe(process.stdout.fileno())
        finally:
            process.terminate()


def paced(scratch: Scratch) -> None:
    """Edit, wait for every line, measure an fsync of the same disk; again, each time another file."""
    (segment,) = (scratch.directory / "state" / "journal").glob("*.jsonl")
    before = scratch.journal.position().sequence
    raw = os.open(scratch.directory / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    pauses = random.Random(EDITS)
    taken: dict[str, list[float]] = {}
    with inotifywait(scratch.tree) as floor:
        readers = {"journal": Lines.of_growing(segment), "jsonl": Lines.of_growing(scratch.log), "inotifywait": floor}
        for number in range(EDITS):
            time.sleep(0.02 + pauses.random() * 0.02)
            how = "rename()" if number % 2 else "close()"
            begin = scratch.edit(number, number + 2, rename=how == "rename()")
            for name, reader in readers.items():
                seen = reader.wait_for(number, PATIENCE)
                if seen is None:
                    raise SystemExit(f"{name} does not name file {number}")
                taken.setdefault(f"{how} {name}", []).append(seen - begin)
            begin = time.perf_counter()
            os.write(raw, b"x" * 1300)
            os.fsync(raw)
            taken.setdefault("fsync", []).append(time.perf_counter() - begin)
    delays = [
        int(str(namespace(event)["detection_delay_us"])) / 1e6
        for event in scratch.journal.read(before)
        if action_of(event) in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED)
    ]
    heading(
        f"{EDITS} edits, one at a time, each of another file; half in place, half by rename:", "ms", "p50", "p99", "max"
    )
    milliseconds("close() to the name from inotifywait", taken["close() inotifywait"])
    milliseconds("rename() to the name from inotifywait", taken["rename() inotifywait"])
    milliseconds("the kernel's notification to the drift, as the events say (`detection_delay_us`)", delays)
    milliseconds("close() to the line in the journal", taken["close() journal"])
    milliseconds("rename() to the line in the journal", taken["rename() journal"])
    milliseconds(
        "either to the line in the jsonl output, durable in the journal before",
        taken["close() jsonl"] + taken["rename() jsonl"],
    )
    milliseconds("the disk alone: write 1.3 kB, fsync", taken["fsync"])


def burst(scratch: Scratch, pid: int) -> None:
    """Ten saves of each file, round after round, as fast as one program can."""
    last = scratch.journal.position().sequence
    cpu = cpu_of(pid)
    with inotifywait(scratch.tree) as floor:
        begin = time.perf_counter()
        for number in range(BURST):
            scratch.edit(number % FILES, 1000 + number, rename=False)
        edited = time.perf_counter()
        settled = wait(lambda: scratch.open_drifts() == scratch.expected(), 0.1)
        wait(lambda: time.perf_counter() > max(floor.last.values()) + QUIET, 0.1)
        named, floor_end = len(floor.first), max(floor.last.values())
    told = [event for event in scratch.journal.read(last) if "drift_id" in namespace(event)]
    heading(f"{BURST:,} edits over {FILES:,} files, one after the other without a pause:", "", "driftd", "inotifywait")
    print(
        f"| files named, with what they say in the end | {len({namespace(event)['item'] for event in told}):,} | {named:,} (names alone) |"
    )
    print(f"| time of the edits | {edited - begin:.2f} s | |")
    print(f"| last edit to the last line | {settled - edited:.2f} s | {max(0.0, floor_end - edited):.2f} s |")
    print(f"| events recorded | {len(told):,} | |")
    print(f"| processor time | {cpu_of(pid) - cpu:.2f} s | |")


def cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process used, all its threads together."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def main(directory: Path) -> None:
    scratch = Scratch(directory, FILES)
    with scratch.daemon() as daemon:
        wait(scratch.in_step)
        paced(scratch)
        burst(scratch, daemon.pid)


if __name__ == "__main__":
    if shutil.which("inotifywait") is None:
        raise SystemExit("needs inotifywait (Debian: inotify-tools)")
    place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        main(place)
    finally:
        shutil.rmtree(place)
