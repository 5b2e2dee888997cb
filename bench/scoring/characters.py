"""Real files with one other character: nearly each must be drift, and a setting that nobody hears must not hide it."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scoring.corpus import records
from scoring.judgement import judge
from scoring.tables import share, table

from driftd.formats.reading import read

TRIES = 4
LARGE = 60_000
_COMMENT = re.compile(
    rb"""
      <!--.*?-->                       # of several lines
    | <\?xml.*?\?> | <!DOCTYPE[^>\[]*+(?:\[.*?\])?\s*+>
    | /\*.*?\*/
    | ^[ \t]*+(?:\#|;|//|!|--|\*)[^\n]*+
    | [ \t](?:\#|;|//)[^\n]*+
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_SAYS = re.compile(rb"[A-Za-z0-9]")


def print_characters(corpus: Path, *, verbose: bool) -> None:
    """Print in how many of such edits driftd says drift; those in which it does not are few enough to be read."""
    chance = random.Random(1)
    told: dict[str, Counter[str]] = {}
    for record in records(corpus / "configs.jsonl"):
        path, data = str(record["path"]), record["text"].encode("utf-8", "surrogatepass")
        reading = read(data, path)
        if reading.document is None or reading.format is None or len(data) > LARGE:
            continue
        for at, other in _others(data, chance):
            drift = judge(path, data, other, reading.format).drift
            told.setdefault(reading.format, Counter())["drift" if drift else "silent"] += 1
            if verbose and not drift:
                line = data.count(b"\n", 0, at) + 1
                print(
                    f"silent: {reading.format} {path}:{line} {data.splitlines()[line - 1].decode(errors='replace')!r}"
                )
    total: Counter[str] = sum(told.values(), Counter())
    print("## Real files with one other character\n")
    rows = [(name, *_cells(counts)) for name, counts in [("all", total), *sorted(told.items())] if counts["silent"]]
    table(("", "edits", "told as drift", ""), rows)


def _cells(counts: Counter[str]) -> tuple[int, int, str]:
    return counts.total(), counts["drift"], share(counts["drift"], counts.total())


def _others(data: bytes, chance: random.Random) -> Iterator[tuple[int, bytes]]:
    """The text with another letter or digit in a place that is, as far as one can see, no comment."""
    seen = _COMMENT.sub(lambda match: b" " * len(match[0]), data)
    places = [match.start() for match in _SAYS.finditer(seen)]
    for at in chance.sample(places, min(TRIES, len(places))):
        other = b"7" if data[at : at + 1].isdigit() else b"q"
        if data[at : at + 1].lower() != other:
            yield at, data[:at] + other + data[at + 1 :]
