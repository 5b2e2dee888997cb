"""Cuts the power under a writer that prunes: while it stands still, the image of its file system is copied and mounted.

Run in a mount namespace of its own: python -m tests.system.power_cuts DIRECTORY CUTS SEED. After each cut what was found is in
DIRECTORY/found-N, and a line says how much was acknowledged by then.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*words: str | Path) -> None:
    """Run a program that must succeed."""
    subprocess.run(words, check=True)


def disk(directory: Path) -> tuple[Path, Path, Path]:
    """Make a disk of 64 MB; return its image, where it is mounted, and where a copy of it may be."""
    image, at, copy = directory / "image", directory / "at", directory / "copy"
    at.mkdir()
    copy.mkdir()
    run("truncate", "-s", "64M", image)
    run("mkfs.ext4", "-q", image)
    run("mount", "-o", "loop,commit=300", image, at)  # what is not synced stays in memory
    return image, at, copy


def main(directory: Path, cuts: int, moments: random.Random) -> None:
    """Cut so many times, at random moments."""
    image, at, copy = disk(directory)
    command = [sys.executable, "-m", "tests.system.store_writer", "until-killed-pruning", str(at / "state")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        for number in range(cuts):
            acknowledged = 0
            for _ in range(moments.randrange(60, 160)):
                acknowledged = int(writer.stdout.readline().split()[1])
            writer.send_signal(signal.SIGSTOP)
            os.waitpid(writer.pid, os.WUNTRACED)
            run("cp", image, directory / "cut")
            run("mount", "-o", "loop", directory / "cut", copy)
            shutil.copytree(copy / "state", directory / f"found-{number}")
            run("umount", copy)
            writer.send_signal(signal.SIGCONT)
            sys.stdout.write(f"{acknowledged}\n")
        writer.kill()
    run("umount", at)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3])))
