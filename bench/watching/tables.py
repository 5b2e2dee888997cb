"""Rows of the tables that the programs print."""

from __future__ import annotations


def share(taken: list[float], part: float) -> float:
    """Return the value below which a part of them lies."""
    ordered = sorted(taken)
    return ordered[int((len(ordered) - 1) * part)]


def milliseconds(what: str, taken: list[float]) -> None:
    """Print median, 99th percentile and maximum of some seconds."""
    shown = (f"{share(taken, part) * 1000:.2f}" for part in (0.5, 0.99, 1))
    print(f"| {what} | {' | '.join(shown)} |")


def heading(title: str, *columns: str) -> None:
    print(f"\n{title}\n")
    print(f"| {' | '.join(columns)} |")
    print("|---|" + "--:|" * (len(columns) - 1))
