"""What audits take and what the daemon needs at rest, beside other programs on the same trees.

python bench/audits.py [--sizes 1000,10000,100000] [--parts audits,rest,growth] [--rounds N] [--rest SECONDS] [--events N] [DIR]

Without options: small trees, so that it is over in minutes; `--full` for what the documentation shows. DIR is on the disk to
measure, and not below one in which others make files meanwhile, as they do in /tmp: directories on the way are watched, too. A size
needs as many inotify watches as its tree has directories: one in ninety files, and a few.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from auditing.hosts import PATIENCE, Daemon, Host
from auditing.peers import Peers
from auditing.processes import cpu, family, memory, spent
from watching.tables import heading

PARTS = ("audits", "rest", "growth")
EDITED = 100
"""Files that are edited again and again to see memory grow."""
TENTHS = 10
TIDYING = 120.0
"""Seconds after which a daemon is at rest that is not quiet yet."""


@dataclass
class Measured:
    """What was measured of one tree."""

    files: int
    directories: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    spent: dict[str, list[float]] = field(default_factory=dict)
    """Processor time."""
    pss: float = 0.0
    used: float = 0.0

    def take(self, what: str, seconds: float) -> None:
        print(f"{self.files:,} files: {what} {seconds:.3f} s", file=sys.stderr, flush=True)
        self.seconds.setdefault(what, []).append(seconds)

    def median(self, what: str) -> float | None:
        return statistics.median(self.seconds[what]) if what in self.seconds else None

    def mean_spent(self, what: str) -> float | None:
        return statistics.mean(self.spent[what]) if what in self.spent else None


def measure(place: Path, files: int, parts: list[str], rounds: int, rest: float) -> Measured:
    """Measure a tree: the first audit and approval, audits of both depths beside others, the daemon at rest."""
    measured = Measured(files)
    host = Host(place, files)
    measured.directories = sum(1 for path in host.tree.rglob("*") if path.is_dir())
    with host.daemon() as daemon:
        measured.take("first audit", daemon.first)
    measured.take("approve", host.driftd("approve", "--reason", "bench", "--yes"))
    with host.daemon() as daemon:
        daemon.audit("deep")
        if "audits" in parts:
            compare(measured, daemon, Peers(host.tree, place), rounds)
        if "rest" in parts:
            quieten(daemon)
            measured.pss = memory(family(daemon.pid))
            before = cpu(family(daemon.pid))
            time.sleep(rest)
            measured.used = cpu(family(daemon.pid)) - before
    return measured


def quieten(daemon: Daemon) -> None:
    """Wait until the daemon has tidied up after an audit, and a minute after its start."""
    end = time.monotonic() + TIDYING
    used = cpu(family(daemon.pid))
    while time.monotonic() < end:
        time.sleep(2.0)
        before, used = used, cpu(family(daemon.pid))
        if used - before < 0.001 and time.monotonic() > daemon.started + 70:
            return


def compare(measured: Measured, daemon: Daemon, peers: Peers, rounds: int) -> None:
    """Have each look at the tree in turn, so that what else the machine does is the same for all."""
    peers.begin()
    time.sleep(3.0)  # what was written just now is looked at twice, by git as well
    turns: dict[str, Callable[[], float]] = {
        "quick": lambda: daemon.audit("quick"),
        "find": peers.find,
        "git status": peers.git_status,
        "git status alone": peers.git_status_alone,
        "deep": lambda: daemon.audit("deep"),
        "sha256sum": peers.sha256sum,
    }
    if peers.has_aide:
        turns["aide"] = peers.aide_check
    for turn in (*turns.values(),):
        turn()  # what is read for the first time is read from the disk
    for _ in range(rounds):
        for what, turn in turns.items():
            before = spent(daemon.pid) + peers.spent
            measured.take(what, turn())
            measured.spent.setdefault(what, []).append(spent(daemon.pid) + peers.spent - before)


def growth(place: Path, events: int) -> list[tuple[int, float, float]]:
    """Edit a few files until so many events are recorded; return after each tenth of them all memory, and its own."""
    host = Host(place, EDITED)
    host.driftd("approve", "--reason", "bench", "--yes")
    seen: list[tuple[int, float, float]] = []
    with host.daemon() as daemon:
        first, edits = host.journal.position().sequence, 0
        end = time.monotonic() + PATIENCE
        while len(seen) <= TENTHS and time.monotonic() < end:
            recorded = host.journal.position().sequence - first
            if recorded >= len(seen) * events // TENTHS:
                processes = family(daemon.pid)
                seen.append((recorded, memory(processes), memory(processes, "Pss_Anon")))
            for number in range(EDITED):
                edits += 1
                host.files[number].write_text(f"setting_00 = value-{edits}\n")
            time.sleep(0.05)
    return seen


def shown(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f} s" if seconds < 10 else f"{seconds:.1f} s"


def ratio(measured: Measured, what: str, other: str) -> str:
    ours, theirs = measured.median(what), measured.median(other)
    return f"{ours / theirs:.2f}" if ours and theirs else ""


TITLES = {
    "quick": "quick audit, in the daemon",
    "find": "`find -printf`",
    "git status": "`git status`",
    "git status alone": "`git status` with one thread (`core.preloadIndex=false`)",
    "deep": "deep audit, in the daemon, what is approved read as well",
    "sha256sum": "`find -type f -print0 \\| xargs -0 -P2 sha256sum`",
    "aide": "`aide --check`",
}


def row(title: str, cells: list[str]) -> None:
    if any(cells):
        print(f"| {title} | {' | '.join(cells)} |")


def report(found: list[Measured], parts: list[str], rest: float) -> None:
    columns = [f"{each.files:,} files" for each in found]
    load = os.getloadavg()[0]
    if "audits" in parts:
        heading(f"Audits of a tree in which nothing changed, medians, load {load:.1f}:", "", *columns)
        for what, title in TITLES.items():
            row(title, [shown(each.median(what)) for each in found])
        for what, other in (
            ("quick", "git status"),
            ("quick", "git status alone"),
            ("quick", "find"),
            ("deep", "sha256sum"),
            ("deep", "aide"),
        ):
            row(f"{what} audit / {other}", [ratio(each, what, other) for each in found])
        heading("The processor time of the same, means:", "", *columns)
        for what, title in TITLES.items():
            row(title, [shown(each.mean_spent(what)) for each in found])
    heading("The first time:", "", *columns)
    row(
        "first audit, in the daemon: everything is read and remembered",
        [shown(each.median("first audit")) for each in found],
    )
    row("`driftd approve`, each item a file, durable", [shown(each.median("approve")) for each in found])
    if "rest" in parts:
        heading("The daemon at rest, after audits of both depths:", "", *columns)
        row("memory, PSS", [f"{each.pss:.1f} MiB" for each in found])
        row("directories watched", [f"{each.directories:,}" for each in found])
        row(f"processor time in {rest:.0f} s", [f"{each.used:.3f} s" for each in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--parts", type=lambda text: text.split(","), default=[*PARTS])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--rest", type=float)
    parser.add_argument("--events", type=int)
    args = parser.parse_args()
    sizes = args.sizes or ([1_000, 10_000, 100_000] if args.full else [1_000, 4_000])
    rounds = args.rounds or (9 if args.full else 5)
    rest = args.rest or (60.0 if args.full else 10.0)
    events = args.events or (100_000 if args.full else 2_000)
    found = []
    for files in sizes if {"audits", "rest"} & {*args.parts} else []:
        place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=args.directory))
        try:
            found.append(measure(place, files, args.parts, rounds, rest))
        finally:
            shutil.rmtree(place)
    if found:
        report(found, args.parts, rest)
    if "growth" in args.parts:
        place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=args.directory))
        try:
            seen = growth(place, events)
        finally:
            shutil.rmtree(place)
        title = f"Memory while {EDITED} files are edited again and again:"
        heading(title, "events recorded", "PSS", "of it anonymous, which no other process shares")
        for recorded, pss, anonymous in seen:
            print(f"| {recorded:,} | {pss:.1f} MiB | {anonymous:.1f} MiB |")


if __name__ == "__main__":
    main()
