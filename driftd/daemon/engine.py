"""The engine: turns what is seen into transitions, records them, and knows what is drifted now.

It is the only writer of state and runs on one thread. Nothing here waits: the service calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from driftd.auditor import Auditor, Examined
from driftd.daemon import events
from driftd.daemon.batch import Batch
from driftd.daemon.burst import DEFAULT_LIMITS, BurstLimits
from driftd.daemon.doubts import Doubts
from driftd.daemon.grouping import Grouping
from driftd.daemon.memory import Memory
from driftd.daemon.places import Places
from driftd.daemon.summing import Summing
from driftd.daemon.sweep import BATCH, Sweeps
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.drift import Drift
from driftd.model.event import Action, Event
from driftd.model.event_id import RANDOM_BYTES, uuid7
from driftd.model.item import Observation
from driftd.model.result import NOT_APPROVED
from driftd.ports import Clock
from driftd.settings.host import HostFacts
from driftd.sources.facts import UNKNOWN
from driftd.store.known import Standing
from driftd.store.store import Store

Publish = Callable[[Sequence[Event]], None]


STEP: Final = 0.025
"""Seconds of looking at items until what was seen is recorded, and others may have their turn."""


class Engine:
    """State and transitions of one host."""

    def __init__(
        self,
        auditor: Auditor,
        host: HostFacts,
        store: Store,
        clock: Clock,
        random: Callable[[int], bytes],
        publish: Publish,
        limits: BurstLimits = DEFAULT_LIMITS,
    ) -> None:
        self.auditor = auditor
        self.store = store
        self.grouping = Grouping(limits, self._new_id)
        self.memory = self._recalled()
        self.on_observed: Callable[[Observation], None] = lambda _observed: None
        """Told of every item that was looked at."""
        self.approved_meanwhile: set[str] = set()
        """Baselines for which something else is approved by now: until the next deep audit, that is why an item differs no
        more that nobody has touched."""
        self.being_approved: Container[object] = ()
        """Items of an approval that is being taken over: whoever looks at one first, that is why it differs no more."""
        self.on_look: Callable[[str], None] = lambda _item: None
        """Told of every item just before it is looked at."""
        self.on_command: Callable[[str, str], bool] = lambda _item, _source: False
        """Asked of every item that is to be looked at, with the reason: whether it is a command, which is run and judged later."""
        self.bytes_read = 0
        """Of contents, for audits."""
        self.host = host
        self._clock = clock
        self._random = random
        self._publish = publish
        self.sweeps = Sweeps(self, clock)
        self.summing = Summing(self, self.grouping, clock)
        self.doubts = Doubts(self)
        self.places = Places(self)

    # --- looking at items

    def look(self, items: Iterable[str], source: str) -> None:
        """Look at items and record every transition."""
        for _ in self.looking(items, source):
            continue

    def looking(self, items: Iterable[str], source: str, half_done: list[str] | None = None) -> Iterator[None]:
        """Look at items and record every transition, in steps, so that other work may overtake.

        `half_done`: takes the items that may be in the middle of a save, of which nothing is recorded yet.
        """
        examined: list[tuple[Examined | str, datetime | None]] = []
        until = self._clock.monotonic() + STEP
        for item in items:
            if self.on_command(item, source):
                continue
            self.on_look(item)
            seen = self.auditor.examine(item)
            if seen is not None and seen.observed.fingerprint:
                self.bytes_read += seen.observed.size or 0
            if half_done is not None and seen is not None and self._is_news(seen) and looks_half_done(seen):
                half_done.append(item)
            else:
                examined.append((seen or item, None))
            if len(examined) >= BATCH or self._clock.monotonic() >= until:
                self.accept(examined, source)
                examined = []
                yield
                until = self._clock.monotonic() + STEP
        self.accept(examined, source)

    def _is_news(self, seen: Examined) -> bool:
        known = self.memory.drifts.get(seen.item)
        return seen.drift is not None and (known is None or known.fingerprint != seen.drift.fingerprint())

    def accept(self, examined: Sequence[tuple[Examined | str, datetime | None]], source: str) -> int:
        """Record the transitions of items that were examined already; a bare name is an item no longer audited."""
        batch = Batch()
        latest = {seen if isinstance(seen, str) else seen.item: (seen, since) for seen, since in examined}
        for item, (seen, since) in latest.items():
            if isinstance(seen, str):
                self._leave(item, batch)
            else:
                self.on_observed(seen.observed)
                if not self.doubts.take(seen):
                    self._transition(seen, source, since, batch)
        recorded = self.record(batch)
        self.memory.sort_out()
        return recorded

    def _leave(self, item: str, batch: Batch) -> None:
        """An item is not audited any more."""
        open_drift = self.memory.drifts.get(item)
        self.memory.forget_item(item)
        if gap := self.memory.gaps.pop(item, None):
            batch.restored.append(gap)
        if open_drift is not None:
            batch.events.append(self._resolved(item, open_drift, "no-longer-audited"))

    def _transition(self, examined: Examined, source: str, since: datetime | None, batch: Batch) -> None:
        """What an item is now makes it drifted, drifted otherwise, not drifted any more, or none of these."""
        item, drift = examined.item, examined.drift
        open_drift = self.memory.drifts.get(item)
        approved = self._is_approved(examined, source)
        self._coverage(examined, batch)
        if open_drift is not None and drift is not None and open_drift.drift_id != drift.id:
            batch.events.append(self._resolved(item, open_drift, "no-longer-audited"))
            open_drift = None
        if drift is None:
            unreadable = any(gap.reason != NOT_APPROVED for gap in examined.verdict.gaps)
            if open_drift is not None and not unreadable:
                batch.events.append(self._resolved(item, open_drift, _resolution(examined, approved=approved)))
        elif open_drift is None or _differs(examined, drift, open_drift):
            batch.events.append(self._drifted(examined, drift, open_drift, source, since))

    def _drifted(
        self, examined: Examined, drift: Drift, open_drift: Standing | None, source: str, since: datetime | None
    ) -> Event:
        now = self._clock.now()
        context = events.DriftContext(
            self.baseline_words(examined.audited.baseline),
            source,
            {rule.id: rule for rule in examined.audited.terms.rules},
            examined.observed,
            now - since if since is not None else None,
            _words(open_drift) if open_drift is not None else None,
        )
        if open_drift is None:
            return events.drift_changed(self.stamp(now), drift, context, Action.DRIFT_OPENED)
        same = replace(drift, episode=open_drift.episode)
        return events.drift_changed(self.stamp(now), same, context, Action.DRIFT_UPDATED)

    def _coverage(self, examined: Examined, batch: Batch) -> None:
        item, baseline = examined.item, examined.audited.baseline
        waiting = [gap for gap in examined.verdict.gaps if gap.reason == NOT_APPROVED]
        gaps = [gap for gap in examined.verdict.gaps if gap.reason != NOT_APPROVED]
        self.memory.await_approval(baseline, item, waiting=bool(waiting))
        self.memory.take(examined.observed, settled=not gaps)
        known = self.memory.gaps.get(item)
        if gaps and (known is None or known[1].reason != gaps[0].reason):
            self.memory.gaps[item] = (baseline, gaps[0])
            batch.lost.append((baseline, gaps[0]))
        elif known is not None and not gaps:
            del self.memory.gaps[item]
            batch.restored.append(known)

    def _resolved(self, item: str, open_drift: Standing, resolution: str) -> Event:
        return events.drift_resolved(
            self.stamp(),
            open_drift.drift_id,
            open_drift.episode,
            item,
            self.baseline_words(open_drift.baseline),
            resolution,
            _words(open_drift),
        )

    def _is_approved(self, examined: Examined, source: str) -> bool:
        """Whether an approval is why an item differs no more; to be asked before what is seen of it is remembered."""
        if source == "approval" or examined.item in self.being_approved:
            return True
        return examined.audited.baseline in self.approved_meanwhile and self.memory.is_untouched(examined.observed)

    def touched(self, item: str) -> bool:
        """Whether an item has to be looked at: by its stat fields, or because they cannot tell."""
        known = self.memory.remembered.get(item)
        if known is None or known == UNKNOWN:
            return True
        return self.auditor.stamps(item) != (known, self.memory.linked.get(item, b""))

    def propose_new(self) -> None:
        """Say once for each baseline how many of its items wait for a first approval: never one event an item."""
        made = []
        for baseline, items in self.memory.unapproved.items():
            if not items or self.memory.announced.get(baseline) == 0:
                continue
            driftd: dict[str, Json] = {"baseline": self.baseline_words(baseline), "not_approved": len(items)}
            message = f"baseline {baseline}: {len(items)} items wait for a first approval (driftd approve {baseline})"
            made.append(events.build(self.stamp(), Action.BASELINE_PROPOSED, Severity.INFO, message, driftd))
            self.memory.announced[baseline] = 0
        if made:
            self.commit(made)

    # --- recording

    def remember(self) -> None:
        """Write down what no event carries."""
        through = self.store.journal.last_sequence
        self.store.attempt(lambda database: self.memory.save(database, through))

    def _recalled(self) -> Memory:
        """Return what is recorded. Of an item that events tell of since it was written down what it is like, that is not known."""
        memory = self.store.ask(Memory.load)
        if memory.written_through + 1 < self.store.journal.first_sequence():
            memory.distrust()
        for event in self.store.journal.read(memory.written_through):
            memory.doubt(event)
        return memory

    def recollect(self) -> None:
        """Go back to what is recorded, after something could not be: what was seen since is seen again by an audit."""
        self.store.catch_up()
        waiting = self.memory.unapproved
        self.memory = self.store.ask(Memory.load)
        self.memory.unapproved = waiting
        self.memory.distrust()
        self.sweeps.forget()

    def record(self, batch: Batch, watch: str | None = None) -> int:
        """Record a batch; return of how many events. `watch`: how the places in it are watched."""
        pending = list(batch.events)
        for action, gaps in ((Action.COVERAGE_LOST, batch.lost), (Action.COVERAGE_RESTORED, batch.restored)):
            pending.extend(
                events.coverage(self.stamp(), action, gaps[begin : begin + events.MAX_GAPS], watch)
                for begin in range(0, len(gaps), events.MAX_GAPS)
            )
        if pending:
            self.commit(pending)
        return len(pending)

    def commit(self, made: Sequence[Event]) -> list[Event]:
        """Make events durable, apply them to the state, hand them to the outputs."""
        upcoming, now = self.store.journal.last_sequence, self._clock.monotonic()
        for offset, event in enumerate(made, start=1):
            body, namespace = event["event"], event["driftd"]
            assert isinstance(body, dict) and isinstance(namespace, dict)
            if body["action"] == Action.DRIFT_OPENED.value:
                namespace["episode"] = upcoming + offset
            self.grouping.place(event, self.memory.drifts, now)
        stamped = self.store.record(made)
        for event in stamped:
            self.memory.apply(event)
        self.grouping.recorded(stamped)
        self._publish(stamped)
        return stamped

    def _new_id(self) -> str:
        return uuid7(self._clock.now(), self._random(RANDOM_BYTES))

    def say(self, action: Action, severity: Severity, message: str, driftd: dict[str, Json] | None = None) -> None:
        """Record an event about driftd itself."""
        self.commit([events.build(self.stamp(), action, severity, message, driftd or {})])

    def stamp(self, now: datetime | None = None) -> events.Stamp:
        """Return what an event made at this moment carries."""
        moment = now or self._clock.now()
        return events.Stamp(
            moment, uuid7(moment, self._random(RANDOM_BYTES)), self.host.id or "", self.host.name, self.host.labels
        )

    def baseline_words(self, name: str) -> dict[str, Json]:
        """Return how events name a baseline and what is approved for it."""
        layers = self.auditor.approvals.layers.get(name)
        words: dict[str, Json] = {"name": name}
        if layers is not None and layers.approved:
            words |= {"revision": layers.revision, "sha256": layers.sha256}
        return words


def _differs(examined: Examined, drift: Drift, open_drift: Standing) -> bool:
    """Whether a drift is another than the one that stands open. What could not be looked at stays as it is."""
    if open_drift.fingerprint == drift.fingerprint():
        return False
    return examined.observed.exists or not examined.verdict.gaps


def _words(open_drift: Standing) -> dict[str, Json]:
    """What an event says about how a drift stood open before it."""
    return {"severity": open_drift.severity, "status": open_drift.status}


def _resolution(examined: Examined, *, approved: bool) -> str:
    """Why an item no longer differs. Where nothing is approved any more, it is compared with nothing."""
    if any(gap.reason == NOT_APPROVED and not gap.detail for gap in examined.verdict.gaps):
        return "no-longer-audited"
    return "approved" if approved else "reverted"


def looks_half_done(examined: Examined) -> bool:
    """Whether a look may have met half a save: gone, empty or unparsable where something else is approved."""
    if examined.drift is None:
        return False
    observed = examined.observed
    return not observed.exists or observed.size == 0 or observed.parse_problem is not None
