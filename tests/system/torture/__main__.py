"""Run: python -m tests.system.torture [--seconds N] [--seed N] [--chapters N] [--keep]."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.system.torture.ordeal import ordeal


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.torture", description="torture the daemon")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--chapters", type=int, help="so many, however long they take: exactly the same story again")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--keep", action="store_true", help="leave the directory, also when all is well")
    args = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="driftd-torture-"))
    print(f"seed {args.seed}, in {directory}", flush=True)
    begin = time.monotonic()
    try:
        seconds = args.seconds if args.chapters is None else float("inf")
        counts = ordeal(directory, args.seed, chapters=args.chapters, seconds=seconds)
    except BaseException:
        print(f"seed {args.seed}, in {directory}", file=sys.stderr, flush=True)
        raise
    print(f"survived {counts['Judge']} chapters in {time.monotonic() - begin:.0f} s")
    print(", ".join(f"{what}: {times}" for what, times in sorted(counts.items())))
    if not args.keep:
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
