"""Scope: which items are audited, whose they are, and what applies to each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec.structs import replace

from driftd.audit import Terms
from driftd.baselines.definition import LoadedBaseline
from driftd.baselines.ownership import rank
from driftd.compare.meaning import IdentityNames
from driftd.model.baseline import CommandItem, Ignore, ItemPattern, Rule, SeverityWord
from driftd.model.change import Severity
from driftd.model.item import COMMAND
from driftd.policy.query import Query
from driftd.settings.scalars import Duration
from driftd.sources.command import CommandPlan
from driftd.sources.glob import Glob, Globs


@dataclass(frozen=True, slots=True)
class ScopedPattern:
    """One line of `items` of one baseline."""

    baseline: LoadedBaseline
    pattern: ItemPattern
    glob: Glob


@dataclass(frozen=True, slots=True)
class ScopedCommand:
    """A command of one baseline, which is one item of its own."""

    baseline: LoadedBaseline
    pattern: CommandItem
    plan: CommandPlan
    every: float
    """Seconds between two runs."""
    when: tuple[Glob, ...]

    @classmethod
    def of(cls, baseline: LoadedBaseline, command: CommandItem) -> ScopedCommand:
        """Return a command as a baseline says it is to be run."""
        plan = CommandPlan(
            command.command,
            float(Duration.from_text(command.timeout)),
            command.max_bytes,
            command.user,
            command.privileged,
        )
        every = float(Duration.from_text(command.every))
        return cls(baseline, command, plan, every, tuple(map(Glob, command.when)))


@dataclass(frozen=True, slots=True)
class Audited:
    """An item that is audited: how it is read and how it is judged."""

    scoped: ScopedPattern | ScopedCommand
    terms: Terms
    secrets: tuple[Query, ...]

    @property
    def baseline(self) -> str:
        """Name of the baseline that owns the item."""
        return self.scoped.baseline.definition.name


class Scope:
    """The items of all baselines of a host."""

    def __init__(self, baselines: Sequence[LoadedBaseline], secret_key_id: str | None = None) -> None:
        self.baselines = {loaded.definition.name: loaded for loaded in baselines}
        self.patterns = [
            ScopedPattern(loaded, pattern, Glob(pattern.path))
            for loaded in baselines
            for pattern in loaded.definition.items
            if isinstance(pattern, ItemPattern)
        ]
        self._rank = [
            rank(scoped.glob, approves=scoped.baseline.definition.approved == "required") for scoped in self.patterns
        ]
        self._secret_key_id = secret_key_id
        self._means = Globs(scoped.glob for scoped in self.patterns)
        definitions = [loaded.definition for loaded in baselines]
        self._whole = _Said((one.item, one) for each in definitions for one in each.ignore if one.key is None)
        self.commands = {
            COMMAND + command.name: ScopedCommand.of(loaded, command)
            for loaded in baselines
            for command in loaded.definition.items
            if isinstance(command, CommandItem) and not self._whole.of(COMMAND + command.name)
        }
        """Item -> command, without those that are ignored as a whole."""
        self._ignores = _Said((one.item, Query(one.key)) for each in definitions for one in each.ignore if one.key)
        self._varies = _Said((one.item, Query(one.key)) for each in definitions for one in each.vary)
        self._secrets = _Said((one.item, Query(one.key)) for each in definitions for one in each.secrets)
        self._identities = _Said(
            (one.item, (Query(one.key), identity_names(one.names))) for each in definitions for one in each.identify
        )
        self._rules = _Said(
            (rule.item, _with_severity(rule, each.severity)) for each in definitions for rule in each.rules
        )

    @property
    def ignores_whole_items(self) -> bool:
        """Whether any item at all is taken out of the audit."""
        return bool(self._whole)

    def ignored(self, item: str) -> Ignore | None:
        """Return the entry of `ignore` that takes a whole item out of the audit."""
        return next(iter(self._whole.of(item)), None)

    def means(self, item: str | bytes) -> bool:
        """Whether some pattern means an item that is not ignored as a whole."""
        return bool(self._means.matching(item)) and not self._whole.of(item)

    def audited(self, item: str, matches: Sequence[int] | None = None) -> Audited | None:
        """Return what applies to an item; None where no pattern means it, or it is ignored as a whole.

        `matches`: the indexes of the patterns that mean it, where a walk has found them already.
        """
        if command := self.commands.get(item):
            return Audited(command, self._terms(item, command, literal=True), self._secrets.of(item))
        if matches is None:
            matches = self._means.matching(item)
        if not matches or self.ignored(item) is not None:
            return None
        owner = self.patterns[max(matches, key=lambda index: (self._rank[index], -index))]
        terms = self._terms(item, owner, literal=owner.glob.literal is not None)
        return Audited(owner, terms, self._secrets.of(item))

    def _terms(self, item: str, owner: ScopedPattern | ScopedCommand, *, literal: bool) -> Terms:
        baseline = owner.baseline.definition
        return Terms(
            baseline=baseline.name,
            severity=Severity.from_word(owner.pattern.severity or baseline.severity),
            needs_approval=baseline.approved == "required",
            ignores=self._ignores.of(item),
            varies=self._varies.of(item),
            identities=self._identities.of(item),
            rules=self._rules.of(item),
            literal=literal,
            secret_key_id=self._secret_key_id,
        )


Said = TypeVar("Said")


class _Said(Generic[Said]):
    """What baselines say about items, their own or another's, in their order."""

    def __init__(self, said: Iterable[tuple[str, Said]]) -> None:
        pairs = list(said)
        self._globs = Globs(Glob(pattern) for pattern, _ in pairs)
        self._said = [each for _, each in pairs]

    def __bool__(self) -> bool:
        return bool(self._said)

    def of(self, item: str | bytes) -> tuple[Said, ...]:
        """Return what is said about an item."""
        return tuple(self._said[index] for index in self._globs.matching(item)) if self._said else ()


@lru_cache(maxsize=256)
def identity_names(names: tuple[str, ...]) -> IdentityNames:
    """Return the members of an `identify` as paths below the list member: `metadata.name` -> (`metadata`, `name`)."""
    return tuple(tuple(name.removeprefix("$.").split(".")) for name in names)


def _with_severity(rule: Rule, severity: SeverityWord) -> Rule:
    """A rule without a severity has that of the baseline it stands in, not of the one that owns the item."""
    return rule if rule.severity else replace(rule, severity=severity)
