"""Snapshots: the state that the events up to one of them made, in a file beside the journal, so that they may be pruned.

A snapshot counts once a `journal-checkpoint` event behind it names its digest: what stands in it is then as well proved as
the event. One that no event names was never finished, and one whose bytes are others is damaged: both are passed over.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from driftd.model.document import Json
from driftd.model.event import Event, namespace
from driftd.store.errors import translated
from driftd.store.files import fsync_directory, write_all
from driftd.store.known import (
    AuditDone,
    BaselineStands,
    CompletedAudit,
    Delivered,
    DriftStands,
    GapStands,
    GroupStands,
    KnownBaseline,
    KnownGap,
    KnownGroup,
    OpenDrift,
    Pruned,
    Started,
    StateChange,
)

SCHEMA: Final = "driftd/snapshot/1"
_NAME: Final = re.compile(r"(\d{20})\.snapshot")
_LINES_A_STEP: Final = 200
_SYNC_EVERY: Final = 4 * 1024 * 1024
"""Bytes that one step may have to wait for."""
_KINDS: Final[dict[str, Any]] = {
    "drift": lambda told: DriftStands(OpenDrift(**told), opened=True),
    "group": lambda told: GroupStands(KnownGroup(**told)),
    "gap": lambda told: GapStands(KnownGap(**told)),
    "baseline": lambda told: BaselineStands(KnownBaseline(**told)),
    "audit": lambda told: AuditDone(CompletedAudit(**told)),
    "output": lambda told: Delivered(**told),
    "started": lambda told: Started(**told),
    "pruned": lambda told: Pruned(**told),
}


class DamagedSnapshotError(ValueError):
    """A snapshot does not hold what it should."""


@dataclass(frozen=True, slots=True)
class Named:
    """What an event says about a snapshot."""

    sequence: int
    """Of the last event whose effects it holds."""
    chain: str
    sha256: str

    def to_json(self) -> dict[str, Json]:
        """Return the shape in which a checkpoint names it."""
        return asdict(self)


def named_in(event: Event) -> Named | None:
    """Return the snapshot that a checkpoint names."""
    match namespace(event).get("checkpoint"):
        case {"snapshot": {"sequence": int(sequence), "chain": str(chain), "sha256": str(digest)}}:
            return Named(sequence, chain, digest)
        case _:
            return None


def path_of(directory: Path, sequence: int) -> Path:
    """Return where the snapshot of the state after an event stands."""
    return directory / f"{sequence:020d}.snapshot"


def snapshots(directory: Path) -> list[tuple[int, Path]]:
    """Return the snapshots that are there with their sequences, the latest first."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(
        ((int(found[1]), directory / name) for name in names if (found := _NAME.fullmatch(name))), reverse=True
    )


class SnapshotWriter:
    """Writes a snapshot in steps; it stands in its place, whole and on disk, or not at all."""

    def __init__(self, directory: Path, sequence: int, chain: str) -> None:
        self.path = path_of(directory, sequence)
        self._sequence = sequence
        self._chain = chain
        self._digest = hashlib.sha256()
        self._unsynced = 0

    @property
    def named(self) -> Named:
        """What the checkpoint has to say about it, once it is written."""
        return Named(self._sequence, self._chain, f"sha256:{self._digest.hexdigest()}")

    def write(self, changes: Iterable[StateChange]) -> Iterator[None]:
        """Write what makes the state, yielding between steps; closing the iterator early leaves nothing."""
        unfinished = self.path.with_name(f"{self.path.name}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with translated(self.path, "write a snapshot of the state"):
            descriptor = os.open(unfinished, flags, 0o600)
            try:
                yield from self._lines(descriptor, changes)
                os.fsync(descriptor)
                os.rename(unfinished, self.path)
                fsync_directory(self.path.parent)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
            finally:
                os.close(descriptor)

    def _lines(self, descriptor: int, changes: Iterable[StateChange]) -> Iterator[None]:
        self._put(descriptor, [{"schema": SCHEMA, "sequence": self._sequence, "chain": self._chain}])
        pending: list[object] = []
        count = 0
        for change in changes:
            count += 1
            pending.append(_told(change))
            if len(pending) == _LINES_A_STEP:
                self._put(descriptor, pending)
                pending = []
                yield
        self._put(descriptor, [*pending, {"end": count}])

    def _put(self, descriptor: int, told: list[object]) -> None:
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in told)
        self._digest.update(data)
        write_all(descriptor, data)
        self._unsynced += len(data)
        if self._unsynced > _SYNC_EVERY:
            os.fdatasync(descriptor)
            self._unsynced = 0


def _told(change: StateChange) -> object:
    match change:
        case DriftStands(drift):
            return {"drift": drift}
        case GroupStands(group):
            return {"group": group}
        case GapStands(gap):
            return {"gap": gap}
        case BaselineStands(baseline):
            return {"baseline": baseline}
        case AuditDone(audit):
            return {"audit": audit}
        case Delivered():
            return {"output": change}
        case Started():
            return {"started": change}
        case Pruned():
            return {"pruned": change}
        case _:
            raise TypeError(f"{change} is no part of a state")  # what ends is not there


def matches(path: Path, named: Named) -> Generator[None, None, bool]:
    """Say, in steps, whether the file is there and has the digest that the checkpoint names."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(1024 * 1024):
                digest.update(data)
                yield
    except OSError:
        return False
    return named.sha256 == f"sha256:{digest.hexdigest()}"


def is_as_named(path: Path, named: Named) -> bool:
    """Whether the file is there and has the digest that the checkpoint names."""
    steps = matches(path, named)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return bool(done.value)


def read_snapshot(path: Path) -> Iterator[StateChange]:
    """Yield what makes the state, in bounded memory; DamagedSnapshotError where the file is not what was written."""
    with translated(path, "read a snapshot of the state"), path.open("rb") as file:
        head = _decoded(file.readline())
        if head.get("schema") != SCHEMA:
            raise DamagedSnapshotError(f"{path}: not a snapshot that this version reads")
        for count, line in enumerate(file):
            told = _decoded(line)
            if "end" in told:
                if told["end"] != count:
                    raise DamagedSnapshotError(f"{path}: {count} of {told['end']} lines")
                return
            yield _change(told)
    raise DamagedSnapshotError(f"{path}: it has no end")


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DamagedSnapshotError(f"a line that is not JSON: {error}") from error
    if not isinstance(told, dict):
        raise DamagedSnapshotError("a line that says nothing")
    return told


def _change(told: dict[str, Any]) -> StateChange:
    ((kind, body),) = told.items()
    try:
        change: StateChange = _KINDS[kind](body)
    except (KeyError, TypeError) as error:
        raise DamagedSnapshotError(f"a line of another version: {kind}") from error
    return change
