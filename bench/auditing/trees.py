"""Trees of small settings files, the same for the same number: about a hundred files a directory, two kilobytes a file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

PER_DIRECTORY = 90
BRANCHES = 12
LINES = 48


def grow(tree: Path, files: int) -> list[Path]:
    """Make a tree of so many files; return them."""
    made = []
    drawn = random.Random(files)
    for directory in _directories(tree, files):
        directory.mkdir(parents=True)
        for _ in range(min(PER_DIRECTORY, files - len(made))):
            number = len(made)
            path = directory / f"service-{number:06}{('.conf', '.ini', '.yaml')[number % 3]}"
            path.write_text(_text(number % 3, drawn))
            made.append(path)
    return made


def _directories(tree: Path, files: int) -> Iterator[Path]:
    for number in range(-(-files // PER_DIRECTORY)):
        yield tree / f"team-{number % BRANCHES:02}" / f"host-{number // BRANCHES % BRANCHES:02}" / f"part-{number:04}"


def _text(kind: int, drawn: random.Random) -> str:
    pairs = [(f"setting_{line:02}", f"value-{drawn.getrandbits(96):024x}") for line in range(LINES)]
    match kind:
        case 0:
            return "".join(f"{name} = {value}\n" for name, value in pairs)
        case 1:
            return "[main]\n" + "".join(f"{name}={value}\n" for name, value in pairs)
        case _:
            return "main:\n" + "".join(f"  {name}: {value}\n" for name, value in pairs)
