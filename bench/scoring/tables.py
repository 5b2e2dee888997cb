"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; columns after the first are aligned to the right."""
    print("| " + " | ".join(columns) + " |")
    print("|---" + "|--:" * (len(columns) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def share(part: int, whole: int) -> str:
    """A share as a percentage; nothing of nothing is a dash."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def quantiles(taken: Sequence[float]) -> list[str]:
    """p50, p99 and max, of seconds, in milliseconds."""
    ordered = sorted(taken) or [0.0]
    return [f"{ordered[int((len(ordered) - 1) * at)] * 1000:.2f}" for at in (0.5, 0.99, 1)]
