"""The one place where settings become objects and the parts are joined."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from driftd import __version__
from driftd.acting import account_of, as_owner_of, as_root, reads_everything
from driftd.approvals import HostApprovals
from driftd.auditor import Auditor
from driftd.baselines.approve import write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.checkout import checkout_in_progress, in_progress
from driftd.baselines.definition import LoadedBaseline, load_defined
from driftd.baselines.history import History
from driftd.baselines.proposal import Proposal
from driftd.baselines.scope import Scope
from driftd.clock import SystemClock
from driftd.daemon.adoption import Adoption
from driftd.daemon.burst import BurstLimits
from driftd.daemon.engine import Engine, Publish
from driftd.daemon.memory import Memory
from driftd.daemon.rereading import DeepReading
from driftd.keyfile import secret_key
from driftd.model.baseline import Rule
from driftd.model.item import Gap, shown_path
from driftd.secrets.fingerprint import SecretKeeper
from driftd.settings.host import HostFacts, host_facts
from driftd.settings.load import load
from driftd.settings.locate import locate
from driftd.settings.problems import ConfigurationError
from driftd.settings.trust import Trust
from driftd.settings.types import Settings
from driftd.sources.command import CommandRunner
from driftd.sources.isolated import IsolatedReader
from driftd.sources.masks import HOST as HOST_MOUNTS
from driftd.sources.mounts import Mounts
from driftd.sources.observe import Observer
from driftd.sources.root import Root
from driftd.store.content import ContentStore
from driftd.store.database import Database, Progress, unheard
from driftd.store.reader import JournalReader
from driftd.store.retention import Limits
from driftd.store.store import Store

log = structlog.get_logger(__name__)

BASELINE_CHANGED = "baseline-changed"
"""Reason of a gap: settings or baselines were written while they were read."""


@dataclass(slots=True)
class Surroundings:
    """What the process was given: the environment, the directory it was started in, who runs it."""

    environment: Mapping[str, str]
    directory: Path
    uid: int
    is_service: bool = False
    """Root, or an account that may read everything: what it believes must be root's alone to write."""
    is_unit: bool = False
    """Started by systemd itself: what hides file systems from this process was no choice of the one who asks."""

    @classmethod
    def of_process(cls) -> Surroundings:
        """Return this process's own."""
        try:
            directory = Path.cwd()
        except FileNotFoundError:
            directory = Path("/")  # it was removed while a shell stood in it
        is_service = os.geteuid() == 0 or reads_everything()
        return cls(os.environ, directory, os.geteuid(), is_service=is_service, is_unit=is_unit(os.environ, os.getpid()))

    def trust(self) -> Trust:
        """Return who may write settings and baselines: root alone for a service, else the invoking user as well."""
        return Trust.service() if self.is_service else Trust.of_user(self.uid)

    def key_trust(self, state: Path) -> Trust:
        """Return who may write the secret key: also the account that the state directory belongs to, which makes it."""
        owner = account_of(state) if self.is_service else None
        return self.trust() if owner is None else self.trust().also(owner.uid)


def is_unit(environment: Mapping[str, str], pid: int) -> bool:
    """Whether a process is the one that systemd started, and no descendant of it. See systemd.exec(5)."""
    if "SYSTEMD_EXEC_PID" in environment:
        return environment["SYSTEMD_EXEC_PID"] == str(pid)
    return "INVOCATION_ID" in environment  # before systemd 248


