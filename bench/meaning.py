"""How well driftd tells meaning from looks, on real files and edits; prints tables in Markdown.

Run: python bench/meaning.py CORPUS [--only history keys ...] [--verbose]. CORPUS is a directory as docs/reference/meaning-measured.md
describes it; without one there is nothing to measure.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from scoring.history import print_history
from scoring.keys import print_keys

PARTS: dict[str, Callable[[Path, bool], None]] = {
    "history": lambda corpus, _: print_history(corpus),
    "keys": lambda corpus, verbose: print_keys(corpus, verbose=verbose),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Print how well driftd tells meaning from looks.")
    parser.add_argument("corpus", type=Path, nargs="?", help="the directory that holds the cases")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="some of the tables")
    parser.add_argument("--verbose", action="store_true", help="say what is missed, case by case")
    args = parser.parse_args()
    if args.corpus is None:
        print("no corpus: see docs/reference/meaning-measured.md")
        return
    for name in args.only:
        PARTS[name](args.corpus, args.verbose)


if __name__ == "__main__":
    main()
