"""Gathering what an approval would make the approved state: items as they are now, and what differs from before."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Container, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from driftd.approving.spool import Entry, GapEntry, Spool, SpooledFiles
from driftd.audit import READING_CHANGED, SECRET_KEY_UNKNOWN
from driftd.auditor import Auditor, Examined
from driftd.formats.registry import by_name
from driftd.model.approved import ApprovedItem, canonical_json
from driftd.model.change import Aspect
from driftd.model.document import Json
from driftd.model.drift import Drift
from driftd.model.item import Gap
from driftd.model.result import NOT_APPROVED, AuditResult
from driftd.sources.command import Outcome
from driftd.sources.reasons import COMMAND_NOT_RUN, CommandError
from driftd.store.content import ContentStore
from driftd.store.errors import StoreError

_SETTLED = frozenset({NOT_APPROVED, READING_CHANGED, SECRET_KEY_UNKNOWN, "rules-unchecked"})
"""Gaps of items that were read: what could not be compared with is what an approval replaces."""
_MANY: Final = 32
"""So many contents, and one sync of the file system is cheaper than one each."""
_BREATH: Final = 0.02
"""Seconds between two looks at whether that sync is done."""


NOT_RUN = CommandError(COMMAND_NOT_RUN, "the baselines were read again meanwhile")


class UnknownSelectionError(Exception):
    """A word that names neither a baseline nor an audited item."""


@dataclass(slots=True)
class Gathered:
    """What is about to be approved: counts, and the entries themselves in a spool."""

    spool: Spool
    items: Counter[str] = field(default_factory=Counter)
    """Baseline -> how many of its items would be written or removed."""
    drifts: int = 0
    """Items that differ from the approved state so far."""
    first: int = 0
    """Items that are approved for the first time."""
    gaps: int = 0
    """Items that could not be read: they are left as they are."""
    left: set[str] = field(default_factory=set)
    """Violated rules that an approval does not settle."""
    overridden: list[str] | None = None
    """Approving for all hosts: the items of this host's own layer, which hides what is approved for all."""

    @property
    def count(self) -> int:
        """How many items would be written or removed."""
        return self.items.total()

    def files(self, baseline: str) -> SpooledFiles:
        """Return the item files of a baseline."""
        return SpooledFiles(self.spool, baseline, self.items[baseline])

    def leave_out(self, items: Container[str]) -> None:
        """Do not approve these items."""
        self.spool.leave_out(items)
        self.items, self.drifts, self.first = Counter(), 0, 0
        for entry in self.spool.entries():
            self.items[entry.baseline] += 1
            self.drifts += entry.drift is not None
            self.first += entry.first

    def to_wire(self) -> dict[str, Json]:
        """Return what the control socket carries: which spool it is, and the counts."""
        return {
            "spool": self.spool.name,
            "items": dict(self.items),
            "drifts": self.drifts,
            "first": self.first,
            "gaps": self.gaps,
            "left": [*sorted(self.left)],
        }

    @classmethod
    def from_wire(cls, state: Path, wire: dict[str, Json]) -> Gathered:
        """Return what `to_wire` carried; StoreError where the spool cannot be read."""
        match wire:
            case {
                "spool": str(name),
                "items": dict(items),
                "drifts": int(drifts),
                "first": int(first),
                "gaps": int(gaps),
                "left": list(left),
            } if "/" not in name:
                counts = Counter({baseline: count for baseline, count in items.items() if isinstance(count, int)})
                return cls(Spool.take(state, name), counts, drifts, first, gaps, {str(rule) for rule in left})
        raise ValueError("the daemon's answer is of another version of driftd: restart it")

    # --- while it is made

    def take(self, examined: Examined) -> None:
        """Take up an item that would be approved."""
        baseline, approved = examined.audited.baseline, _approved_item(examined)
        first = any(gap.reason == NOT_APPROVED and not gap.detail for gap in examined.verdict.gaps)
        drift = self._settled(examined.drift)
        self.items[baseline] += 1
        self.first += first
        self.drifts += drift is not None
        content = None if approved is None else canonical_json(approved.to_json())
        self.spool.add(Entry(baseline, examined.item, content, first, None if drift is None else _packed(drift)))

    def miss(self, gap: Gap) -> None:
        """Take up an item that could not be read."""
        self.gaps += 1
        self.spool.add(GapEntry(_packed(gap)))

    def _settled(self, drift: Drift | None) -> Drift | None:
        """Return what of a drift an approval settles; what it does not is remembered."""
        if drift is None:
            return None
        self.left |= {change.rule for change in drift.changes if change.rule is not None}
        settled = tuple(change for change in drift.changes if change.aspect is not Aspect.RULE)
        return Drift(drift.id, drift.baseline, drift.item, settled) if settled else None


