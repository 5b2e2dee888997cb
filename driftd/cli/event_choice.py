"""Which events a command shows: arguments that `events` and `timeline` share."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from driftd.cli.items import item_named
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, severity_of
from driftd.outputs.filters import baseline_of
from driftd.sources.glob import Glob


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--action",
        metavar="ACTION",
        action="append",
        choices=[action.value for action in Action],
        help="these alone: drift-opened, baseline-approved ...; may be said again",
    )
    parser.add_argument(
        "--severity",
        metavar="SEVERITY",
        choices=[severity.word for severity in Severity],
        help="from this severity on",
    )
    parser.add_argument("--baseline", metavar="NAME", action="append", help="about these baselines; may be said again")
    parser.add_argument(
        "--item", metavar="ITEM", action="append", help="about these items, or a glob of them; may be said again"
    )


@dataclass(frozen=True, slots=True)
class ItemChoice:
    """An item as it is printed, or a glob of items: a name may well hold a bracket."""

    item: str
    glob: Glob | None

    @classmethod
    def of(cls, word: str) -> ItemChoice:
        """Return what a word means."""
        item = item_named(word)
        try:
            return cls(item, Glob(item))
        except ValueError:
            return cls(item, None)  # brackets that make no glob

    def takes(self, item: str) -> bool:
        """Whether an item is meant."""
        return item == self.item or (self.glob is not None and self.glob.matches(item))


@dataclass(frozen=True, slots=True)
class Choice:
    """Takes an event that meets every condition; None is no condition."""

    actions: frozenset[str] | None = None
    severity: Severity = Severity.INFO
    baselines: frozenset[str] | None = None
    items: tuple[ItemChoice, ...] | None = None
    since: datetime | None = None

    @classmethod
    def of(cls, args: argparse.Namespace, since: datetime | None) -> Choice:
        """Return what the arguments ask for."""
        return cls(
            frozenset(args.action) if args.action else None,
            Severity.from_word(args.severity) if args.severity else Severity.INFO,
            frozenset(args.baseline) if args.baseline else None,
            tuple(ItemChoice.of(word) for word in args.item) if args.item else None,
            since,
        )

    def takes(self, event: Event) -> bool:
        """Whether an event is to be shown."""
        if self.since is not None and happened(event) < self.since:
            return False
        if severity_of(event) < self.severity or (self.actions is not None and action_of(event) not in self.actions):
            return False
        if self.baselines is not None and self.baselines.isdisjoint(_baselines(event)):
            return False
        return self.items is None or any(choice.takes(item) for item in _items(event) for choice in self.items)


def happened(event: Event) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(str(event["@timestamp"]))


def _baselines(event: Event) -> Iterator[str]:
    own = baseline_of(event)
    if own is not None:
        yield own
    yield from _members(event, "baseline")


def _items(event: Event) -> Iterator[str]:
    own = namespace(event).get("item")
    if isinstance(own, str):
        yield own
    yield from _members(event, "item")


def _members(event: Event, name: str) -> Iterator[str]:
    """Yield what the gaps of an event, and the worst drifts of a summary, say of themselves."""
    told = namespace(event)
    summary = told.get("summary")
    listed: list[Json] = [told.get("gaps"), summary.get("worst") if isinstance(summary, dict) else None]
    for one in listed:
        for member in one if isinstance(one, list) else ():
            value = member.get(name) if isinstance(member, dict) else None
            if isinstance(value, str):
                yield value
