"""What masking hides in a collection of real configuration files: how many values, of which kinds, at which keys.

    python bench/masks.py FILES.jsonl [--values] [--sample N]

FILES.jsonl has one object a line: {"path": "/etc/app.yml", "text": "..."}. Reading the list tells ordinary values that are
hidden by mistake from secrets. `--values` prints what was hidden as well: only for files that hold nobody's secrets.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from driftd.formats.reading import read
from driftd.model.document import Document
from driftd.model.keys import render_key
from driftd.model.secret import TOKEN_PREFIX, parse_token
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import by_digest_alone, looks_like_private_key, mask
from driftd.secrets.names import Secrecy, secrecy


@dataclass(frozen=True)
class Masked:
    """One scalar, or name of a member, that was hidden in whole or in part."""

    path: str
    format: str
    key: str
    before: str
    after: str
    kind: str

    def line(self, *, values: bool) -> str:
        """Return the line that is read by whoever judges it."""
        told = f"{self.kind:<8} {self.format:<12} {self.path}  {self.key}"
        return f"{told}\n         {self.before!r}\n         {self.after!r}" if values else told


@dataclass
class Measure:
    """Counts over all files."""

    files: int = 0
    whole: int = 0
    scalars: int = 0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", type=Path)
    arguments.add_argument("--values", action="store_true", help="print what was hidden too")
    arguments.add_argument("--sample", type=int, metavar="N", help="print N of the masked keys, drawn at random")
    args = arguments.parse_args()
    keeper, measure = SecretKeeper(os.urandom(32)), Measure()
    found = [masked for line in args.files.open() for masked in masked_in(json.loads(line), keeper, measure)]
    shown = found if args.sample is None else random.sample(found, min(args.sample, len(found)))
    for masked in shown:
        print(masked.line(values=args.values))
    report(found, measure)


def masked_in(entry: dict[str, str], keeper: SecretKeeper, measure: Measure) -> Iterator[Masked]:
    """Yield what is hidden in one file."""
    path, content = entry["path"], entry["text"].encode("utf-8", "surrogatepass")
    measure.files += 1
    if by_digest_alone(path) or looks_like_private_key(content):
        measure.whole += 1
        return
    document = read(content, path).document
    if document is None:
        return
    before = texts(document)
    measure.scalars += len(before)
    mask(document, keeper)
    for (key, text), (_, after) in zip(before, texts(document), strict=True):
        if TOKEN_PREFIX in after:
            yield Masked(path, document.format, key, text, after, kind(key, after))


def texts(document: Document) -> list[tuple[str, str]]:
    """Return (key, text) of every scalar and every member's name, in document order."""
    found = []
    for steps, node in document.root.walk():
        if isinstance(node.value, dict):
            found += [(f"{render_key(steps)} (name)", name) for name in node.value]
        elif not isinstance(node.value, list):
            found.append((render_key(steps), str(node.value)))
    return found


def kind(key: str, after: str) -> str:
    """Return why a value was hidden, as far as can be told from outside: its name, a part of it, its shape."""
    if parse_token(after) is None:
        return "part"
    last = key.rpartition(".")[2].strip("[]'\"")
    return {Secrecy.NONE: "shape", Secrecy.WEAK: "random"}.get(secrecy(last), "name")


def report(found: list[Masked], measure: Measure) -> None:
    """Print the counts."""
    files = len({masked.path for masked in found})
    print(f"\n{measure.files} files, {measure.whole} by digest alone, {files} with something hidden")
    share = len(found) / measure.scalars if measure.scalars else 0
    print(f"{measure.scalars} scalars and names, {len(found)} hidden in whole or in part ({share:.3%})")
    for title, counts in (
        ("kind", Counter(masked.kind for masked in found)),
        ("format", Counter(masked.format for masked in found)),
    ):
        print(f"by {title}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))


if __name__ == "__main__":
    main()
