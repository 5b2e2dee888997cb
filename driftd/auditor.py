"""The auditor: looks at the items of one host, and has them judged. It keeps nothing and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Protocol

from driftd.approvals import HostApprovals
from driftd.audit import ApprovedCorrupt, Verdict, dialect_for, drift_of, judge
from driftd.baselines.scope import Audited, Scope, ScopedCommand
from driftd.compare.differ import compare
from driftd.model.baseline import DEFAULT_ATTRIBUTES
from driftd.model.drift import Drift
from driftd.model.item import TOO_LARGE, Gap, Observation, real_path
from driftd.model.item_table import ItemTable
from driftd.model.result import AuditResult
from driftd.sources.command import CommandPlan, Outcome
from driftd.sources.isolated import IsolatedReader
from driftd.sources.mounts import Mounts
from driftd.sources.observe import Observer, ReadingPlan
from driftd.sources.reasons import COMMAND_NOT_RUN, CommandError
from driftd.sources.root import Root
from driftd.sources.survey import Survey
from driftd.sources.triggers import Triggers
from driftd.sources.walk import Found, Guide, Plan, Walk, WalkPattern

_IN_STAT: Final = frozenset(DEFAULT_ATTRIBUTES)
"""Attributes that stat fields say, and the names of owners."""


@dataclass(frozen=True, slots=True)
class Examined:
    """An item after it was looked at and judged."""

    item: str
    audited: Audited
    observed: Observation
    verdict: Verdict
    drift: Drift | None


class Surveyor(Guide, Protocol):
    """A guide that also has to know when everything was walked, to tell what is not there any more."""

    def begins(self) -> int:
        """A walk over everything begins; return what `ends` is to be told."""

    def ends(self, begun: int) -> None:
        """The walk has come to its end."""


class Runner(Protocol):
    """Who runs commands."""

    def start(self, plan: CommandPlan) -> Future[Outcome]:
        """Have a command run; its outcome is never an exception."""


class Auditor:
    """Looks at items under a root and judges them against what is approved."""

    def __init__(
        self,
        root: Root,
        scope: Scope,
        approvals: HostApprovals,
        observer: Observer,
        host_id: str,
        *,
        mounts: Mounts | None = None,
        isolated: IsolatedReader | None = None,
        commands: Runner | None = None,
    ) -> None:
        """`commands`: None where they are not run, since what is audited is not this machine."""
        self.scope = scope
        self.approvals = approvals
        self.directories: set[bytes] = set()
        """Where a notification can tell of items, as the last walk found them."""
        self.guide: Surveyor | None = None
        self.mounts = mounts or Mounts()
        self._root = root
        self._observer = observer
        self._host_id = host_id
        self._isolated = isolated
        self._commands = commands
        self._triggers = Triggers((glob, item) for item, command in scope.commands.items() for glob in command.when)
        self._more = any(not _IN_STAT.issuperset(scoped.pattern.attributes) for scoped in scope.patterns)
        self._plan = Plan(
            [
                WalkPattern(scoped.glob, max_items=scoped.pattern.max_items, cross_mounts=scoped.pattern.cross_mounts)
                for scoped in scope.patterns
            ]
        )

    @property
    def place(self) -> bytes:
        """The directory on this machine under which it looks; `/` for the machine itself."""
        return self._root.directory

    @property
    def waits(self) -> bool:
        """Whether some baseline waits for its first approval."""
        return any(
            loaded.definition.approved == "required" and not self.approvals.approved(name)
            for name, loaded in self.scope.baselines.items()
        )

    def judges_by(self) -> tuple[object, ...]:
        """Return what judging depends on beside the items and what is approved: another one may judge otherwise."""
        return self, self._root.accounts_digest()

    def warm_up(self) -> None:
        """Load what the first difference needs and nothing before it: patterns, lists of names, a reader. Takes 0.1 s."""
        before, after = self._observer.sample(b"a: 1\n"), self._observer.sample(b"a: 2\n")
        if before is not None and after is not None:
            compare(before.root, after.root, dialect=dialect_for(after))

    # --- where items are

    def found(self) -> Iterator[Found]:
        """Yield every item that some pattern means and that is there, and every place that could not be looked into."""
        begun = self.guide.begins() if self.guide is not None else 0
        walk = self._walk(self._plan)
        yield from walk
        self.directories = walk.directories
        for _ in self.triggers():
            continue
        if self.guide is not None:
            self.guide.ends(begun)

    def found_within(self, path: bytes, *, shallow: bool = False) -> Iterator[Found]:
        """Yield the same at and below one path; `shallow`: not below the directories that the guide covers already."""
        return self._walk(self._plan, path, shallow=shallow)

    def triggers(self) -> Generator[None, None, dict[str, bytes]]:
        """Return for each command a digest of what is there for whose changes it is run, and have its directories watched.

        Yields now and then, so that other work may overtake.
        """
        if not self._triggers.items:
            return {}
        walk = self._walk(self._triggers.plan)
        digests = yield from self._triggers.digests(walk, self.stamps)
        self.directories |= walk.directories
        return digests

    def _walk(self, plan: Plan, within: bytes = b"/", *, shallow: bool = False) -> Walk:
        return Walk(self._root, plan, self.mounts, self._isolated, guide=self.guide, within=within, shallow=shallow)

    def survey(
        self, remembered: ItemTable, linked: Mapping[str, bytes], *, trusting: bool, asking: bool = True
    ) -> Survey:
        """Return a walk that says which items differ from what is remembered; see `sources/survey.py`."""
        return Survey(
            self._root,
            self._plan,
            remembered,
            linked,
            self.mounts,
            self._isolated,
            guide=self.guide,
            ignored=self._is_ignored if self.scope.ignores_whole_items else None,
            trusting=trusting,
            asking=asking,
        )

    def _is_ignored(self, item: str) -> bool:
        return self.scope.ignored(item) is not None

    def expected(self) -> Iterable[str]:
        """Return every item that should be there: approved, or named without a wildcard."""
        for name, layers in self.approvals.layers.items():
            if name in self.scope.baselines:
                yield from layers.items()
        yield from self.named()

    def expected_beside(self, known: ItemTable) -> Iterator[list[str]]:
        """Yield those of them that `known` does not have, directory by directory; fast where it has most."""
        for name, layers in self.approvals.layers.items():
            if name in self.scope.baselines:
                yield from layers.items_beside(known)
        yield [item for item in self.named() if item not in known]

    def is_approved(self, item: str) -> bool:
        """Whether something is approved for an item by some baseline."""
        return any(layers.digest(item) is not None for layers in self.approvals.layers.values())

    def named(self) -> Iterable[str]:
        """Return every item that is named without a wildcard."""
        for scoped in self.scope.patterns:
            yield from scoped.glob.literals

    # --- one item

    def stamps(self, item: str) -> tuple[bytes, bytes] | None:
        """Return the stamps of an item and of what it leads to; None: nothing is there. Both empty: examine it to tell."""
        return self._observer.stamps(item)

    def changed_ns(self, item: str) -> int | None:
        """Return when a file or directory changed last; None: it is something else, or asking might take long."""
        return self._observer.changed_ns(item)

    @property
    def has_more(self) -> Callable[[str], bool] | None:
        """What tells whether more of an item is audited than stat fields and content: extended attributes; None: of no item."""
        return self._has_more if self._more else None

    def _has_more(self, item: str) -> bool:
        audited = self.scope.audited(item)
        if audited is None or isinstance(audited.scoped, ScopedCommand):
            return False
        return not _IN_STAT.issuperset(audited.scoped.pattern.attributes)

    def examine(
        self,
        item: str,
        *,
        matches: tuple[int, ...] | None = None,
        keep_content: bool = False,
        outcome: Outcome | None = None,
    ) -> Examined | None:
        """Look at an item and judge it; None where it is not audited (any more).

        `outcome`: of a command that was run already; else it is run now, and waited for.
        """
        audited = self.scope.audited(item, matches)
        if audited is None:
            return None
        self.approvals.look()
        observed = self.observe(item, audited, keep_content=keep_content, outcome=outcome)
        if matches is None and self._may_be_cut_off(observed) and not self._is_meant(item, audited):
            return None
        verdict = judge(observed, audited.terms, self.approvals)
        return Examined(item, audited, observed, verdict, drift_of(verdict, audited.terms, item, self._host_id))

    def unread(self, item: str, gap: Gap) -> Examined | None:
        """Return what is to be said of an item that could not be looked at; None where it is not audited (any more)."""
        audited = self.scope.audited(item)
        if audited is None:
            return None
        observed = Observation(item, gap=gap)
        return Examined(item, audited, observed, judge(observed, audited.terms, self.approvals), None)

    def _may_be_cut_off(self, observed: Observation) -> bool:
        """Whether a link or a mount point stands on the way to something that is there."""
        if not observed.exists or observed.links:
            return bool(observed.links)
        return any(self.mounts.points_above(self._root.on_host(real_path(observed.item))))

    def _is_meant(self, item: str, audited: Audited) -> bool:
        """Whether an item behind a link or a mount point is audited: a walk comes to it, or it is approved.

        Its name may fit a pattern whose walk does not go there. What is approved is compared as programs see it.
        """
        try:
            if self.approvals.item(audited.baseline, item) is not None:
                return True
        except ApprovedCorrupt:
            return True  # the judge says so
        path = real_path(item)
        return any(found.path == path or found.gap is not None for found in self.found_within(path))

    def observe(
        self, item: str, audited: Audited, *, keep_content: bool = False, outcome: Outcome | None = None
    ) -> Observation:
        """Read an item as its pattern says; content is parsed only where somebody will look at it."""
        known = self._known_digest(audited, item)
        plan = self._reading_plan(audited, keep_content=keep_content)
        if isinstance(audited.scoped, ScopedCommand):
            said = outcome if outcome is not None else self.start(audited.scoped).result()
            return self._observer.observe_output(item, said, plan, known_digest=known, keep_content=keep_content)
        return self._observer.observe(item, plan, known_digest=known, keep_content=keep_content)

    def _reading_plan(self, audited: Audited, *, keep_content: bool) -> ReadingPlan:
        scoped = audited.scoped
        wants_settings = bool(audited.terms.rules) or keep_content
        return ReadingPlan(
            attributes=() if isinstance(scoped, ScopedCommand) else scoped.pattern.attributes,
            content=scoped.pattern.content,
            format=scoped.pattern.format,
            max_bytes=scoped.pattern.max_bytes,
            secret_queries=audited.secrets,
            wants_settings=wants_settings,
            wants_digest=wants_settings or self._is_compared(audited),
        )

    def _is_compared(self, audited: Audited) -> bool:
        return audited.terms.needs_approval and self.approvals.approved(audited.baseline)

    def _known_digest(self, audited: Audited, item: str) -> str | None:
        try:
            approved = self.approvals.item(audited.baseline, item)
        except ApprovedCorrupt:
            return None  # the judge says so
        return approved.digest if approved else None

    # --- everything

    def audit(self, baselines: set[str] | None = None, each: Callable[[Examined], None] | None = None) -> AuditResult:
        """Look at everything once, keeping nothing: what `check` does. `baselines`: only items these own."""
        result = AuditResult()
        for examined in self.everything(result, baselines=baselines):
            if baselines is not None and examined.audited.baseline not in baselines:
                continue
            if not (examined.observed.exists or examined.observed.gap or examined.drift):
                continue
            if each is not None:
                each(examined)
            result.coverage.items += 1
            result.coverage.compared += not examined.verdict.gaps
            result.coverage.gaps.extend(examined.verdict.gaps)
            if TOO_LARGE in examined.observed.notes:
                result.coverage.notes.append((examined.item, TOO_LARGE))
            if examined.drift is not None:
                result.drifts.append(examined.drift)
        result.drifts.sort(key=lambda drift: (-drift.severity, drift.item))
        return result

    def everything(
        self,
        result: AuditResult,
        *,
        keep_content: bool = False,
        baselines: set[str] | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
    ) -> Iterator[Examined]:
        """Examine every item that is there or should be; `result` takes the places that could not be looked into.

        Commands come last. Those of `baselines` are run meanwhile, unless `outcomes` says what they said.
        """
        running = self.started(baselines) if outcomes is None else {}
        yield from self._files(result, keep_content=keep_content)
        said = outcomes if outcomes is not None else {item: one.result() for item, one in running.items()}
        for item, outcome in said.items():
            if examined := self.examine(item, keep_content=keep_content, outcome=outcome):
                yield examined

    def _files(self, result: AuditResult, *, keep_content: bool) -> Iterator[Examined]:
        seen = set(self.scope.commands)
        for found in self.found():
            if found.gap is not None:
                result.coverage.gaps.append(found.gap)
                continue
            seen.add(found.item)
            if self.scope.ignored(found.item) is not None:
                result.coverage.ignored += 1
            elif examined := self.examine(found.item, matches=found.matches, keep_content=keep_content):
                yield examined
        for item in self.expected():
            if item not in seen:
                seen.add(item)
                if examined := self.examine(item, keep_content=keep_content):
                    yield examined

    # --- commands

    def start(self, command: ScopedCommand) -> Future[Outcome]:
        """Have a command run, beside what the caller does meanwhile; a gap at once where commands are not run."""
        if self._commands is not None:
            return self._commands.start(command.plan)
        never: Future[Outcome] = Future()
        never.set_result(CommandError(COMMAND_NOT_RUN, "what is audited is not this machine, so no command is run"))
        return never

    def started(self, baselines: set[str] | None = None, items: Collection[str] = ()) -> dict[str, Future[Outcome]]:
        """Have the commands of some baselines (None: of all) and some others run, and return what they will say."""
        return {
            item: self.start(command)
            for item, command in self.scope.commands.items()
            if baselines is None or command.baseline.definition.name in baselines or item in items
        }
