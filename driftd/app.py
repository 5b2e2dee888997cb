"""The one place where settings become objects and the parts are joined."""

from __future__ import annotations

import os
import secrets as random
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from driftd.auditor import Auditor, HostApprovals
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.definition import LoadedBaseline, load_baselines
from driftd.baselines.scope import Scope
from driftd.clock import SystemClock
from driftd.daemon.adoption import Adoption
from driftd.daemon.engine import Engine, Publish
from driftd.secrets.fingerprint import SecretKeeper
from driftd.settings.host import HostFacts, host_facts
from driftd.settings.load import load
from driftd.settings.locate import locate
from driftd.settings.problems import ConfigProblem, ConfigurationError
from driftd.settings.trust import Trust
from driftd.settings.types import Settings
from driftd.sources.isolated import IsolatedReader
from driftd.sources.mounts import Mounts
from driftd.sources.observe import Observer
from driftd.sources.root import Root
from driftd.store.content import ContentStore
from driftd.store.database import Database
from driftd.store.journal import Journal
from driftd.store.lock import StateLock
from driftd.store.reader import JournalReader

KEY_BYTES = 32


@dataclass(slots=True)
class Surroundings:
    """What the process was given: the environment, the directory it was started in, who runs it."""

    environment: Mapping[str, str]
    directory: Path
    uid: int

    @classmethod
    def of_process(cls) -> Surroundings:
        """Return this process's own."""
        return cls(os.environ, Path.cwd(), os.geteuid())

    def trust(self) -> Trust:
        """Return who may write settings and baselines: root alone for a service, else the invoking user as well."""
        return Trust.service() if self.uid == 0 else Trust.of_user(self.uid)


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

    def close(self) -> None:
        """End the child process."""
        self.isolated.close()


def settings_of(config: str | None, around: Surroundings) -> tuple[Path, Settings]:
    """Return the settings in force and their file; ConfigurationError says everything that is wrong with them."""
    file = locate(config, around.environment, around.directory)
    return file, load(file, trust=around.trust())


def open_host(
    config: str | None, around: Surroundings, *, root: bytes = b"/", make_key: bool = False
) -> Host:
    """Return the host that the settings describe. `make_key`: a missing secret key is made, else one for this run alone."""
    file, settings = settings_of(config, around)
    trust = around.trust()
    tree = Root(root)
    facts, problems = host_facts(
        settings.host,
        lambda path: tree.read_small(path.encode(), 4096),
        socket.gethostname(),
        file=str(file),
        with_id=tree.is_machine,
    )
    if problems:
        raise ConfigurationError(problems)
    baselines = load_baselines(settings.baselines, facts.labels, trust)
    keeper = SecretKeeper(secret_key(settings.key_file, trust, make=make_key))
    return _assemble(file, settings, facts, tree, keeper, trust, baselines)


def _assemble(
    file: Path,
    settings: Settings,
    facts: HostFacts,
    tree: Root,
    keeper: SecretKeeper,
    trust: Trust,
    baselines: list[LoadedBaseline],
) -> Host:
    scope = Scope(baselines, keeper.key_id)
    content = ContentStore(settings.state / "content", keeper)
    layers = {
        loaded.definition.name: ApprovedLayers(loaded.directory, facts.name, trust)
        for loaded in baselines
    }
    approvals = HostApprovals(layers, content, keeper, scope)
    isolated, mounts = IsolatedReader(), Mounts()
    observer = Observer(tree, keeper, isolated, mounts)
    auditor = Auditor(tree, scope, approvals, observer, facts.id or "", mounts=mounts, isolated=isolated)
    return Host(file, settings, facts, tree, keeper, trust, baselines, scope, auditor, content, isolated)


def secret_key(file: Path, trust: Trust, *, make: bool) -> bytes:
    """Return the key that secrets are fingerprinted with; ConfigurationError where it is there and cannot be used."""
    problems = trust.check_secret(file) if file.exists() else []
    if problems:
        raise ConfigurationError(problems)
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        return _made_key(file) if make else random.token_bytes(KEY_BYTES)
    except PermissionError:
        return random.token_bytes(KEY_BYTES)  # values masked with the real one will be gaps, not drifts
    except OSError as error:
        raise ConfigurationError([ConfigProblem(str(file), None, f"cannot be read: {error.strerror}")]) from error
    if len(key) < 16:
        raise ConfigurationError([ConfigProblem(str(file), None, "is too short to be a key: 32 random bytes")])
    return key


def _made_key(file: Path) -> bytes:
    key = random.token_bytes(KEY_BYTES)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(key)
            out.flush()
            os.fsync(descriptor)
    except OSError as error:
        message = f"cannot be made: {error.strerror}"
        raise ConfigurationError([ConfigProblem(str(file), None, message, "make the directory writable")]) from error
    return key


@dataclass(slots=True)
class Workplace:
    """A host with its state open for writing: the lock is held until `close`."""

    host: Host
    lock: StateLock
    engine: Engine
    adoption: Adoption
    notices: Sequence[str]

    def close(self) -> None:
        """Give everything back."""
        with suppress(Exception):  # closing an already failing store must not hide why it failed
            self.engine.memory.save(self.engine.database)
        self.engine.database.close()
        self.engine.journal.close()
        self.lock.release()
        self.host.close()


def open_workplace(host: Host, command: str, publish: Publish, random_bytes: Callable[[int], bytes]) -> Workplace:
    """Take the state directory; StateHeldError names who holds it, StoreError what is wrong with it."""
    state = host.settings.state
    lock = StateLock(state)
    lock.acquire(command)
    try:
        clock = SystemClock()
        journal = Journal(state / "journal", clock)
        damage = journal.open()
        database = Database.open(state, journal, clock)
        journal.resume_after(database.lost_through)
        engine = Engine(host.auditor, host.facts, journal, database, clock, random_bytes, publish)
        adoption = Adoption(engine, host.facts.name, host.trust)
    except BaseException:
        lock.release()
        raise
    said = [*map(str, damage), *(notice.message for notice in database.notices)]
    database.notices.clear()
    return Workplace(host, lock, engine, adoption, said)




@contextmanager
def open_view(host: Host) -> Iterator[Engine]:
    """Yield what the state says now, changing nothing: beside a daemon, or where none runs."""
    reader = JournalReader(host.settings.state / "journal")
    database = Database.open_read_only(host.settings.state, reader)
    try:
        yield Engine.viewing(host.auditor, host.facts, database)
    finally:
        database.close()