@dataclass(slots=True)
class Host:
    """A host as its settings describe it, ready to be audited. Nothing is written."""

    file: Path
    settings: Settings
    facts: HostFacts
    root: Root
    keeper: SecretKeeper
    trust: Trust
    baselines: list[LoadedBaseline]
    scope: Scope
    auditor: Auditor
    content: ContentStore
    isolated: IsolatedReader
    commands: CommandRunner | None
    """None where what is audited is not this machine."""
    elsewhere: frozenset[str]
    """Baselines for other hosts."""
    read_as: str
    """Digest of settings and definitions just before they were read."""

    def close(self) -> None:
        """End the child processes."""
        self.isolated.close()
        if self.commands is not None:
            self.commands.close()

    def deep_reading(self) -> DeepReading:
        """Return how deep audits read."""
        rate = self.settings.audit.rate
        return DeepReading(self.keeper.reading_key, float(rate) if rate is not None else None)

    def rules(self) -> dict[str, Rule]:
        """Return every rule by its id, for those who explain a violation."""
        return {rule.id: rule for loaded in self.baselines for rule in loaded.definition.rules}

    def files_digest(self, definitions: str | None = None) -> str:
        """Return a digest of the settings, the secret key and the definitions as they stand on disk now.

        `definitions`: `read_as`, for settings and definitions as they were read.
        """
        key = hashlib.sha256(_content(self.settings.key_file)).hexdigest()
        return (definitions or definitions_digest(self.file, _content(self.file), self.settings)) + key

    def checkout(self) -> Path | None:
        """Return the lock of a checkout of settings or baselines that goes on; None where none does."""
        places = (loaded.directory for loaded in self.baselines)
        return checkout_in_progress([self.file.parent, *self.settings.baselines, *places], self.trust)

    def unsettled(self) -> list[Gap]:
        """Return why what was read of settings and baselines, up to now, may be no state that anybody meant.

        Empty: they are as they were when the first of them was read, and nobody writes them.
        """
        lock = self.checkout()
        gaps = [in_progress(lock)] if lock is not None else []
        changed = definitions_digest(self.file, _content(self.file), self.settings) != self.read_as
        if changed or not all(layers.is_current() for layers in self.auditor.approvals.layers.values()):
            message = "settings or baselines were changed while they were read: look again"
            gaps.append(Gap(shown_path(bytes(self.file)), BASELINE_CHANGED, message))
        return gaps

    def judgement_digest(self) -> str:
        """Return a digest of everything beside the items that judging depends on: another one asks for a deep audit."""
        digest = hashlib.sha256(f"{__version__}\0{self.keeper.key_id}\0{self.facts.id}".encode())
        digest.update(self.root.accounts_digest().encode())
        for loaded in self.baselines:
            layers = self.auditor.approvals.layers[loaded.definition.name]
            digest.update(f"\0{loaded.definition.name}\0{loaded.digest}\0{layers.sha256}".encode())
        return digest.hexdigest()


