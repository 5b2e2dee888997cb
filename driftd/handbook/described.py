"""Commands as people and shells are told of them, taken from the parsers that read them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Takes(Enum):
    """What a value is, as far as a shell can help with it."""

    NOTHING = "nothing"
    FILE = "file"
    DIRECTORY = "directory"
    BASELINE = "baseline"
    WORD = "word"
    TEXT = "text"


SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
_BY_METAVAR: Final = {
    "A": Takes.FILE,
    "B": Takes.FILE,
    "BASELINE": Takes.BASELINE,
    "BASELINE|ITEM": Takes.BASELINE,
    "DIR": Takes.DIRECTORY,
    "FILE": Takes.FILE,
    "ITEM": Takes.FILE,
    "PATH": Takes.FILE,
    "SEVERITY": Takes.WORD,
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An option or a value without one."""

    names: tuple[str, ...]
    """`--follow`, `-f`; empty: it is told by its place."""
    value: str
    """How its value is called: `FILE`; empty: it takes none."""
    meaning: str
    takes: Takes
    words: tuple[str, ...] = ()
    """The values there are, where there are only some."""
    may_lack: bool = False
    """Whether the value may be left out."""
    repeats: bool = False
    """Whether it may be given several times."""


@dataclass(frozen=True, slots=True)
class Described:
    """One command."""

    name: str
    summary: str
    example: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> tuple[Argument, ...]:
        """The arguments that have a name."""
        return tuple(argument for argument in self.arguments if argument.names)

    @property
    def places(self) -> tuple[Argument, ...]:
        """The arguments told by their place."""
        return tuple(argument for argument in self.arguments if not argument.names)


def described(name: str, summary: str, example: str, parser: argparse.ArgumentParser) -> Described:
    """Return a command as its parser has it."""
    actions = parser._actions  # noqa: SLF001 - argparse offers no other way to ask what a parser takes
    return Described(name, summary, example, tuple(_argument(action) for action in actions))


def _argument(action: argparse.Action) -> Argument:
    words = tuple(str(choice) for choice in action.choices or ())
    if action.nargs == 0:
        return Argument(tuple(action.option_strings), "", action.help or "", Takes.NOTHING)
    metavar = action.metavar if isinstance(action.metavar, str) else "|".join(words) or action.dest.upper()
    takes = Takes.WORD if words else _BY_METAVAR.get(metavar, Takes.TEXT)
    return Argument(
        tuple(action.option_strings),
        metavar,
        action.help or "",
        takes,
        words or (SEVERITIES if metavar == "SEVERITY" else ()),
        may_lack=action.nargs in ("?", "*", "..."),
        repeats=action.nargs in ("*", "+", "..."),
    )
