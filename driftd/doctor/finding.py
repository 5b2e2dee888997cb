"""A finding: one thing that was looked at, how it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from driftd.model.document import Json

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    message: str
    mend: str = ""
    """The command that mends it; empty where nothing is to be mended."""

    def to_json(self) -> dict[str, Json]:
        """Return the finding's shape."""
        return {"name": self.name, "state": self.state, "message": self.message, "mend": self.mend}


def fine(name: str, message: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(name, "ok", message)


def warning(name: str, message: str, mend: str = "") -> Finding:
    """Return that something could be better."""
    return Finding(name, "warning", message, mend)


def failed(name: str, message: str, mend: str = "") -> Finding:
    """Return that auditing cannot do what it promises like this."""
    return Finding(name, "failed", message, mend)


def hidden(name: str, what: str) -> Finding:
    """Return that something could not be looked at by the one who asks: neither well nor unwell."""
    return Finding(name, "warning", f"{what}: cannot look: needs root", "sudo driftd doctor")


def mib(count: int) -> str:
    """Return a number of bytes for people."""
    return f"{count >> 20} MiB"
