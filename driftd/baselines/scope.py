"""Scope: which items are audited, whose they are, and what applies to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from msgspec.structs import replace

from driftd.audit import Terms
from driftd.baselines.definition import LoadedBaseline
from driftd.baselines.ownership import rank
from driftd.compare.meaning import IdentityNames
from driftd.model.baseline import Baseline, Ignore, ItemPattern, Rule, SeverityWord
from driftd.model.change import Severity
from driftd.policy.query import Query
from driftd.sources.glob import Glob


@dataclass(frozen=True, slots=True)
class ScopedPattern:
    """One line of `items` of one baseline."""

    baseline: LoadedBaseline
    pattern: ItemPattern
    glob: Glob


@dataclass(frozen=True, slots=True)
class Audited:
    """An item that is audited: how it is read and how it is judged."""

    scoped: ScopedPattern
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
        ]
        self._rank = [
            rank(scoped.glob, approves=scoped.baseline.definition.approved == "required") for scoped in self.patterns
        ]
        self._secret_key_id = secret_key_id
        self._whole = [
            (Glob(ignore.item), ignore)
            for loaded in baselines
            for ignore in loaded.definition.ignore
            if ignore.key is None
        ]
        self._additions = [_Additions(loaded.definition) for loaded in baselines]

    @property
    def ignores_whole_items(self) -> bool:
        """Whether any item at all is taken out of the audit."""
        return bool(self._whole)

    def ignored(self, item: str) -> Ignore | None:
        """Return the entry of `ignore` that takes a whole item out of the audit."""
        return next((ignore for glob, ignore in self._whole if glob.matches(item)), None)

    def audited(self, item: str, matches: Sequence[int] | None = None) -> Audited | None:
        """Return what applies to an item; None where no pattern means it, or it is ignored as a whole.

        `matches`: the indexes of the patterns that mean it, where a walk has found them already.
        """
        if matches is None:
            matches = [index for index, scoped in enumerate(self.patterns) if scoped.glob.matches(item)]
        if not matches or self.ignored(item) is not None:
            return None
        owner = self.patterns[max(matches, key=lambda index: (self._rank[index], -index))]
        terms = self._terms(item, owner)
        return Audited(owner, terms, tuple(query for added in self._additions for query in added.secrets_for(item)))

    def _terms(self, item: str, owner: ScopedPattern) -> Terms:
        baseline = owner.baseline.definition
        return Terms(
            baseline=baseline.name,
            severity=Severity.from_word(owner.pattern.severity or baseline.severity),
            needs_approval=baseline.approved == "required",
            ignores=tuple(query for added in self._additions for query in added.ignores_for(item)),
            varies=tuple(query for added in self._additions for query in added.varies_for(item)),
            identities=tuple(pair for added in self._additions for pair in added.identities_for(item)),
            rules=tuple(rule for added in self._additions for rule in added.rules_for(item)),
            literal=owner.glob.literal is not None,
            secret_key_id=self._secret_key_id,
        )


class _Additions:
    """What one baseline says about items, its own or another's, ready to be matched."""

    def __init__(self, baseline: Baseline) -> None:
        self._ignores = [(Glob(one.item), Query(one.key)) for one in baseline.ignore if one.key is not None]
        self._varies = [(Glob(one.item), Query(one.key)) for one in baseline.vary]
        self._secrets = [(Glob(one.item), Query(one.key)) for one in baseline.secrets]
        self._identities = [(Glob(one.item), Query(one.key), identity_names(one.names)) for one in baseline.identify]
        severity = baseline.severity
        self._rules = [(Glob(rule.item), _with_severity(rule, severity)) for rule in baseline.rules]

    def ignores_for(self, item: str) -> list[Query]:
        return [query for glob, query in self._ignores if glob.matches(item)]

    def varies_for(self, item: str) -> list[Query]:
        return [query for glob, query in self._varies if glob.matches(item)]

    def secrets_for(self, item: str) -> list[Query]:
        return [query for glob, query in self._secrets if glob.matches(item)]

    def identities_for(self, item: str) -> list[tuple[Query, IdentityNames]]:
        return [(query, names) for glob, query, names in self._identities if glob.matches(item)]

    def rules_for(self, item: str) -> list[Rule]:
        return [rule for glob, rule in self._rules if glob.matches(item)]


@lru_cache(maxsize=256)
def identity_names(names: tuple[str, ...]) -> IdentityNames:
    """Return the members of an `identify` as paths below the list member: `metadata.name` -> (`metadata`, `name`)."""
    return tuple(tuple(name.removeprefix("$.").split(".")) for name in names)


def _with_severity(rule: Rule, severity: SeverityWord) -> Rule:
    """A rule without a severity has that of the baseline it stands in, not of the one that owns the item."""
    return rule if rule.severity else replace(rule, severity=severity)