def definitions_digest(file: Path, content: bytes, settings: Settings) -> str:
    """Return a digest of the definitions that stand on disk now, and of the settings with this content."""
    digest = hashlib.sha256(f"{file}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    places = {child for directory in settings.baselines for child in directory.glob("*/baseline.yaml")}
    places |= {directory / "baseline.yaml" for directory in settings.baselines}
    for place in sorted(places):
        content = _content(place)
        digest.update(f"{place}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def await_checkout(config: str | None, around: Surroundings, patience: float = 5.0) -> None:
    """Return when no checkout of settings or baselines goes on any more, or after so many seconds."""
    until = time.monotonic() + patience
    places = [locate(config, around.environment, around.directory).parent]
    _await_no(places, around.trust(), until)
    _await_no([*settings_of(config, around)[1].baselines, *places], around.trust(), until)


def _await_no(places: list[Path], trust: Trust, until: float) -> None:
    while checkout_in_progress(places, trust) is not None and time.monotonic() < until:
        time.sleep(0.05)


def settings_of(config: str | None, around: Surroundings) -> tuple[Path, Settings]:
    """Return the settings in force and their file; ConfigurationError says everything that is wrong with them."""
    file = locate(config, around.environment, around.directory)
    return file, load(file, trust=around.trust())


def open_host(
    config: str | None,
    around: Surroundings,
    *,
    root: bytes = b"/",
    anonymous: bool = False,
    make_key: bool = False,
    key: bytes | None = None,
) -> Host:
    """Return the host that the settings describe. `make_key`: a missing secret key is made, else one for this run alone.

    `anonymous`: its id is not asked for, as of a tree that is no host. `key`: another one than that of the settings, which
    is about to replace it.
    """
    content = _content(locate(config, around.environment, around.directory))
    file, settings = settings_of(config, around)
    read_as = definitions_digest(file, content, settings)
    trust = around.trust()
    tree = Root(root)
    facts, problems = host_facts(
        settings.host,
        lambda path: tree.read_small(path.encode(), 4096),
        socket.gethostname(),
        file=str(file),
        with_id=not anonymous,
        root="" if tree.is_machine else shown_path(root),
    )
    if problems:
        raise ConfigurationError(problems)
    baselines, elsewhere = load_defined(settings.baselines, facts.labels, trust)
    if key is None:
        with as_owner_of(settings.state):
            key = secret_key(settings.key_file, around.key_trust(settings.state), make=make_key)
    keeper = SecretKeeper(key)
    mounts = Mounts(host=HOST_MOUNTS if around.is_unit and tree.is_machine else None)
    return _assemble(file, settings, facts, tree, mounts, keeper, trust, baselines, elsewhere, read_as)


def closed_to_commands(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Return what is driftd's own and no business of a command that runs as driftd's user: state, secret key, credentials."""
    places = [str(settings.state), str(settings.key_file), environment.get("CREDENTIALS_DIRECTORY", "")]
    return [place for place in places if place]


def _assemble(
    file: Path,
    settings: Settings,
    facts: HostFacts,
    tree: Root,
    mounts: Mounts,
    keeper: SecretKeeper,
    trust: Trust,
    baselines: list[LoadedBaseline],
    elsewhere: frozenset[str],
    read_as: str,
) -> Host:
    scope = Scope(baselines, keeper.key_id)

    def report(damage: str) -> None:
        log.error("content of an approved item is damaged", damage=damage)

    content = ContentStore(settings.state / "content", keeper.digest, report)
    layers = {loaded.definition.name: ApprovedLayers(loaded.directory, facts.name, trust) for loaded in baselines}
    approvals = HostApprovals(layers, content, keeper, scope)
    isolated = IsolatedReader()
    observer = Observer(tree, keeper, isolated, mounts)
    commands = CommandRunner(closed=closed_to_commands(settings, os.environ)) if tree.is_machine else None
    auditor = Auditor(
        tree, scope, approvals, observer, facts.id or "", mounts=mounts, isolated=isolated, commands=commands
    )
    parts = (tree, keeper, trust, baselines, scope, auditor, content, isolated, commands)
    return Host(file, settings, facts, *parts, elsewhere, read_as)


@dataclass(slots=True)
class Workplace:
    """A host with its state open for writing: the lock is held until `close`."""

    host: Host
    engine: Engine
    adoption: Adoption
    acting: ExitStack

    def use(self, fresh: Host) -> None:
        """Go on for the host as it is described now."""
        self.host = fresh
        self.engine.auditor, self.engine.host = fresh.auditor, fresh.facts
        self.engine.sweeps.deep = fresh.deep_reading()
        self.engine.grouping.use(burst_limits(fresh.settings))
        self.engine.store.keep(limits_of(fresh.settings))
        self.adoption.use(fresh.facts.name, fresh.trust)

    def close(self) -> None:
        """Give everything back."""
        self.engine.store.close()
        self.host.close()
        self.acting.close()

    def finish(self) -> None:
        """Record what is still to be said, and what no event carries."""
        self.engine.summing.sum_up(last=True)
        self.engine.store.attempt(self.engine.memory.save)


def limits_of(settings: Settings) -> Limits:
    """Return within which limits the journal is to be kept."""
    return Limits(timedelta(seconds=float(settings.journal.keep)), int(settings.journal.max_size))


def burst_limits(settings: Settings) -> BurstLimits:
    """Return how many drifts are told one by one."""
    return BurstLimits(alone=settings.grouping.alone, urgent=settings.grouping.urgent)


def open_workplace(host: Host, command: str, publish: Publish, progress: Progress = unheard) -> Workplace:
    """Take the state directory; StateHeldError names who holds it, StoreError what is wrong with it.

    `progress` is called now and then while the state is made again from the journal. From now until the workplace is
    closed, root acts as the owner of that directory.
    """
    clock = SystemClock()
    with ExitStack() as acting:
        acting.enter_context(as_owner_of(host.settings.state))
        store = Store.open(host.settings.state, clock, command, limits_of(host.settings), progress)
        kept = acting.pop_all()
    limits = burst_limits(host.settings)
    engine = Engine(host.auditor, host.facts, store, clock, os.urandom, publish, limits)
    engine.sweeps.deep = host.deep_reading()
    return Workplace(host, engine, Adoption(engine, host.facts.name, host.trust), kept)


def commit(host: Host, name: str, proposal: Proposal) -> None:
    """Write what is proposed into its baseline, as root where that is us; what it replaces is kept for an undo."""
    state = host.settings.state
    with as_root():
        write(proposal, host.scope.baselines[name].directory, History(state / "revisions", lambda: as_owner_of(state)))


@contextmanager
def open_view(host: Host) -> Iterator[tuple[Memory, Database]]:
    """Yield what the state says now, changing nothing: beside a daemon, or where none runs."""
    database = Database.open_read_only(host.settings.state, JournalReader(host.settings.state / "journal"))
    try:
        memory = Memory.load(database)
        waiting = {name for name, layers in host.auditor.approvals.layers.items() if not layers.approved}
        for item in memory.remembered if waiting else ():
            audited = host.scope.audited(item)
            if audited is not None and audited.baseline in waiting and audited.terms.needs_approval:
                memory.await_approval(audited.baseline, item, waiting=True)
        yield memory, database
    finally:
        database.close()
