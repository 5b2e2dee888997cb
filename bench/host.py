"""What auditing this machine costs: coverage, first snapshot, audits in the daemon, memory and CPU at rest.

Run as root, who may read everything: python bench/host.py [DIR].
"""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from auditing.processes import cpu, family, memory

from driftd.daemon.control import ask
from driftd.model.event import Action, Event, action_of, namespace
from driftd.store.reader import JournalReader

REST = 20.0
ROUNDS = 5
PATIENCE = 120.0


def driftd(*words: str) -> tuple[str, float]:
    """Return what a command printed and the seconds it took."""
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "driftd", *words], stdout=subprocess.PIPE, text=True, check=False)
    took = time.perf_counter() - begin
    if done.returncode not in (0, 1, 3):
        raise SystemExit(f"driftd {words[0]} ended with {done.returncode}")
    return done.stdout, took


def completed(journal: JournalReader, after: int) -> Event:
    """Return the next audit-completed event."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for event in journal.read(after):
            if action_of(event) == Action.AUDIT_COMPLETED:
                return event
        time.sleep(0.02)
    raise SystemExit("no audit was completed")


def duration(event: Event) -> float:
    audit = namespace(event)["audit"]
    assert isinstance(audit, dict)
    assert isinstance(audit["duration_us"], int)
    return audit["duration_us"] / 1e6


def formats(directory: Path) -> Counter[str]:
    """Return how many approved files were read as what."""
    found: Counter[str] = Counter()
    for file in directory.glob("baselines/*/hosts/*/approved/**/*.json"):
        approved = json.loads(file.read_text())
        if approved["attributes"].get("type") == "file":
            found[approved.get("format") or "digest alone"] += 1
    return found


def line(what: str, value: str) -> None:
    print(f"| {what} | {value} |")


def main(directory: Path) -> None:
    into, config = ["--into", str(directory)], ["--config", str(directory / "driftd.yaml")]
    shape, first_look = driftd("init", *into, "--yes", "--json")
    coverage = json.loads(shape)["coverage"]
    _, snapshot = driftd("approve", *config, "--reason", "bench", "--yes")
    _, check = driftd("check", *config, "--json")
    found = formats(directory)
    files = sum(found.values())
    settings = files - found["text"] - found["digest alone"]
    print("\n| /etc of this machine | |\n|---|--:|")
    line("items", f"{coverage['items']:,}")
    gaps = [gap for gap in coverage["gaps"] if gap["reason"] != "not-approved"]
    line("gaps", f"{len(gaps)}")
    line("regular files", f"{files:,}")
    line("read as settings", f"{settings:,} ({settings / files:.0%})")
    line("read as lines of text", f"{found['text']:,} ({found['text'] / files:.0%})")
    line("by digest alone", f"{found['digest alone']:,} ({found['digest alone'] / files:.0%})")
    line("formats", ", ".join(f"{name} {count}" for name, count in found.most_common() if name not in APART))
    journal = JournalReader(directory / "state" / "journal")
    last = journal.position().sequence
    process = subprocess.Popen(
        [sys.executable, "-m", "driftd", "run", *config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        startup = duration(completed(journal, last))
        taken: dict[str, list[float]] = {"quick": [], "deep": []}
        for depth in ("deep", "quick") * ROUNDS:
            last = journal.position().sequence
            ask(directory / "state" / "control.sock", "audit", {"depth": depth}, timeout=PATIENCE)
            taken[depth].append(duration(completed(journal, last)))
        time.sleep(1)
        processes = family(process.pid)
        before = cpu(processes)
        time.sleep(REST)
        used = cpu(processes) - before
        print("\n| seconds | |\n|---|--:|")
        line("`init`: the first look at everything", f"{first_look:.2f}")
        line("`approve`: the first snapshot, with the copies of the approved bytes", f"{snapshot:.2f}")
        line("`check`, cold start included", f"{check:.2f}")
        line("deep audit after a start, in the daemon", f"{startup:.2f}")
        line(f"deep audit, in the daemon (median of {ROUNDS})", f"{statistics.median(taken['deep']):.2f}")
        line(f"quick audit, in the daemon (median of {ROUNDS})", f"{statistics.median(taken['quick']):.3f}")
        print(f"\n| the daemon at rest, after {2 * ROUNDS} audits | |\n|---|--:|")
        line("processes", f"{len(processes)}")
        line("memory, PSS", f"{memory(processes, 'Pss'):.1f} MiB")
        line("memory, RSS", f"{memory(processes, 'Rss'):.1f} MiB")
        line(f"CPU in {REST:.0f} s", f"{used * 1000:.0f} ms")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


APART = ("text", "digest alone")

if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        main(place)
    finally:
        shutil.rmtree(place)
