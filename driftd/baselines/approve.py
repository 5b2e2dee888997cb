"""Making a state the approved one: what would be written, as a value; then written so that a crash leaves no doubt.

New item files are first made in `.approving/`, then the manifest is replaced, then the files are put in their places.
The manifest is the one moment of change: before it the old state is whole, after it the new one, wherever its files
stand, because each is found by its digest.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from driftd.baselines import tree
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.digests import ABSENT, ItemDigests, digests_of
from driftd.baselines.history import History
from driftd.baselines.item_files import FOLDER, item_file
from driftd.baselines.layer import HOSTS, MANIFEST, PENDING, CorruptError, Layer, digest_of, pending_name, read_layer
from driftd.durable import sync_file_system
from driftd.model.approved import ApprovedItem, Manifest, canonical_json
from driftd.model.item import Gap

_FILE_MODE = 0o640  # settings of files that not everybody can read
_DIRECTORY_MODE = 0o750
_MANY = 64
"""From so many files on, one sync of everything is cheaper than one each."""


class ApprovalError(Exception):
    """An approval was not written; `committed`: it was, and only tidying up failed."""

    def __init__(self, message: str, *, committed: bool = False) -> None:
        super().__init__(message)
        self.committed = committed


@dataclass(frozen=True, slots=True)
class Author:
    """Who proposes an approval, when and why. Recorded, not proved."""

    by: str
    at: str
    reason: str = ""
    ticket: str | None = None


class Files(Protocol):
    """Items with the content of their approved files, None: it is gone. Gone through as often as one likes, never all in memory."""

    def __len__(self) -> int:
        """How many items there are."""

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        """Return a way through them, each item once."""


@dataclass(frozen=True, slots=True)
class Writes:
    """The item files that an approval writes: those of `files` that are there, without some."""

    files: Files = ()
    without: frozenset[str] = frozenset()
    count: int = 0

    def __len__(self) -> int:
        """How many files that is."""
        return self.count

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Yield each item with the content of its file."""
        for item, content in self.files:
            if content is not None and item not in self.without:
                yield item, content


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an approval would write in one layer of a baseline."""

    host: str | None
    """Whose layer; None: the shared one."""
    before: Manifest | None
    before_digest: str | None
    after: Manifest
    changed: bool
    """Whether there is anything to approve."""
    writes: Writes = Writes()
    deletes: tuple[str, ...] = ()

    @property
    def is_large(self) -> bool:
        """Whether so many files are concerned that one sync of everything is cheaper than one each."""
        return len(self.writes) + len(self.deletes) >= _MANY

    def layer_directory(self, directory: Path) -> Path:
        """Where the layer stands below the baseline's directory."""
        return directory if self.host is None else directory / HOSTS / self.host


def prepare(
    layers: ApprovedLayers, observed: Mapping[str, ApprovedItem | None], author: Author, *, shared: bool = False
) -> Proposal:
    """Return what approving these items writes; see `propose`."""
    files = [
        (item, None if approved is None else canonical_json(approved.to_json())) for item, approved in observed.items()
    ]
    return propose(layers, files, author, shared=shared)


def propose(layers: ApprovedLayers, files: Files, author: Author, *, shared: bool = False) -> Proposal:
    """Return what approving these files writes in the host's layer, or the shared one.

    An item that equals the shared layer's needs no override; one whose approved file cannot be believed is written anew.
    Raises ApprovalError where a manifest is corrupt.
    """
    layer = sound(layers, shared=shared)
    revising = Revising(layers, layer)
    items = digests_of(layer.items).revised(_changes(layers, files, revising, {} if shared else layers.shared.items))
    return revising.proposal(items, files, author)


