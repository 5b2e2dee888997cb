"""Stories: what happens to a host, made up from a seed. The same seed makes the same story. Pure: nothing is done here.

Every misery is dealt out once, in a random order with edits between, then all of them again. A chapter has a few of them
and ends with a judgement.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from tests.system.torture.actions import (
    Action,
    Approve,
    Audit,
    Await,
    FileAction,
    Fill,
    Free,
    Freeze,
    Heed,
    Judge,
    Kill,
    Pause,
    Redefine,
    Relax,
    Reload,
    Starve,
    Storm,
    Thaw,
)
from tests.system.torture.edits import TREE, Edits
from tests.system.torture.world import World

IN_A_CHAPTER: Final = 4
"""Miseries before a judgement; it ends those that last."""


class Story:
    """An endless story. `world` is what the tree has come to, by the last action that was told."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._edits = Edits(self._random)
        self._outside = False
        self._starved = False
        """Since the last judgement; what could not be watched then may not be watched yet."""

    @property
    def world(self) -> World:
        return self._edits.world

    def opening(self) -> list[FileAction]:
        """Return what makes the tree that is approved first."""
        return self._edits.opening()

    def chapters(self) -> Iterator[Action]:
        """Tell the story, after the opening. A judgement ends each chapter."""
        while True:
            miseries = [
                self._killed,
                self._killed,
                self._database_lost,
                self._frozen,
                self._overflowed,
                self._full_disk,
                self._few_watches,
                self._approved,
                self._approved,
                self._audited,
                self._reloaded,
                self._redefined,
            ]
            self._random.shuffle(miseries)
            for number, misery in enumerate(miseries, start=1):
                yield from self._some_edits(3, 20)
                yield from misery()
                if number % IN_A_CHAPTER == 0:
                    yield from self._some_edits(3, 20)
                    self._starved = False
                    yield Judge()

    # --- miseries, each with its end

    def _some_edits(self, fewest: int, most: int) -> Iterator[Action]:
        """Edits, one after the other without a pause, or with short ones."""
        hurried = self._random.random() < 0.5
        for _ in range(self._random.randint(fewest, most)):
            yield from self._edits.next()
            if not hurried or self._random.random() < 0.1:
                yield Pause(self._random.randrange(25))

    def _killed(self) -> Iterator[Action]:
        for _ in range(self._random.choice((1, 1, 2))):
            if self._random.random() < 0.5:
                yield Await()
                yield from self._some_edits(1, 8)
            yield Kill()
            yield from self._some_edits(0, 10)

    def _database_lost(self) -> Iterator[Action]:
        yield Await()
        yield Kill(lose_database=True)

    def _frozen(self) -> Iterator[Action]:
        yield Freeze()
        yield from self._some_edits(5, 40)
        if self._random.random() < 0.2:
            yield from self._redefined()
        yield Thaw() if self._random.random() < 0.7 else Kill()

    def _overflowed(self) -> Iterator[Action]:
        """In the top directory, which is watched for sure: what is not watched makes no notifications."""
        yield Await()
        yield Freeze()
        yield from self._some_edits(1, 10)
        files = self._edits.two_files()
        yield from files
        yield Storm(files[0].path, files[1].path)
        if self._random.random() < 0.3:
            yield Redefine(self._other_definition())
        yield from self._some_edits(5, 20)
        yield Thaw()
        if not self._starved and self._random.random() < 0.7:
            yield Heed()

    def _full_disk(self) -> Iterator[Action]:
        yield Fill(self._random.choice((0, 1, 4, 16)))
        yield from self._some_edits(10, 40)
        if self._random.random() < 0.6:
            yield from self._random.choice((self._killed, self._reloaded, self._redefined, self._approved))()
            yield from self._some_edits(1, 10)
        yield Free()

    def _few_watches(self) -> Iterator[Action]:
        self._starved = True
        yield Starve(self._random.randrange(6))
        if self._random.random() < 0.7:
            yield Kill()
        yield from self._some_edits(10, 30)
        if self._random.random() < 0.3:
            yield from self._random.choice((self._reloaded, self._redefined, self._approved))()
        if self._random.random() < 0.7:
            yield Relax()

    def _approved(self) -> Iterator[Action]:
        paths = [path for path in self.world.nodes if path.startswith(TREE + b"/")]
        chosen = self._random.sample(paths, self._random.randint(1, 4))
        yield Await()
        yield Approve(() if self._random.random() < 0.2 else tuple(chosen))

    def _audited(self) -> Iterator[Action]:
        yield Await()
        yield Audit(self._random.choice(("quick", "deep")))

    def _reloaded(self) -> Iterator[Action]:
        yield Await()
        yield Reload()

    def _other_definition(self) -> bool:
        self._outside = not self._outside
        return self._outside

    def _redefined(self) -> Iterator[Action]:
        yield Redefine(self._other_definition())
        if self._random.random() < 0.5:
            yield Reload()
