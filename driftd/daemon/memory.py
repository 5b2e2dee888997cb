"""What the engine remembers between looks: open drifts, gaps, stat signatures. All of it can be made anew from the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from driftd.daemon.drifts import Drifts
from driftd.model.event import Action, Event, action_of, namespace
from driftd.model.item import Gap
from driftd.store.database import Database
from driftd.store.known import DriftStands, GroupEnds, GroupStands, StateChange
from driftd.store.replay import replayed
from driftd.watch import reasons as watch_reasons

STATE_UNWRITABLE: Final = "state-unwritable"
LOSSES: Final = watch_reasons.LOSSES | {STATE_UNWRITABLE}
"""Reasons to look at everything again; they end with the next audit, so that a restart, which audits, ends them as well."""


@dataclass(slots=True)
class Memory:
    """The present state of a host, by item."""

    drifts: Drifts = field(default_factory=Drifts)
    groups: set[str] = field(default_factory=set)
    """Groups of drifts told together that are not settled."""
    gaps: dict[str, tuple[str | None, Gap]] = field(default_factory=dict)
    places: dict[str, Gap] = field(default_factory=dict)
    """Directories that could not be looked into, and patterns with too many items."""
    polled: dict[str, Gap] = field(default_factory=dict)
    """Directories that were said not to be watched; one may stand for many below it."""
    polled_directories: int = 0
    """How many there are in all."""
    signatures: dict[str, int] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    """Items that are read through links. After a start they are looked at again, to know what they depend on."""
    unapproved: dict[str, set[str]] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)
    """Baseline -> 0 once an approval was asked for, until there is one: its revision."""

    @property
    def waiting(self) -> int:
        """How many items wait for a first approval."""
        return sum(map(len, self.unapproved.values()))

    @classmethod
    def load(cls, database: Database) -> Memory:
        """Return what the store knows."""
        memory = cls(Drifts(database.standings()), signatures=dict(database.signatures()))
        memory.groups = {group.id for group in database.groups()}
        for gap in database.gaps():
            if gap.baseline:
                memory.gaps[gap.item] = (gap.baseline, Gap(gap.item, gap.reason, gap.detail))
            elif gap.item == "/" and gap.reason in LOSSES:
                continue
            elif gap.reason in watch_reasons.UNWATCHED:
                memory.polled[gap.item] = Gap(gap.item, gap.reason, gap.detail)
            else:
                memory.places[gap.item] = Gap(gap.item, gap.reason, gap.detail)
        for baseline in database.baselines():
            asked = baseline.announced == Action.BASELINE_PROPOSED
            memory.announced[baseline.name] = 0 if asked else baseline.revision or 0
        return memory

    def save(self, database: Database) -> None:
        """Write down the signatures, which no event carries."""
        remembered = {item: 0 if item in self.linked else known for item, known in self.signatures.items()}
        database.replace_signatures(remembered)

    def known(self, wanted: Callable[[str], bool]) -> list[str]:
        """Return the items that were there, or should be, by what is remembered of them."""
        others = {*self.drifts, *self.gaps} - self.signatures.keys()
        return [item for item in (*self.signatures, *others) if wanted(item)]

    def distrust(self) -> None:
        """Have every item read again by the next audit: what was seen of some was not recorded."""
        self.signatures = dict.fromkeys(self.signatures, 0)

    def await_approval(self, baseline: str, item: str, *, waiting: bool) -> None:
        """Take note of whether an item waits for its first approval."""
        if waiting:
            self.unapproved.setdefault(baseline, set()).add(item)
        elif baseline in self.unapproved:
            self.unapproved[baseline].discard(item)

    def forget_item(self, item: str) -> None:
        """Drop an item that is not audited any more."""
        self.signatures.pop(item, None)
        for items in self.unapproved.values():
            items.discard(item)

    def apply(self, event: Event) -> None:
        """Take over what a recorded event says about drifts."""
        match action_of(event):
            case Action.DRIFT_RESOLVED:
                self.drifts.drop(str(namespace(event)["item"]))
            case Action.DRIFT_OPENED | Action.DRIFT_UPDATED | Action.DRIFT_SUMMARY | Action.DRIFT_GROUP_RESOLVED:
                for change in replayed(event):
                    self._take(change)

    def _take(self, change: StateChange) -> None:
        match change:
            case DriftStands(drift, opened):
                self.drifts.take(drift, opened=opened)
            case GroupStands(group):
                self.groups.add(group.id)
            case GroupEnds(group_id):
                self.groups.discard(group_id)
