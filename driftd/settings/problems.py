"""Problems of settings and baselines: where, what, and what to do; reported all together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that a person has to put right before driftd can do its job."""

    file: str
    line: int | None
    message: str
    hint: str = ""
    """What to do about it; empty where the message says enough."""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigurationError(Exception):
    """Settings or baselines that driftd refuses; every problem of every file that was looked at."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the hint for a word that is not known: the one meant, if one is near, else the words there are."""
    from difflib import get_close_matches

    words = sorted(known)
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else f"one of {', '.join(words)}"
