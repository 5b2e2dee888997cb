"""How well driftd tells meaning from looks, on real files and edits; prints tables in Markdown.

Run: python bench/meaning.py CORPUS [--only history keys ...] [--verbose]. CORPUS is a directory as docs/reference/meaning-measured.md
describes it; without one there is nothing to measure.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from scoring.characters import print_characters
from scoring.configs import print_configs
from scoring.history import print_history
from scoring.injected import print_injected
from scoring.keys import print_keys
from scoring.pairs import print_pairs
from scoring.suites import print_suites

PARTS: dict[str, Callable[[Path, bool], None]] = {
    "history": lambda corpus, _: print_history(corpus),
    "keys": lambda corpus, verbose: print_keys(corpus, verbose=verbose),
    "configs": lambda corpus, verbose: print_configs(corpus, verbose=verbose),
    "characters": lambda corpus, verbose: print_characters(corpus, verbose=verbose),
    "suites": lambda corpus, verbose: print_suites(corpus, verbose=verbose),
    "pairs": lambda corpus, verbose: print_pairs(corpus, verbose=verbose),
    "errors": lambda corpus, verbose: print_injected(corpus, verbose=verbose),
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
