"""What the engine remembers between looks: open drifts, gaps, stat fields. All of it can be made anew from the store."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from driftd.daemon.drifts import Drifts
from driftd.daemon.missing import Missing, Region
from driftd.daemon.shared_files import MAX_FILES
from driftd.model.event import Action, Event, action_of, namespace
from driftd.model.item import Gap, Observation, shown_path
from driftd.model.item_table import ItemTable, split_item
from driftd.sources.facts import STAMP_BYTES, UNKNOWN, stamp_start
from driftd.sources.intake import FINGERPRINT_BYTES
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.known import DriftStands, GroupEnds, GroupStands, Remembered, StateChange
from driftd.store.replay import replayed
from driftd.watch import reasons as watch_reasons

NO_CONTENT: Final = bytes(FINGERPRINT_BYTES)
FEW_EVENTS: Final = 1_000
"""So many are read again after a start without complaint, where no item was another since."""
STATE_UNWRITABLE: Final = "state-unwritable"
NOT_AUDITED: Final = "not-audited-yet"
"""No audit was ever completed: what is known is not all there is."""
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
    remembered: ItemTable = field(default_factory=lambda: ItemTable(STAMP_BYTES, FINGERPRINT_BYTES))
    """Every item that is there: its stat fields and the fingerprint of its content when it was last read.

    `UNKNOWN` stat fields: it has to be read again, whatever they are. A fingerprint of zeros: it has no content to read.
    """
    linked: dict[str, bytes] = field(default_factory=dict)
    """Items that are read through links, and the stat fields of what these lead to. After a start they are looked at
    again, to know what they depend on."""
    shared: set[str] = field(default_factory=set)
    """Items whose files may be changed under other names, as many as are watched; after a start they are looked at again too."""
    unapproved: dict[str, set[str]] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)
    """Baseline -> 0 once an approval was asked for, until there is one: its revision."""
    written_through: int = 0
    """The last event that was recorded when items were written down."""
    missing: Missing = field(init=False)
    """Items that are not there, and have an open drift or a gap."""

    def __post_init__(self) -> None:
        self.missing = Missing(lambda item: self.drifts.get(item) is not None or item in self.gaps)

    def counted(self) -> tuple[int, int]:
        """Return how many items are audited, those included that should be there and are not, and how many were compared."""
        items = len(self.remembered) + sum(1 for _ in self.missing)
        not_read = sum(item in self.remembered or item in self.missing for item in self.gaps)
        return items, max(0, items - not_read - self.waiting)

    @property
    def waiting(self) -> int:
        """How many items wait for a first approval."""
        return sum(map(len, self.unapproved.values()))

    @classmethod
    def load(cls, database: Database) -> Memory:
        """Return what the store knows."""
        memory = cls(Drifts(database.standings()))
        memory.written_through = database.remembered_through() or 0
        memory.groups = {group.id for group in database.groups()}
        for directory, names, *columns in database.remembered():
            memory.remembered.add_shelf(directory, names, columns)
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
        for item in chain(memory.drifts, memory.gaps):
            if item not in memory.remembered:
                memory.missing.add(item)
        return memory

    def save(self, database: Database, through: int) -> None:
        """Write down what no event carries, as far as it changed since the last time; `through`: the last event recorded."""
        looked_at_again: dict[bytes, list[bytes]] = {}
        for item in chain(self.linked, self.shared):
            directory, name = split_item(item)
            looked_at_again.setdefault(directory, []).append(name)
        rows: list[Remembered] = []
        gone: list[bytes] = []
        touched = self.remembered.take_touched()
        for directory in touched:
            shelf = self.remembered.shelf(directory)
            if shelf is None or not len(shelf):
                gone.append(directory)
                continue
            stamps, fingerprints = map(bytearray, shelf.columns)
            for name in looked_at_again.get(directory, ()):
                at = shelf.position(name) * STAMP_BYTES
                stamps[at : at + STAMP_BYTES] = UNKNOWN
            rows.append((directory, shelf.names, bytes(stamps), bytes(fingerprints)))
        if not rows and not gone and through < self.written_through + FEW_EVENTS:
            return
        try:
            database.remember(rows, gone, through=through)
        except StoreError:
            self.remembered.touch(touched)
            raise
        self.written_through = through

    def known(self, inside: Region) -> list[str]:
        """Return the items of a part of the tree that were there, or should be, by what is remembered of them."""
        items = [
            item
            for directory, _ in self.remembered.shelves()
            if inside.holds_all_in(shown_path(directory))
            for item in self.remembered.items_in(directory)
        ]
        items += [item for item in inside.named if item in self.remembered]
        items += self.missing.inside(inside)
        return list(dict.fromkeys(items))

    def of_inodes(self, inodes: Collection[int]) -> Iterator[str]:
        """Yield the items that had one of some inodes when they were looked at."""
        starts = set(map(stamp_start, inodes))
        if not starts:
            return
        length = len(next(iter(starts)))
        for directory, shelf in self.remembered.shelves():
            stamps = shelf.columns[0]
            places = range(0, len(stamps), STAMP_BYTES)
            found = [at // STAMP_BYTES for at in places if bytes(stamps[at : at + length]) in starts]
            if found:
                names = shelf.split()
                yield from (shown_path(directory + names[place]) for place in found)

    def knows_in(self, directory: bytes) -> bool:
        """Whether there are items in a directory itself, or should be, by what is remembered of it."""
        return self.remembered.shelf(directory + b"/") is not None or self.missing.any_in(shown_path(directory))

    def sort_out(self) -> None:
        """Let go what is of no interest any more, between two batches of items."""
        self.missing.sort_out(len(self.drifts) + len(self.gaps))

    def doubt(self, event: Event) -> None:
        """Have the items of a recorded event read again, which happened after what is remembered was written down.

        One may be by now as it was before the event, by its stat fields too: where a directory was moved away and back.
        """
        told = namespace(event)
        gaps = told.get("gaps")
        named = [told, *gaps] if isinstance(gaps, list) else [told]
        for each in named:
            item = each.get("item") if isinstance(each, dict) else None
            fingerprint = self.remembered.get(item, 1) if isinstance(item, str) else None
            if fingerprint is not None:
                self.remembered.put(str(item), UNKNOWN, fingerprint)

    def distrust(self) -> None:
        """Have every item read again by the next audit: what was seen of some was not recorded."""
        self.remembered.overwrite(0, UNKNOWN)

    def is_untouched(self, observed: Observation) -> bool:
        """Whether an item is, by its stat fields, what it was when it was looked at before."""
        known = self.remembered.get(observed.item)
        if known is None:
            return not observed.exists and observed.gap is None
        return known != UNKNOWN and (known, self.linked.get(observed.item, b"")) == (observed.stamp, observed.behind)

    def take(self, observed: Observation, *, settled: bool) -> None:
        """Take note of what an item is now; not `settled`: it has to be read again, however little its stat fields change."""
        item = observed.item
        if observed.exists or observed.gap:
            stamp = observed.stamp if settled and observed.stamp else UNKNOWN
            self.remembered.put(item, stamp, observed.fingerprint or NO_CONTENT)
            self.missing.discard(item)
        else:
            self.remembered.discard(item)
            self.missing.add(item)
        if observed.links:
            self.linked[item] = observed.behind
        else:
            self.linked.pop(item, None)
        if observed.shared is None:
            self.shared.discard(item)
        elif len(self.shared) < MAX_FILES:
            self.shared.add(item)

    def await_approval(self, baseline: str, item: str, *, waiting: bool) -> None:
        """Take note of whether an item waits for its first approval."""
        if waiting:
            self.unapproved.setdefault(baseline, set()).add(item)
        elif baseline in self.unapproved:
            self.unapproved[baseline].discard(item)

    def forget_item(self, item: str) -> None:
        """Drop an item that is not audited any more."""
        self.remembered.discard(item)
        self.missing.discard(item)
        self.linked.pop(item, None)
        self.shared.discard(item)
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
