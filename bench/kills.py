"""What SIGKILL at random moments costs: nothing lost, nothing told twice? Run: python bench/kills.py [DIR]."""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from watching.scratch import Scratch
from watching.tables import heading

from driftd.model.event import Event, namespace, sequence_of

FILES = 100
KILLS = 20


def kills(scratch: Scratch) -> None:
    """Kill the daemon again and again while files change; then count."""
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
    heading(f"{KILLS} times SIGKILL while files change, each followed by a start:", "", "")
    print(f"| events in the journal | {len(events):,} |")
    print(f"| drifts that `check` finds and the journal misses | {len(found.items() - told.items())} |")
    print(f"| drifts that the journal has and `check` does not find | {len(told.items() - found.items())} |")
    print(f"| transitions told twice | {told_twice(events)} |")
    print(
        f"| holes in the sequence, damage found by verify | {sequence_of(events[-1]) - len(events) + len(scratch.journal.verify())} |"
    )
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


if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        kills(Scratch(place, FILES))
    finally:
        shutil.rmtree(place)
