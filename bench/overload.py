"""What many files changed at once cost the running daemon. Run: python bench/overload.py [DIR] [--files N].

All of N approved files are changed by a loop that does nothing else (chmod, or one value of each rewritten), then changed back.
Meanwhile `status` is asked twice a second, and what the daemon tells its service manager is taken down.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

from watching.scratch import Scratch, text_of, wait
from watching.tables import heading

from driftd.daemon.control import ControlError, ask
from driftd.model.event import action_of, told_together

FILES = 2_000
QUIET = 6.0
"""Seconds without an event after which it is over."""
WATCHDOG = 60
TICKS = os.sysconf("SC_CLK_TCK")
CHANGES = {
    "chmod": "import os, sys\nfor line in sys.stdin: os.chmod(line.rstrip(), {mode})",
    "rewrite": "import sys\nfor line in sys.stdin:\n with open(line.rstrip(), 'w') as file: file.write({text!r})",
}


class Manager:
    """The service manager's end: what the daemon says, and when."""

    def __init__(self, path: Path) -> None:
        self.pings: list[float] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            if b"WATCHDOG=1" in self._socket.recv(65536):
                self.pings.append(time.perf_counter())

    def longest(self, begin: float, end: float) -> float:
        """Return the longest time without a sign of life."""
        moments = [begin, *(ping for ping in self.pings if begin < ping < end), end]
        return max(after - before for before, after in pairwise(moments))


class Watcher(Thread):
    """Asks for the status and looks at memory and processor time, twice a second, until it is told to stop."""

    def __init__(self, pid: int, control: Path) -> None:
        super().__init__(daemon=True)
        self.answers: list[float] = []
        self.peak = 0
        self._pid = pid
        self._control = control
        self._over = Event()

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.peak = max(self.peak, memory(self._pid))
            begin = time.perf_counter()
            with contextlib.suppress(ControlError):
                ask(self._control, "status")
            self.answers.append(time.perf_counter() - begin)

    def stop(self) -> None:
        self._over.set()
        self.join()


def processes(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def memory(pid: int) -> int:
    """Return what the daemon and its children take, in KiB of proportional share."""
    total = 0
    for one in processes(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def processor(pid: int) -> float:
    """Return the seconds of processor time the daemon and its children took."""
    taken = 0
    for one in processes(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            taken += sum(map(int, fields[11:15]))
    return taken / TICKS


def change(scratch: Scratch, program: str) -> float:
    """Run a program that changes every file; return the seconds that took."""
    begin = time.perf_counter()
    names = "".join(f"{file}\n" for file in scratch.files)
    subprocess.run([sys.executable, "-c", program], input=names, text=True, check=True)
    return time.perf_counter() - begin


def at_rest(scratch: Scratch, expected: Callable[[], bool]) -> float:
    """Return when the last event was written, once none follows and what is expected is true."""
    last, seen = scratch.journal.position().sequence, time.perf_counter()
    end = seen + 3600
    while time.perf_counter() < end:
        time.sleep(0.2)
        now = scratch.journal.position().sequence
        if now != last:
            last, seen = now, time.perf_counter()
        elif time.perf_counter() > seen + QUIET and expected():
            return seen
    raise SystemExit("it never comes to rest")


def measured(
    scratch: Scratch, pid: int, manager: Manager, what: str, program: str, drifted: int, *, transcript: bool
) -> None:
    control = scratch.directory / "state" / "control.sock"
    last, cpu, begin = scratch.journal.position().sequence, processor(pid), time.perf_counter()
    watcher = Watcher(pid, control)
    watcher.start()
    took = change(scratch, program)
    if transcript:
        print(f"\ndriftd status, {what}, {time.perf_counter() - begin:.1f} s after the first change:\n")
        print("\n".join(scratch.driftd("status").splitlines()[:40]))
    ended = at_rest(scratch, lambda: open_count(control) == drifted)
    watcher.stop()
    cpu = processor(pid) - cpu
    events: Counter[str] = Counter()
    told = 0
    for event in scratch.journal.read(last):
        events[str(action_of(event))] += 1
        told += told_together(event) is None
    heading(f"{len(scratch.files)} files, {what}:", "what", "result")
    print(f"| the changes took | {took:.1f} s |")
    print(f"| from the first of them to the last event | {ended - begin:.1f} s |")
    print(f"| processor time of the daemon, a file | {cpu:.1f} s, {cpu / len(scratch.files) * 1000:.2f} ms |")
    print(f"| share of one processor until the last event | {cpu / (ended - begin):.0%} |")
    print(f"| memory of the daemon and its children, peak (PSS) | {watcher.peak / 1024:.1f} MiB |")
    print(f"| `status` answered, longest of {len(watcher.answers)} | {max(watcher.answers):.2f} s |")
    print(f"| longest without a ping to the watchdog (it waits {WATCHDOG} s) | {manager.longest(begin, ended):.1f} s |")
    print(f"| events recorded, told by themselves | {events.total()}, {told} |")
    print(f"| of these | {', '.join(f'{count} {action}' for action, count in events.most_common())} |")
    sys.stdout.flush()


def open_count(control: Path) -> int:
    """Return how many drifts are open, as the daemon says."""
    told = ask(control, "status")
    assert isinstance(told, dict)
    found = told.get("summary", {"drifts": -1})  # -1: the loop is busy
    assert isinstance(found, dict)
    return int(str(found["drifts"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", help="on the disk to measure")
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument(
        "--transcript", action="store_true", help="print what `driftd status` says as soon as all are changed"
    )
    parser.add_argument("--keep", action="store_true", help="leave everything there")
    args = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="driftd-overload-", dir=args.directory))
    try:
        began = time.perf_counter()
        scratch = Scratch(place, args.files)
        print(f"{args.files} files made and approved in {time.perf_counter() - began:.1f} s")
        manager = Manager(place / "notify")
        os.environ |= {"NOTIFY_SOCKET": str(place / "notify"), "WATCHDOG_USEC": f"{WATCHDOG}000000"}
        began = time.perf_counter()
        with scratch.daemon() as process:
            print(f"the first audit was over after {time.perf_counter() - began:.1f} s")
            wait(lambda: open_count(place / "state" / "control.sock") == 0)
            print(f"memory at rest {memory(process.pid) / 1024:.1f} MiB")
            for what, there, back in (
                ("chmod", "0o600", "0o644"),
                ("rewrite", text_of(2), text_of(1)),
            ):
                key = "mode" if what == "chmod" else "text"
                for how, value, drifted in ((what, there, args.files), (f"{what} back", back, 0)):
                    program = CHANGES[what].format(**{key: value})
                    measured(scratch, process.pid, manager, how, program, drifted, transcript=args.transcript)
            time.sleep(QUIET)
            print(f"\nmemory after it {memory(process.pid) / 1024:.1f} MiB")
        for name in ("journal", "driftd.db"):
            size = sum(f.stat().st_size for f in (place / "state").glob(f"{name}*") if f.is_file())
            size += sum(f.stat().st_size for f in (place / "state" / name).glob("*"))
            print(f"{name}: {size / 1e6:.0f} MB")
    finally:
        if not args.keep:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
