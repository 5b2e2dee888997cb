"""The one place where settings become objects and the parts are joined: a host, ready to be audited."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from driftd import __version__
from driftd.acting import as_owner_of, as_root
from driftd.approvals import HostApprovals
from driftd.auditor import Auditor
from driftd.baselines.approve import write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.checkout import checkout_in_progress, in_progress
from driftd.baselines.definition import LoadedBaseline, load_defined
from driftd.baselines.history import History
from driftd.baselines.proposal import Proposal
from driftd.baselines.scope import Scope
from driftd.daemon.rereading import DeepReading
from driftd.keyfile import secret_key
from driftd.model.baseline import Rule
from driftd.model.item import Gap, shown_path
from driftd.secrets.fingerprint import SecretKeeper
from driftd.settings.host import HostFacts, host_facts
from driftd.settings.load import load
from driftd.settings.locate import locate
from driftd.settings.problems import ConfigurationError
from driftd.settings.regular import read_regular
from driftd.settings.trust import Trust
from driftd.settings.types import Settings
from driftd.sources.command import CommandRunner
from driftd.sources.isolated import IsolatedReader
from driftd.sources.masks import HOST as HOST_MOUNTS
from driftd.sources.mounts import Mounts
from driftd.sources.observe import Observer
from driftd.sources.root import Root
from driftd.store.content import ContentStore
from driftd.surroundings import Surroundings

log = structlog.get_logger(__name__)

BASELINE_CHANGED = "baseline-changed"
"""Reason of a gap: settings or baselines were written while they were read."""


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
        return read_regular(file)
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
    return Host(
        file=file,
        settings=settings,
        facts=facts,
        root=tree,
        keeper=keeper,
        trust=trust,
        baselines=baselines,
        scope=scope,
        auditor=auditor,
        content=content,
        isolated=isolated,
        commands=commands,
        elsewhere=elsewhere,
        read_as=read_as,
    )


def commit(host: Host, name: str, proposal: Proposal) -> None:
    """Write what is proposed into its baseline, as root where that is us; what it replaces is kept for an undo."""
    state = host.settings.state
    with as_root():
        write(proposal, host.scope.baselines[name].directory, History(state / "revisions", lambda: as_owner_of(state)))
