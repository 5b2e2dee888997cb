"""How differences are shown on a terminal: in which colours, how wide, one below the other or side by side."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import dataclass
from typing import Final

from driftd.cli.style import Style
from driftd.cli.values import MAX_LINE, MAX_TREE
from driftd.model.change import Kind

WIDE: Final = 120
"""Columns from which on a terminal shows both sides beside each other."""
NARROWEST: Final = 60
SIGNS: Final = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~", Kind.MOVED: ">"}
COLORS: Final = {Kind.ADDED: "32", Kind.REMOVED: "31", Kind.CHANGED: "33", Kind.MOVED: "36"}
BEFORE, AFTER, BOLD, DIM, ALARM = "31", "32", "1", "2", "1;31"
_UNBOUNDED: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class View:
    """How differences are shown."""

    style: Style
    width: int = 100
    side_by_side: bool = False
    full: bool = False
    """Values are shown to their end, however long."""

    @property
    def most_lines(self) -> int:
        """Lines of a tree or text that are shown."""
        return _UNBOUNDED if self.full else MAX_TREE

    @property
    def most_characters(self) -> int:
        """Characters of a line that are shown."""
        return _UNBOUNDED if self.full else MAX_LINE

    def sign(self, kind: Kind) -> str:
        """Return the sign of a kind of change, in its colour."""
        return self.style.paint(SIGNS[kind], COLORS[kind])


def add_view(parser: argparse.ArgumentParser, *, columns: bool) -> None:
    """Add what says how results are shown."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours; auto (default): on a terminal, unless NO_COLOR is set",
    )
    if columns:
        parser.add_argument("--full", action="store_true", help="show long values to their end")
        parser.add_argument(
            "--side-by-side",
            action=argparse.BooleanOptionalAction,
            help=f"both values beside each other (default: on terminals of {WIDE} columns or more)",
        )


def view_of(args: argparse.Namespace, *, paged: bool = False) -> View:
    """Return how to show results on standard output; `paged`: who reads it from a pipe shows it on a terminal."""
    terminal = sys.stdout.isatty() or paged
    width = max(shutil.get_terminal_size((100, 24)).columns, NARROWEST)
    wanted = getattr(args, "side_by_side", None)
    if wanted and not terminal and not os.environ.get("COLUMNS"):
        width = max(width, WIDE)
    return View(
        Style.chosen(args.color, sys.stdout, paged=paged),
        width,
        side_by_side=(terminal and width >= WIDE) if wanted is None else wanted,
        full=getattr(args, "full", False),
    )
