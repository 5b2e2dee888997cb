"""Messages: what watcher, schedule, control socket and signals put on the queue of the loop."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from driftd.daemon.peers import Peer
from driftd.model.document import Json


@dataclass(frozen=True, slots=True)
class Noticed:
    """The kernel said that something happened to a path."""

    directory: bytes
    name: bytes
    complete: bool
    is_directory: bool
    at: float
    when: datetime


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory came to a path, left it, or is not watched there any more."""

    path: bytes
    when: datetime


@dataclass(frozen=True, slots=True)
class MountsChanged:
    """Something was mounted or unmounted."""


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The clock was set, or the machine was suspended: the clocks are looked at."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Notifications were lost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A command has ended."""


@dataclass(frozen=True, slots=True)
class Due:
    """The schedule says that something is due: quick, deep, heartbeat."""

    what: str


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody outside the loop wants something done in it."""

    work: Callable[[], Json]
    answer: Future[Json] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Task:
    """The same for what takes long: it is done in steps, between which other work is done."""

    steps: Callable[[], Generator[None, None, Json]]
    unwanted: Callable[[], bool] = lambda: False
    """Asked between steps: whether nobody waits for the answer any more, so that it need not be found."""
    own: bool = False
    """Nobody asked for it but the daemon itself: what goes wrong with it goes wrong with the loop."""
    before_audits: bool = False
    """Whether no audit goes on before it is done: it would judge by what is half taken over."""
    doing: str = "working on what a command asked for"
    """For those who ask what the loop is doing."""
    answer: Future[Json] = field(default_factory=Future)


class UnwantedError(Exception):
    """A task was ended because nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A receiver refused something for good, which is to be told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """There is a call or a task on the queue of questions, which is looked at first."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish the work in hand and end."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Read settings and baselines again."""

    asked_by: Peer | None = None
    """The peer of the control socket that asked for it."""


Message = Noticed | Tree | MountsChanged | ClockSet | Lost | Ran | Due | Refused | Asked | Stop | Reload
