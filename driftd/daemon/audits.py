"""Audits: which are wanted, and which goes on. A quick one overtakes a deep one, which may take hours at its rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from driftd.daemon.engine import Engine
from driftd.daemon.sweep import UNSAID, Sweep

SLICE: Final = 0.05
"""Seconds of audit between two looks at what others want, if they want nothing before."""
LONG: Final = 30.0
"""Seconds for which a quick audit and a reload wait for a deep audit. Then the one overtakes it, and the other has it begun
again."""
NEVER: Final = float("inf")


@dataclass(slots=True)
class _Course:
    """One audit in its course."""

    depth: str
    source: str
    begun: float
    steps: Iterator[Sweep]
    resumes_at: float = 0.0
    sweep: Sweep | None = None


class Audits:
    """The audits of a daemon, done in slices. The loop calls it; nothing here waits."""

    def __init__(self, engine: Engine, settle: float, monotonic: Callable[[], float]) -> None:
        self.before: Callable[[str], None] = lambda _depth: None
        """Called before an audit begins."""
        self.after: Callable[[Sweep], None] = lambda _sweep: None
        """Called with each that is completed."""
        self._engine = engine
        self.settle = settle
        self._monotonic = monotonic
        self._wanted: dict[str, str] = {}
        """Depth -> for what it is wanted."""
        self._courses: list[_Course] = []
        """The last goes on; one before it, a deep one, waits."""

    @property
    def under_way(self) -> Sweep | None:
        """The audit that goes on."""
        return self._courses[-1].sweep if self._courses else None

    def want(self, depth: str, source: str) -> None:
        """Have an audit made; one that is wanted twice is made once, after one of its depth that is under way."""
        if depth == "quick" and "deep" in self._wanted:
            return
        if self._wanted.get(depth) in (None, *UNSAID):  # who asks for one is told when it is done
            self._wanted[depth] = source

    def due(self) -> float | None:
        """Return when there is something to go on with; None: no audit is wanted."""
        if not self._courses:
            return 0.0 if self._wanted else None
        overtaken = self.interruptible_from() if "quick" in self._wanted else NEVER
        return min(self._courses[-1].resumes_at, overtaken)

    def interruptible_from(self) -> float:
        """Return from when on what goes on may be interrupted, or overtaken by a quick audit."""
        if not self._courses:
            return 0.0
        if [one.depth for one in self._courses] != ["deep"]:
            return NEVER
        (deep,) = self._courses
        asks = deep.sweep is not None and deep.sweep.asks
        return deep.begun if asks else deep.begun + LONG

    def interrupt(self) -> None:
        """Give up what goes on, and have it begun again later."""
        for course in self._courses:
            self.want(course.depth, course.source)
        self.drop()

    def drop(self) -> None:
        """Give up what goes on."""
        self._courses.clear()  # and those who read for it are sent home

    def advance(self, overtaken: Callable[[], bool]) -> None:
        """Go on for a slice, or until `overtaken` says that something else is to be done."""
        depth = self._next()
        if depth is not None:
            self._begin(depth)
        if not self._courses:
            return
        course, now = self._courses[-1], self._monotonic()
        if now < course.resumes_at:
            return
        until = now + SLICE
        for sweep in course.steps:
            course.sweep = sweep
            if sweep.finished:
                self._courses.pop()
                self.after(sweep)
                return
            pause = max(self.settle, SLICE) if sweep.waits else sweep.pause
            now = self._monotonic()
            if pause > 0:
                course.resumes_at = now + pause
                return
            if now >= until or overtaken():
                return

    def _next(self) -> str | None:
        """Return the depth of the audit to begin now."""
        if not self._courses:
            return "deep" if "deep" in self._wanted else next(iter(self._wanted), None)
        return "quick" if "quick" in self._wanted and self._monotonic() >= self.interruptible_from() else None

    def _begin(self, depth: str) -> None:
        source = self._wanted.pop(depth)
        self.before(depth)
        self._courses.append(_Course(depth, source, self._monotonic(), self._engine.sweeps.begin(depth, source)))
