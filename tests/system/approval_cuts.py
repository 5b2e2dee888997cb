"""Cuts the power under somebody who approves many files again and again: while that stands still, the image of its file system is copied.

Run in a mount namespace of its own: python -m tests.system.approval_cuts DIRECTORY CUTS SEED. After each cut a line says what was
acknowledged by then, which revision is found, and what its items say.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from driftd.baselines.approve import write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.author import Author
from driftd.baselines.history import History
from driftd.baselines.proposal import prepare
from driftd.model.approved import ApprovedItem
from tests.system.power_cuts import ROOT, disk, run

ITEMS = 100  # so many are written with one sync for all


def approve_for_ever(directory: Path) -> None:
    """Approve everything anew, each time with the number of the revision for a mode, and say so."""
    baseline, history = directory / "app", History(directory / "revisions")
    baseline.mkdir()
    for revision in range(1, 1_000_000):
        names = [f"/etc/{number % 10}/{number}" for number in range(ITEMS)]
        items = {name: ApprovedItem(name, {"type": "file", "mode": str(revision)}) for name in names}
        layers = ApprovedLayers(baseline, "host")
        write(prepare(layers, items, Author("mia", "2023-06-01T10:00:00Z")), baseline, history)
        os.write(sys.stdout.fileno(), b"%d\n" % revision)


def found(directory: Path) -> str:
    """Return the revision that stands in a directory, and what its items say."""
    layers = ApprovedLayers(directory / "app", "host")
    states = [layers.get(item) for item in layers.items()]
    said = {str(state.attributes["mode"]) if isinstance(state, ApprovedItem) else repr(state) for state in states}
    return f"{layers.revision} {len(states)} {','.join(sorted(said))}"


def main(directory: Path, cuts: int, moments: random.Random) -> None:
    """Cut so many times, at random moments."""
    image, at, copy = disk(directory)
    command = [sys.executable, "-m", "tests.system.approval_cuts", "approve", str(at)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        os.set_blocking(writer.stdout.fileno(), False)
        for _ in range(cuts):
            time.sleep(moments.uniform(0.05, 0.4))
            writer.send_signal(signal.SIGSTOP)
            os.waitpid(writer.pid, os.WUNTRACED)
            for line in (writer.stdout.read() or b"").split():
                acknowledged = int(line)
            run("cp", image, directory / "cut")
            run("mount", "-o", "loop", directory / "cut", copy)
            sys.stdout.write(f"{acknowledged} {found(copy)}\n")
            run("umount", copy)
            writer.send_signal(signal.SIGCONT)
        writer.kill()
    run("umount", at)


if __name__ == "__main__":
    if sys.argv[1] == "approve":
        approve_for_ever(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3])))