def _approved_item(examined: Examined) -> ApprovedItem | None:
    """Return what approving an item as it was just seen would record; None: that it is not there."""
    observed = examined.observed
    if observed.attributes is None:
        return None
    document = observed.document
    if document is None:
        return ApprovedItem(observed.item, observed.attributes.to_json(), observed.digest)
    format = "text" if observed.parse_problem is not None else document.format
    return ApprovedItem(
        observed.item,
        observed.attributes.to_json(),
        observed.digest,
        format,
        by_name(format).reading,
        document.root.to_json(),
    )


def _packed(told: Drift | Gap) -> bytes:
    return json.dumps(told.to_json()).encode("ascii")


def gather(auditor: Auditor, selection: Sequence[str], content: ContentStore, spool: Spool) -> Gathered:
    """Look at the selected items (baselines or items; none: everything) and keep the bytes of what may be approved."""
    steps = gathering(auditor, selection, content, run_selected(auditor, selection), spool)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            gathered: Gathered = done.value
            return gathered


def run_selected(auditor: Auditor, selection: Sequence[str]) -> dict[str, Outcome]:
    """Run the selected commands and wait for them, the one that takes longest as long as the others together at most."""
    baselines = {word for word in selection if word in auditor.scope.baselines} if selection else None
    return {item: running.result() for item, running in auditor.started(baselines, selection).items()}


def gathering(
    auditor: Auditor,
    selection: Sequence[str],
    content: ContentStore,
    outcomes: Mapping[str, Outcome],
    spool: Spool,
) -> Generator[None, None, Gathered]:
    """Do the same in steps, so that other work may overtake. `outcomes`: what the selected commands said."""
    gathered = Gathered(spool)
    places = AuditResult()
    kept = 0
    for examined in _selected(auditor, selection, places, outcomes):
        yield
        gaps = [gap for gap in examined.verdict.gaps if gap.reason not in _SETTLED]
        if gaps or examined.observed.gap is not None:
            for gap in examined.verdict.gaps:
                gathered.miss(gap)
            continue
        if not examined.audited.terms.needs_approval or not _differs(examined):
            continue
        gathered.take(examined)
        if examined.observed.content is not None and examined.observed.digest is not None:
            kept += 1
            content.put(examined.observed.content, examined.observed.digest, durable=kept < _MANY)
    for gap in places.coverage.gaps:
        gathered.miss(gap)
    if kept >= _MANY:
        yield from _flushing(content)
    spool.seal()
    return gathered


def _flushing(content: ContentStore) -> Iterator[None]:
    """Have what was kept on disk, on a thread of its own: it takes as long as there is something to write on that file system."""
    refused: list[StoreError] = []

    def flush() -> None:
        try:
            content.flush()
        except StoreError as error:
            refused.append(error)

    thread = threading.Thread(target=flush, name="driftd-flush", daemon=True)
    thread.start()
    while thread.is_alive():
        yield
        thread.join(_BREATH)
    if refused:
        raise refused[0]


def _differs(examined: Examined) -> bool:
    """Whether approving the item would write anything: a difference, a first approval, or other bytes of one meaning."""
    if examined.drift is not None and any(change.aspect is not Aspect.RULE for change in examined.drift.changes):
        return True
    return bool(examined.verdict.gaps) or examined.verdict.cosmetic


def _selected(
    auditor: Auditor, selection: Sequence[str], places: AuditResult, outcomes: Mapping[str, Outcome]
) -> Iterator[Examined]:
    baselines = {word for word in selection if word in auditor.scope.baselines}
    items = [word for word in selection if word not in baselines]
    for item in items:
        examined = auditor.examine(item, keep_content=True, outcome=outcomes.get(item, NOT_RUN))
        if examined is None:
            known = ", ".join(sorted(auditor.scope.baselines)) or "none"
            raise UnknownSelectionError(f"{item}: neither an audited item nor a baseline (baselines: {known})")
        observed, layers = examined.observed, auditor.approvals.layers.get(examined.audited.baseline)
        if not observed.exists and observed.gap is None and (layers is None or layers.digest(item) is None):
            raise UnknownSelectionError(f"{item}: is not there, and nothing is approved for it")
        yield examined
    if baselines or not selection:
        seen = set(items)
        for examined in auditor.everything(places, keep_content=True, outcomes=outcomes):
            if examined.item not in seen and (not baselines or examined.audited.baseline in baselines):
                yield examined
