"""Upkeep of the state: what was found damaged or repaired is said, and what is not needed any more goes, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

import structlog

from driftd.daemon.collecting import collect
from driftd.daemon.engine import Engine
from driftd.daemon.events import timestamp
from driftd.daemon.refusals import Refusals
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.ports import Clock
from driftd.store.content import ContentStore
from driftd.store.damage import Damage, JournalProblem
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.notices import StoreNotice

log = structlog.get_logger(__name__)

SLICE: Final = 0.02
"""Seconds of upkeep between two looks at the queue."""
FIRST: Final = 60.0
"""Seconds until the state is looked through after a start: outputs may deliver first what they are behind with."""
EVERY: Final = 86400.0
"""Seconds between two prunings where neither a deep audit nor a full segment asks for one earlier."""
AGAIN: Final = 600.0
"""Seconds until it is tried again after it failed."""
MOST_NAMED: Final = 100
"""Damaged places that one event names; it counts all."""


class Upkeep:
    """Keeps the state of an engine small, and tells what befell it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._steps: Iterator[None] | None = None
        self._wanted = False
        self.next_at = clock.monotonic() + FIRST
        """When the state is looked through, if nothing asks for it earlier."""
        self._rotations = engine.store.journal.rotations
        self._told: list[Json] = []
        self.refusals = Refusals(engine, clock.monotonic)
        self.outputs: Callable[[], Sequence[str]] = tuple
        """Names of the outputs in use: what they have not delivered is kept as long as there is room."""
        self.content: Callable[[], ContentStore | None] = lambda: None
        """Where approved bytes are kept."""

    @property
    def busy(self) -> bool:
        """Whether there is work that waits for a slice."""
        return self._steps is not None or self._due()

    def want(self) -> None:
        """Have the state looked through soon."""
        self._wanted = True

    def advance(self) -> None:
        """Say what was found since the last time, and go on with the work for one slice."""
        self.tell()
        if self._steps is None:
            if not self._due():
                return
            self._steps = self._begin()
        until = self._clock.monotonic() + SLICE
        try:
            for _ in self._steps:
                if self._clock.monotonic() >= until:
                    return
        except StoreError as error:
            log.warning("the state could not be tidied up; trying again later", reason=str(error))
            self.next_at = self._clock.monotonic() + AGAIN
        self._steps = None

    def finish(self) -> None:
        """Do all there is to do now."""
        self.want()
        self.advance()
        while self._steps is not None:
            self.advance()

    def close(self) -> None:
        """Leave what was begun for the next start."""
        if isinstance(self._steps, Generator):
            self._steps.close()
        self._steps = None

    def _due(self) -> bool:
        rotated = self._engine.store.journal.rotations != self._rotations
        return self._wanted or rotated or self._clock.monotonic() >= self.next_at

    def _begin(self) -> Iterator[None]:
        self._wanted = False
        self._rotations = self._engine.store.journal.rotations
        self.next_at = self._clock.monotonic() + EVERY
        yield from self._engine.store.prune(self.outputs(), self._checkpoint)
        content = self.content()
        if content is not None:
            yield from collect(self._engine.auditor.approvals, content, self._engine.store.database, self._clock.now())

    # --- what is said

    def tell(self) -> None:
        """Record and log what was found damaged and what was repaired, and what receivers refused."""
        problems, notices = self._engine.store.found()
        try:
            if problems:
                self._tell_problems(problems)
                problems = []
            if notices:
                self._tell_notices(notices)
        except StoreError:
            self._engine.store.put_back(problems, notices)
            raise
        self.refusals.tell()

    def _tell_problems(self, problems: Sequence[JournalProblem]) -> None:
        named: list[Json] = [problem.to_json() for problem in problems[:MOST_NAMED]]
        checkpoint: dict[str, Json] = {"problems": named, "problem_count": len(problems)}
        missing = [problem.sequence for problem in problems if problem.reason is Damage.MISSING]
        if missing:
            checkpoint["sequence"] = missing[-1]
        for problem in problems[:MOST_NAMED]:
            log.error("the journal is damaged", place=str(problem))
        message = f"the journal is damaged at {len(problems)} place(s): it is kept, and goes on from here"
        self._remember("journal-damaged", f"{message} (first: {problems[0]})")
        self._engine.say(Action.JOURNAL_CHECKPOINT, Severity.HIGH, message, {"checkpoint": checkpoint})

    def _tell_notices(self, notices: Sequence[StoreNotice]) -> None:
        for notice in notices:
            log.error("the state was repaired", message=notice.message)
            self._remember(notice.kind.value, notice.message)
        repairs: list[Json] = [{"kind": notice.kind.value, "message": notice.message} for notice in notices]
        more = f", and {len(notices) - 1} more" if len(notices) > 1 else ""
        self._engine.say(Action.STATE_REPAIRED, Severity.HIGH, f"{notices[0].message}{more}", {"repairs": repairs})

    def _checkpoint(self, driftd: dict[str, Json]) -> None:
        body, lost = driftd["checkpoint"], driftd.get("lost")
        assert isinstance(body, dict)
        message = f"the journal was pruned: it begins after event {body['sequence']}"
        if isinstance(lost, dict) and lost:
            named = ", ".join(f"{name} ({count})" for name, count in lost.items())
            message += f"; events went before they were delivered: {named}"
            log.error("events were removed before they were delivered", outputs=lost)
            self._remember("events-lost", message)
        else:
            log.info("the journal was pruned", through=body["sequence"])
        self._engine.say(Action.JOURNAL_CHECKPOINT, Severity.HIGH if lost else Severity.INFO, message, driftd)

    def _remember(self, kind: str, message: str) -> None:
        self._told = [*self._told[-19:], {"at": timestamp(self._clock.now()), "kind": kind, "message": message}]

    def to_json(self) -> dict[str, Json]:
        """Return how the state is doing, for `status`."""
        store = self._engine.store
        segments, size = store.journal.extent()
        journal: dict[str, Json] = {
            "first": store.journal.first_sequence(),
            "last": store.journal.last_sequence,
            "segments": segments,
            "bytes": size,
        }
        trouble = None if store.trouble is None else str(store.trouble)
        return {"journal": journal, "trouble": trouble, "told": list(self._told)}

    def lost(self) -> dict[str, int]:
        """Return how many events were removed before an output had delivered them."""
        return self._engine.store.attempt(Database.lost) or {}
