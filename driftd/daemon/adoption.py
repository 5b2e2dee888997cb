"""Adopting what was approved: the engine takes over the manifests that stand in the baseline directories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Generator, Iterable, Iterator

from driftd.baselines.approved import ApprovedLayers
from driftd.daemon import events
from driftd.daemon.engine import Engine
from driftd.daemon.memory import Memory
from driftd.daemon.peers import Peer
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.model.item import Gap
from driftd.settings.trust import Trust
from driftd.store.database import Database


class Concerned(Container[object]):
    """The items that an approval concerns: those whose approved state is another one, and those that are drifted."""

    def __init__(self, before: ApprovedLayers, after: ApprovedLayers, memory: Memory, baseline: str) -> None:
        self._before = before
        self._after = after
        self._memory = memory
        self._baseline = baseline
        self._drifted = frozenset(memory.drifts.of_baseline(baseline))

    def __contains__(self, item: object) -> bool:
        return isinstance(item, str) and (self._is_changed(item) or item in self._drifted)

    def items(self) -> Iterator[str]:
        """Yield them without having them all in memory, some of them twice perhaps; each is looked at before the next."""
        yield from self._before.differing(self._after)
        if not self._before.approved:
            yield from [item for item in self._waiting if self._after.digest(item) is None]
        yield from self._memory.drifts.of_baseline(self._baseline)  # what stands open still

    @property
    def _waiting(self) -> Collection[str]:
        return self._memory.unapproved.get(self._baseline, ())

    def _is_changed(self, item: str) -> bool:
        if self._before.digest(item) != self._after.digest(item):
            return True
        return not self._before.approved and item in self._waiting


class Adoption:
    """Keeps the engine's approvals in step with the files."""

    def __init__(self, engine: Engine, host_name: str, trust: Trust) -> None:
        self._engine = engine
        self._host_name = host_name
        self._trust = trust
        self._withheld: dict[str, Gap] = {}
        """Baseline -> why what stands on disk is not taken over; under no name: why nothing is."""
        self.make_way: Callable[[], None] = lambda: None
        """Called before something is taken over that nobody asked for: an audit must not go by what is half taken over."""

    def use(self, host_name: str, trust: Trust) -> None:
        """Go on for settings that were read again, whole."""
        self._host_name, self._trust = host_name, trust
        self._withheld.clear()
        self._engine.places.withhold(self._withheld)

    def stale(self) -> list[str]:
        """Return the baselines whose manifests on disk are no longer those in use."""
        layers = self._engine.auditor.approvals.layers
        return [name for name, layer in layers.items() if not layer.is_current()]

    def adopting_stale(self) -> Generator[None, None, bool]:
        """Take over, in steps, what was approved on disk behind the engine's back: a pull, another command.

        Return whether something is left that is no whole state yet: it is to be tried again.
        """
        for name in self.stale():
            yield from self.adopting(name)
        yield from self._engine.doubts.settling()
        return bool(self._withheld)

    def wait_for(self, reason: Gap | None) -> None:
        """Say that nothing is taken over, and why; None: that is over."""
        self._withhold("", reason)

    def reconcile(self, former: Iterable[str] = (), elsewhere: Container[str] = ()) -> None:
        """Say what was approved, or taken away, while nobody ran, or by a reload.

        `former`: the baselines until now; `elsewhere`: those that are for other hosts.
        """
        engine = self._engine
        known = {row.name: row for row in engine.store.ask(Database.baselines)}
        for name, layers in engine.auditor.approvals.layers.items():
            row = known.get(name)
            if layers.approved and (row is None or row.sha256 != layers.sha256):
                self._say_approved(name, layers)
                engine.approved_meanwhile.add(name)
            elif row is not None and row.sha256 and not layers.approved:
                self._say_removed(name, "what was approved for it is gone")
        for name in sorted({*known, *former} - engine.auditor.scope.baselines.keys()):
            if name in elsewhere:
                self._say_removed(name, "its labels are not those of this host (applies_to)", Severity.HIGH)
            else:
                self._say_removed(name, "its definition is gone")

    def adopt(self, name: str, asked_by: Peer | None = None) -> None:
        """Read a baseline's manifests again and look at every item that they change; `asked_by`: who wants it."""
        for _ in self.adopting(name, asked_by):
            continue

    def adopting(self, name: str, asked_by: Peer | None = None) -> Iterator[None]:
        """Do the same in steps, so that other work may overtake. What is no whole state leaves the one before in force."""
        engine = self._engine
        before = engine.auditor.approvals.layers[name]
        loaded = engine.auditor.scope.baselines[name]
        after = ApprovedLayers(loaded.directory, self._host_name, self._trust)
        unfit = yield from after.checking(before)
        self._withhold(name, unfit)
        if unfit is not None:
            return
        if asked_by is None:
            self.make_way()
        engine.auditor.approvals.layers[name] = after
        if after.sha256 == before.sha256 and after.approved == before.approved:
            return  # taken over already: it was seen on disk before anybody asked
        if after.approved:
            self._say_approved(name, after, asked_by)
        elif before.approved:
            self._say_removed(name, "what was approved for it is gone")
        concerned = Concerned(before, after, engine.memory, name)
        engine.being_approved = concerned
        try:
            yield from engine.looking(concerned.items(), "approval")
        finally:
            engine.being_approved = ()

    def withheld(self, name: str) -> Gap | None:
        """Return why what stands on disk for a baseline is not taken over; None where it is."""
        return self._withheld.get(name)

    def _withhold(self, name: str, reason: Gap | None) -> None:
        if reason is not None:
            self._withheld[name] = reason
        else:
            self._withheld.pop(name, None)
        self._engine.places.withhold(self._withheld)

    def adopt_quietly(self, name: str) -> None:
        """Read a baseline's manifests again and say so; the items were just looked at."""
        loaded = self._engine.auditor.scope.baselines[name]
        layers = ApprovedLayers(loaded.directory, self._host_name, self._trust)
        self._engine.auditor.approvals.layers[name] = layers
        self._say_approved(name, layers)

    def _say_approved(self, name: str, layers: ApprovedLayers, asked_by: Peer | None = None) -> None:
        engine = self._engine
        manifest = layers.host.manifest or layers.shared.manifest
        words = engine.baseline_words(name)
        driftd: dict[str, Json] = {"baseline": words, "item_count": layers.count}
        if manifest is not None:
            driftd["approval"] = {
                "by": manifest.by,
                "at": manifest.at,
                "reason": manifest.reason,
                "ticket": manifest.ticket,
                "proof": "recorded, not proved",
            }
        if asked_by is not None:
            driftd["asked_by"] = asked_by.to_json()
        said = f" by {manifest.by}: {manifest.reason}" if manifest else ""
        message = f"baseline {name}: revision {layers.revision} approved{said}"
        engine.commit([events.build(engine.stamp(), Action.BASELINE_APPROVED, Severity.INFO, message, driftd)])
        engine.memory.announced[name] = layers.revision

    def _say_removed(self, name: str, why: str, severity: Severity = Severity.CRITICAL) -> None:
        engine = self._engine
        driftd: dict[str, Json] = {"baseline": {"name": name}}
        message = f"baseline {name} removed: {why}"
        engine.commit([events.build(engine.stamp(), Action.BASELINE_REMOVED, severity, message, driftd)])
        engine.memory.announced.pop(name, None)