def _changes(
    layers: ApprovedLayers, files: Files, revising: Revising, beneath: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    """Yield the digest that each item has from now on, None where the layer beneath says the same."""
    for item, content in files:
        digest = ABSENT if content is None else digest_of(content)
        known = digest in (revising.before(item), beneath.get(item))
        believed = content is None or not known or _is_believed(layers, item)
        wanted = None if believed and digest == beneath.get(item, ABSENT) else digest
        revising.take(item, wanted, believed=believed)
        yield item, wanted


def _is_believed(layers: ApprovedLayers, item: str) -> bool:
    return item not in layers.corrupt and not isinstance(layers.get(item), Gap)


def prepare_undo(
    layers: ApprovedLayers, revision: int, history: History, author: Author, *, shared: bool = False
) -> Proposal:
    """Return a new revision with the contents of an earlier one; RevisionMissingError where they are not kept."""
    layer = sound(layers, shared=shared)
    earlier = history.revision(layer, revision)
    earlier.check()
    revising, items = Revising(layers, layer), digests_of(earlier.manifest.items)
    for item, digest in items.pairs():
        revising.take(item, digest, believed=item not in layers.corrupt)
    for item in layer.items:
        if item not in items:
            revising.take(item, None)
    return revising.proposal(items, earlier, author)


class Revising:
    """What a layer's next revision writes and removes, found out item by item."""

    def __init__(self, layers: ApprovedLayers, layer: Layer) -> None:
        self._layers = layers
        self._layer = layer
        self._changed = False
        self._unwritten: set[str] = set()
        self._written = 0
        self._deletes: list[str] = []

    def before(self, item: str) -> str | None:
        """Return the digest that an item has so far."""
        return self._layer.items.get(item)

    def take(self, item: str, digest: str | None, *, believed: bool = True) -> None:
        """Take up the digest that an item has from now on; not `believed`: its file is damaged, and has to be written anyway."""
        before = self.before(item)
        self._changed = self._changed or digest != before
        if digest is None or digest == ABSENT:
            if before is not None and before != ABSENT:
                self._deletes.append(item)
            self._unwritten.add(item)
        elif digest == before and believed:
            self._unwritten.add(item)
        else:
            self._written += 1

    def proposal(self, items: ItemDigests, files: Files, author: Author) -> Proposal:
        """Return what makes these the layer's items; `files`: those that were taken up, with the contents of what is written."""
        layer, layers = self._layer, self._layers
        revision = layer.manifest.revision + 1 if layer.manifest else 1
        after = Manifest(revision, items, layer.digest, author.by, author.at, author.reason, author.ticket)
        host = None if layer is layers.shared else layers.host_name
        changed = self._changed or self._written > 0
        writes = Writes(files, frozenset(self._unwritten), self._written)
        return Proposal(host, layer.manifest, layer.digest, after, changed, writes, tuple(self._deletes))


def write(proposal: Proposal, directory: Path, history: History) -> str:
    """Write a proposal below the baseline's directory; return the digest of the new manifest.

    Raises ApprovalError and leaves what was approved before, where somebody else approved meanwhile or the disk
    refuses. What an interrupted approval left behind is put in order first.
    """
    place = proposal.layer_directory(directory)
    committed = False
    try:
        with _opened(directory, proposal) as base:
            layer = _locked(base, place, proposal)
            _tidy(base, layer, interrupted=True)
            _keep(layer, proposal, history)
            digest = _stage(base, proposal)
            os.replace(f"{PENDING}/{MANIFEST}", MANIFEST, src_dir_fd=base, dst_dir_fd=base)
            committed = True
            os.fsync(base)
            for item in proposal.deletes:
                tree.remove(base, item_file(item))
            _tidy(base, Layer(place, proposal.after))
    except OSError as refused:
        said = f"revision {proposal.after.revision} is approved, its files wait in {PENDING}"
        message = f"{place}: {said if committed else 'nothing was approved'}: {refused.strerror}"
        raise ApprovalError(message, committed=committed) from refused
    return digest


def proposer(login_uid: str | None, sudo_user: str | None, uid: int, user_name: Callable[[int], str | None]) -> str:
    """Return who approves: the one who logged in, else who called sudo, else who runs the command.

    `login_uid` is the text of /proc/self/loginuid; 4294967295 means that nobody logged in.
    """
    if login_uid is not None and login_uid.strip().isdecimal() and login_uid.strip() != "4294967295":
        logged_in = int(login_uid)
        return user_name(logged_in) or str(logged_in)
    return sudo_user or user_name(uid) or str(uid)


def sound(layers: ApprovedLayers, *, shared: bool) -> Layer:
    """Return the layer to be written; ApprovalError where a manifest is corrupt."""
    if layers.problems:
        raise ApprovalError(str(layers.problems[0]))
    return layers.shared if shared else layers.host


@contextmanager
def _opened(directory: Path, proposal: Proposal) -> Iterator[int]:
    """Open the layer's directory, made durably where it is the first approval."""
    names = (HOSTS, proposal.host) if proposal.host is not None else ()
    with tree.top(directory) as base, tree.below(base, names, mode=_DIRECTORY_MODE) as layer:
        if proposal.before is None:
            for depth in range(len(names)):
                with tree.below(base, names[:depth]) as above:
                    os.fsync(above)
        yield layer


def _locked(base: int, place: Path, proposal: Proposal) -> Layer:
    """Return the layer as it is on disk, held against other approvals; refuse if it is not the proposal's."""
    try:
        fcntl.flock(base, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ApprovalError(f"{place}: another approval is being written; try again") from None
    layer = read_layer(place)
    if layer.digest != proposal.before_digest or layer.problem:
        now = f"revision {layer.manifest.revision} by {layer.manifest.by}" if layer.manifest else "another state"
        raise ApprovalError(f"{place}: {now} was approved meanwhile; look at it and approve again")
    return layer


def _keep(layer: Layer, proposal: Proposal, history: History) -> None:
    """Store the manifest that is replaced, and the item files that are."""
    if layer.manifest is None:
        return
    history.keep(_replaced(layer, proposal), sync=not proposal.is_large)
    with tree.top(layer.directory) as base:
        history.keep([tree.read(base, (MANIFEST,))[0]], sync=not proposal.is_large)
    if proposal.is_large:
        history.flush()


def _replaced(layer: Layer, proposal: Proposal) -> Iterator[bytes]:
    """Yield the contents of the item files that an approval replaces or removes, as far as they can be believed."""
    for item in chain((item for item, _ in proposal.writes), proposal.deletes):
        if layer.items.get(item, ABSENT) != ABSENT and (content := _intact(layer, item)) is not None:
            yield content


def _intact(layer: Layer, item: str) -> bytes | None:
    try:
        return layer.content(item)
    except CorruptError:
        return None  # there is nothing to keep: this approval is what repairs it


def _stage(base: int, proposal: Proposal) -> str:
    """Make all new files durable beside the layer, where no reader believes them yet; return the manifest's digest."""
    with tree.below(base, (PENDING,), mode=_DIRECTORY_MODE) as pending:
        for item, content in proposal.writes:
            name = pending_name(item, proposal.after.items[item])
            tree.write(pending, name, [content], mode=_FILE_MODE, sync=not proposal.is_large)
        if proposal.is_large:
            sync_file_system(pending)
        digest = hashlib.sha256()
        manifest = _digested(proposal.after.canonical(), digest.update)
        tree.write(pending, MANIFEST, manifest, mode=_FILE_MODE)
        os.fsync(pending)
    return f"sha256:{digest.hexdigest()}"


def _digested(pieces: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        update(piece)
        yield piece


def _tidy(base: int, layer: Layer, *, interrupted: bool = False) -> None:
    """Put the files of the manifest that still wait in their places, and remove what no manifest names."""
    try:
        with tree.below(base, (PENDING,)) as pending:
            waiting = set(os.listdir(pending))
            _place(base, pending, layer, waiting)
            if interrupted:
                _sweep(base, layer)
            for name in waiting:
                os.unlink(name, dir_fd=pending)
        os.rmdir(PENDING, dir_fd=base)
    except FileNotFoundError:
        return  # nothing was interrupted


def _place(base: int, pending: int, layer: Layer, waiting: set[str]) -> None:
    """Move waiting files to their places; what remains in `waiting` belongs to no approval."""
    touched: set[tuple[str, ...]] = set()
    with tree.Folders(base, mode=_DIRECTORY_MODE) as folders:
        for item, digest in digests_of(layer.items).pairs() if waiting else ():
            name = pending_name(item, digest)
            if name not in waiting:
                continue
            waiting.remove(name)
            *above, file = item_file(item)
            os.replace(name, file, src_dir_fd=pending, dst_dir_fd=folders.open(above))
            touched.add(tuple(above))
    _settle(base, touched)


def _sweep(base: int, layer: Layer) -> None:
    """Remove item files that an interrupted approval did not come to remove."""
    named = {hash(item_file(item)) for item in layer.items}  # many names would take much room
    stale = []
    with suppress(FileNotFoundError):
        for folder, _, files, _ in os.fwalk(FOLDER, dir_fd=base, follow_symlinks=False):
            above = folder.split("/")
            stale += [names for file in files if file.endswith(".json") and hash(names := (*above, file)) not in named]
    for names in stale:
        tree.remove(base, names)


def _settle(base: int, folders: set[tuple[str, ...]]) -> None:
    if len(folders) >= _MANY:
        sync_file_system(base)
        return
    for folder in folders:
        with tree.below(base, folder) as directory:
            os.fsync(directory)
