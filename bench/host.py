"""This machine's own /etc: items, formats, how long looking takes, and what the daemon costs at rest.

    python bench/host.py [SECONDS]     prints Markdown; SECONDS of rest are measured (default: 20)
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from driftd.daemon.control import ask

PLAIN = ("text", "digest", "directory", "symlink")


def driftd(config: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run driftd; return what it said and how long it took."""
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "driftd", *words, "--config", str(config)], check=False, capture_output=True, text=True
    )
    return done, time.monotonic() - begin


def formats(base: Path) -> Counter[str]:
    """Count the approved items by the format they were read in."""
    found: Counter[str] = Counter()
    for path in base.glob("baselines/*/hosts/*/approved/**/*.json"):
        item = json.loads(path.read_text())
        if item["attributes"]["type"] == "file":
            found[item.get("format", "digest")] += 1
    return found


def audits(base: Path, depth: str, times: int) -> list[float]:
    """Have the running daemon audit; return the seconds its own events tell."""
    journal = base / "state" / "journal"

    def told() -> list[float]:
        lines = [line for segment in sorted(journal.glob("*.jsonl")) for line in segment.read_text().splitlines()]
        events = [json.loads(line) for line in lines]
        ended = [event["driftd"]["audit"] for event in events if event["event"]["action"] == "audit-completed"]
        return [audit["duration_us"] / 1e6 for audit in ended if audit["depth"] == depth]

    begin = len(told())
    for number in range(times):
        ask(base / "state" / "control.sock", "audit", {"depth": depth})
        while len(told()) <= begin + number:
            time.sleep(0.05)
    return told()[begin:]


def rest(pid: int, seconds: float) -> tuple[int, int, float]:
    """Return PSS and RSS in KiB, and the CPU seconds spent in so many seconds of rest."""

    def cpu() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = cpu()
    time.sleep(seconds)
    spent = cpu() - before
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(lines["Pss"].split()[0]), int(lines["Rss"].split()[0]), spent


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    base = Path(tempfile.mkdtemp(prefix="driftd-bench-")).resolve()
    config = base / "driftd.yaml"
    daemon = None
    try:
        begin = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "driftd", "init", "--into", str(base), "--yes"], check=False, stdout=subprocess.DEVNULL
        )
        first_look = time.monotonic() - begin
        _, approval = driftd(config, "approve", "--yes", "--reason", "bench")
        check, _ = driftd(config, "check", "--json")
        coverage = json.loads(check.stdout)["coverage"]
        daemon = subprocess.Popen(
            [sys.executable, "-m", "driftd", "run", "--config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not (base / "state" / "control.sock").exists():
            time.sleep(0.05)
        time.sleep(3)
        quick, deep = audits(base, "quick", 5), audits(base, "deep", 3)
        found = formats(base)
        files, settings = found.total(), sum(n for name, n in found.items() if name not in PLAIN)
        text, digest = found["text"], found["digest"]
        pss, rss, cpu = rest(daemon.pid, seconds)
        print("| what | value |\n|---|---|")
        print(f"| items under /etc, gaps | {coverage['items']}, {len(coverage['gaps'])} |")
        print(f"| regular files: read as settings, as lines, by digest | {files}: {settings}, {text}, {digest} |")
        print(f"| formats detected | {', '.join(f'{n} {name}' for name, n in found.most_common() if name not in PLAIN)} |")
        print(f"| `driftd init`: look at everything for the first time | {first_look:.2f} s |")
        print(f"| first approval: read, parse, write a file an item, durable | {approval:.2f} s |")
        print(f"| quick audit in the daemon, nothing changed, median of {len(quick)} | {statistics.median(quick) * 1e3:.0f} ms |")
        print(f"| deep audit in the daemon, median of {len(deep)} | {statistics.median(deep) * 1e3:.0f} ms |")
        print(f"| memory of the daemon at rest, PSS (RSS) | {pss / 1024:.1f} MiB ({rss / 1024:.1f} MiB) |")
        print(f"| CPU in {seconds:.0f} s of rest | {cpu:.2f} s |")
    finally:
        if daemon is not None:
            daemon.terminate()
            daemon.wait()
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
