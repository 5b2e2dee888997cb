"""A round over everything that is audited: which items have to be looked at, told apart from those that are as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from driftd.auditor import Auditor
from driftd.daemon.memory import Memory
from driftd.daemon.rereading import FILES, Rereading
from driftd.model.item import Gap
from driftd.model.item_table import split_item
from driftd.sources.facts import UNKNOWN
from driftd.sources.survey import Differs, Gone, Quiet
from driftd.sources.walk import Found

PART: Final = 512
"""Items between two moments at which others may overtake."""
SHORTEST_PAUSE: Final = 0.002
LONGEST_PAUSE: Final = 0.032
"""Seconds between two looks at what others have read; they have enough to do for longer."""


class Round:
    """One round. Iterate for the items to look at; None: a moment at which others may overtake. Then call `done`.

    `deep`: every item is looked at, or with `rereading` read by others, and looked at where it is not as it was. `whole`: what is approved and not there is looked for one by one, since something may
    have been approved that no look was taken for. Otherwise it has an open drift, or was seen to go.
    """

    def __init__(
        self,
        auditor: Auditor,
        memory: Memory,
        on_hold: Callable[[str], bool],
        *,
        deep: bool,
        whole: bool,
        rereading: Rereading | None = None,
    ) -> None:
        self.items = 0
        """Items that are audited: there, or approved and missing."""
        self.trouble: dict[str, Gap] = {}
        """Places that could not be looked into."""
        self.triggers: dict[str, bytes] = {}
        """Item of a command -> digest of what is there for whose changes it is run."""
        self.pause = 0.0
        """Seconds for which there is nothing to do, when others may overtake."""
        self._auditor = auditor
        self._memory = memory
        self._on_hold = on_hold
        self._deep = deep
        self._whole = whole or deep
        self._rereading = rereading
        self._survey = auditor.survey(memory.remembered, memory.linked, trusting=not deep, asking=rereading is None)
        self._seen: set[str] = set()
        """Items that were found one by one; those of `Survey.visited` are not among them."""

    @property
    def ignored(self) -> int:
        """How many items an `ignore` takes out of the audit."""
        return self._survey.ignored

    def __iter__(self) -> Iterator[str | None]:
        breath, guide = 0, self._auditor.guide
        begun = guide.begins() if guide is not None else 0
        yield from self._commands()
        for found in self._survey:
            yield from self._to_look_at(found)
            if self._rereading is not None:
                yield from self._reread(self._rereading, lambda reading: reading.full)
            if self.items - breath >= PART:
                breath = self.items
                yield None
        self.triggers = yield from self._auditor.triggers()
        if guide is not None:
            guide.ends(begun)
        if self._rereading is not None:
            self._rereading.flush()
            yield from self._read_approved(self._rereading)
            yield from self._reread(self._rereading, lambda reading: reading.busy)
        yield None  # what was found is looked at, and so remembered, before what was not met is told by that
        yield from self._not_met()
        yield from self._missing()

    def done(self) -> None:
        """Keep what was learnt about directories, after every item of this round was looked at."""
        self._survey.keep()

    def _to_look_at(self, found: Found) -> Iterator[str]:
        if found.gap is not None:
            self.trouble[found.gap.item] = found.gap
        elif isinstance(found, Quiet):
            self.items += found.count
            if self._rereading is not None:
                for directory, names in found.parts:
                    yield from self._rereading.add(directory, names)
            elif self._deep:
                yield from found.items
        elif isinstance(found, Differs):
            item = found.item
            if item in self._memory.remembered or not self._on_hold(item):
                self.items += not isinstance(found, Gone) or self._is_approved(item)
                yield item
        else:
            yield from self._found(found.item)

    def _reread(self, rereading: Rereading, has_to_wait: Callable[[Rereading], bool]) -> Iterator[str | None]:
        """What others have read by now and is not as it was; wait while there is reason to, longer the longer it takes."""
        pause = SHORTEST_PAUSE
        while True:
            before = rereading.answered
            yield from rereading.differing()
            if not has_to_wait(rereading):
                return
            pause = SHORTEST_PAUSE if rereading.answered > before else min(2 * pause, LONGEST_PAUSE)
            self.pause = pause
            yield None
            self.pause = 0.0

    def _read_approved(self, rereading: Rereading) -> Iterator[str | None]:
        """Have the files of what is approved read as well."""
        for layers in self._auditor.approvals.layers.values():
            files = layers.files()
            while part := list(islice(files, FILES)):
                rereading.add_files(part)
                yield from self._reread(rereading, lambda reading: reading.full)

    def _found(self, item: str) -> Iterator[str]:
        """An item that was found by itself: it is compared here."""
        if item in self._seen:
            return
        self._seen.add(item)
        if self._auditor.scope.ignored(item) is not None:
            self._survey.ignored += 1
            return
        known = self._memory.remembered.get(item)
        if known is None and self._on_hold(item):
            return
        self.items += 1
        if self._deep or known is None or known == UNKNOWN or not self._is_as_known(item, known):
            yield item

    def _is_as_known(self, item: str, known: bytes) -> bool:
        now = self._auditor.stamps(item)
        return now is not None and now == (known, self._memory.linked.get(item, b""))

    def _not_met(self) -> Iterator[str | None]:
        """What is known of places that this round did not come to."""
        memory, visited, commands = self._memory, self._survey.visited, self._auditor.scope.commands
        unmet = [directory for directory, _ in memory.remembered.shelves() if directory not in visited]
        known = [
            item for directory in unmet for item in memory.remembered.items_in(directory) if item not in self._seen
        ]
        known += [item for item in memory.missing if item not in self._seen and self._is_unmet(item)]
        for count, item in enumerate(dict.fromkeys(known), 1):
            if item not in self.trouble and item not in commands:
                yield item
            if count % PART == 0:
                yield None

    def _is_unmet(self, item: str) -> bool:
        """Whether nothing in this round says how an item is that was not there and has a gap or a drift."""
        if split_item(item)[0] not in self._survey.visited:
            return True
        if item in self._memory.gaps or self._deep or not self._drifts_approved(item):
            return True  # what was never approved and is not there does not differ any more
        self.items += 1  # it is missing still
        return False

    def _drifts_approved(self, item: str) -> bool:
        standing = self._memory.drifts.get(item)
        return standing is not None and self._is_approved_for(standing.baseline, item)

    def _is_approved(self, item: str) -> bool:
        meant = self._auditor.scope.audited(item)
        return meant is not None and self._is_approved_for(meant.baseline, item)

    def _is_approved_for(self, baseline: str, item: str) -> bool:
        layers = self._auditor.approvals.layers.get(baseline)
        return layers is not None and layers.digest(item) is not None

    def _commands(self) -> Iterator[str]:
        """The commands, which a deep round has run meanwhile."""
        commands = self._auditor.scope.commands
        self.items += len(commands)
        if self._deep:
            yield from commands

    def _missing(self) -> Iterator[str | None]:
        """What should be there, and was not met."""
        auditor, remembered = self._auditor, self._memory.remembered
        named = ([item] for item in auditor.named())
        for count, items in enumerate(auditor.expected_beside(remembered) if self._whole else named, 1):
            for item in items:
                if item in remembered or item in self._seen or item in auditor.scope.commands:
                    continue
                if (meant := auditor.scope.audited(item)) is not None:
                    self._seen.add(item)
                    self.items += self._is_approved_for(meant.baseline, item)
                    yield item
            if count % PART == 0:
                yield None
