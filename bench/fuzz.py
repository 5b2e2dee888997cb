"""Throw bytes at the parsers of a family until time is up; says what broke, and saves it.

Run: python bench/fuzz.py --family NAME --minutes M [--seed N]   (python bench/fuzz.py --list names the families)
or:  python bench/fuzz.py --replay FILE --format NAME

What counts as broken: any exception but ParseError, a text of at most 64 KiB that takes longer than a second, a document
that does not hold together (a line that is not in the file, a key that cannot be found again), and one text that is read
in two ways. Inputs are made of the cases of tests/cases/formats and of fragments of every syntax; the same seed makes
the same inputs in the same order.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzzing.families import families
from fuzzing.inputs import Mill, seeds

from driftd.formats.registry import Format, by_name
from driftd.model.document import Document, ParseError
from driftd.model.keys import plain_steps, render_key

SLOW = 1.0
LARGE = 64 * 1024
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
TWICE_EVERY = 16
"""Every so many texts one is read a second time."""


def fault_of(entry: Format, data: bytes, *, twice: bool = False) -> str | None:
    """What is broken about the reading of a text; None where nothing is."""
    begin = time.process_time()
    try:
        document = entry.parse(data, "/x")
    except ParseError:
        document = None
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return f"{type(error).__name__}: {error}"
    took = time.process_time() - begin
    if took > SLOW and len(data) <= LARGE:
        return f"slow: {took:.1f} s for {len(data)} bytes"
    if document is None:
        return None
    return _apart(document, data) or (_otherwise(entry, document, data) if twice else None)


def _apart(document: Document, data: bytes) -> str | None:
    last = data.count(b"\n") + data.count(b"\r") + 1  # YAML ends lines at either
    for steps, node in document.root.walk():
        if node.line is not None and not 1 <= node.line <= last and not data.startswith(UTF_16):
            return f"line {node.line} of {last} at {render_key(steps)}"
        if plain_steps(render_key(steps)) != steps:
            return f"the key {render_key(steps)} is not read back"
        if document.root.at(steps) is not node:
            return f"nothing, or something else, stands at {render_key(steps)}"
    return None


def _otherwise(entry: Format, document: Document, data: bytes) -> str | None:
    again = entry.parse(data, "/x")
    return None if again.root.to_json() == document.root.to_json() else "read in two ways"


def fuzz(names: list[str], seconds: float, seed: int, directory: Path) -> int:
    """Fuzz the formats of a family in turn; print counts and faults; return how many faults there were."""
    entries = [by_name(name) for name in names]
    mills = {entry.name: Mill(random.Random(f"{seed}/{entry.name}"), seeds(entry.name)) for entry in entries}
    counts: Counter[str] = Counter()
    faults: dict[tuple[str, str], Path] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for entry in entries:
            data = mills[entry.name].text()
            counts[entry.name] += 1
            fault = fault_of(entry, data, twice=counts[entry.name] % TWICE_EVERY == 0)
            kind = (entry.name, (fault or "").partition(" at ")[0][:60])
            if fault is not None and kind not in faults:
                faults[kind] = _kept(directory, entry.name, data)
                print(f"{entry.name}: {fault}\n  {faults[kind]}", flush=True)
    print(f"\n{counts.total():,} texts, seed {seed}, {len(faults)} faults")
    print(", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))
    return len(faults)


def _kept(directory: Path, name: str, data: bytes) -> Path:
    path = directory / f"{name}-{len(list(directory.iterdir()))}.input"
    path.write_bytes(data)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description="Throw bytes at the parsers of a family until time is up.")
    parser.add_argument("--family", help="whose parsers")
    parser.add_argument("--minutes", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="the families and their formats")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="read one saved input again")
    parser.add_argument("--format", help="of the input that is read again")
    args = parser.parse_args()
    known = families()
    if args.replay is not None:
        fault = fault_of(by_name(args.format), args.replay.read_bytes(), twice=True)
        print(fault or "nothing is broken")
        return int(fault is not None)
    if args.list or args.family is None:
        for family, names in known.items():
            print(f"{family}: {', '.join(names)}")
        return 0
    directory = Path(tempfile.mkdtemp(prefix=f"driftd-fuzz-{args.family}-"))
    return int(fuzz(known[args.family], args.minutes * 60, args.seed, directory) > 0)


if __name__ == "__main__":
    sys.exit(main())
