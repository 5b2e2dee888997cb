"""Real files: read as settings, and the same settings whatever only the looks of a file are."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from scoring import looks
from scoring.corpus import records
from scoring.judgement import judge
from scoring.tables import quantiles, share, table

from driftd.formats.detection import detect
from driftd.formats.reading import Reading, read

UNKNOWN = frozenset({None, "conf", "text"})
"""Formats that stand for "none": such files are compared by their lines."""
NAMELESS = frozenset({"conf_generic", "other"})
"""What the corpus calls files whose path says nothing about their format."""
MOST_NAMED = 12

LOOKS: dict[str, Callable[[bytes, str | None], bytes | None]] = {
    "itself": lambda data, _: data,
    "without comments": looks.without_comments,
    "CRLF": looks.with_crlf,
    "a byte order mark": looks.with_mark,
    "the last line's end": looks.other_end,
}


def print_configs(corpus: Path, *, verbose: bool) -> None:
    """Print what is read as settings per format, which looks made a difference, and what a file costs."""
    read_as: dict[str, Counter[str]] = defaultdict(Counter)
    left: dict[str, list[str]] = defaultdict(list)
    told: dict[str, Counter[str]] = defaultdict(Counter)
    taken: list[float] = []
    for record in records(corpus / "configs.jsonl"):
        path, kind, data = str(record["path"]), str(record["format"]), record["text"].encode("utf-8", "surrogatepass")
        begin = time.process_time()
        reading = read(data, path)
        taken.append(time.process_time() - begin)
        outcome = _outcome(reading)
        read_as[kind][outcome] += 1
        if outcome != "settings":
            left[kind].append(path)
        for name, outcomes in _differences(data, path, reading).items():
            told[name].update(["files", *outcomes])
            if outcomes and verbose:
                print(f"{name}: {' '.join(outcomes)}: {kind} {reading.format} {path}")
    _print_reading(read_as, left)
    _print_looks(told)
    table(("ms of CPU per file", "p50", "p99", "max"), [("find the format and read", *quantiles(taken))])


def _outcome(reading: Reading) -> str:
    if reading.problem is not None:
        return "problem"
    return "lines" if reading.format in UNKNOWN else "settings"


def _differences(data: bytes, path: str, reading: Reading) -> dict[str, list[str]]:
    """Per look that can be given to the file: whether it was told as drift, whether another format was found."""
    if reading.document is None:
        return {}
    found: dict[str, list[str]] = {}
    for name, give in LOOKS.items():
        other = give(data, reading.format)
        if other is not None and (other != data or name == "itself"):
            format = detect(path, other)
            found[name] = ["format"] * (format is None or format.name != reading.format)
            found[name] += ["drift"] * judge(path, data, other, reading.format).drift
    return found


def _print_reading(read_as: dict[str, Counter[str]], left: dict[str, list[str]]) -> None:
    print("## Real files\n")
    total: Counter[str] = sum(read_as.values(), Counter())
    named: Counter[str] = sum((counts for name, counts in read_as.items() if name not in NAMELESS), Counter())
    rows = []
    for name, counts in [("all", total), ("where the corpus names a format", named), *sorted(read_as.items())]:
        whole = counts.total()
        rows.append(
            (name, whole, counts["settings"], share(counts["settings"], whole), counts["lines"], counts["problem"])
        )
    table(("", "files", "as settings", "", "by lines", "does not parse"), rows)
    print("Left:\n")
    for name, paths in sorted(left.items(), key=lambda item: (-len(item[1]), item[0])):
        more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
        print(f"- {name}: " + ", ".join(f"`{path}`" for path in paths[:MOST_NAMED]) + more)
    print()


def _print_looks(told: dict[str, Counter[str]]) -> None:
    rows = [(f"against {name}", told[name]["files"], told[name]["drift"], told[name]["format"]) for name in LOOKS]
    table(("", "files", "told as drift", "found to be of another format"), rows)
