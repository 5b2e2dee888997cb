"""Making a state the approved one: what would be written, as a value; then written so that a crash leaves no doubt.

New item files are first made in `.approving/`, then the manifest is replaced, then the files are put in their places.
The manifest is the one moment of change: before it the old state is whole, after it the new one, wherever its files
stand, because each is found by its digest.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from driftd.baselines import tree
from driftd.baselines.approved import HOSTS, ApprovedLayers
from driftd.baselines.digests import ABSENT
from driftd.baselines.history import History
from driftd.baselines.item_files import FOLDER, item_file
from driftd.baselines.layer import MANIFEST, PENDING, CorruptError, Layer, digest_of, pending_name, read_layer
from driftd.model.approved import ApprovedItem, Manifest, canonical_json

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


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an approval would write in one layer of a baseline."""

    host: str | None
    """Whose layer; None: the shared one."""
    before: Manifest | None
    before_digest: str | None
    after: Manifest
    writes: dict[str, bytes] = field(default_factory=dict)
    """Item -> content of its file."""
    deletes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is anything to approve."""
        return bool(self.writes) or self.after.items != (self.before.items if self.before else {})

    def layer_directory(self, directory: Path) -> Path:
        """Where the layer stands below the baseline's directory."""
        return directory if self.host is None else directory / HOSTS / self.host


def prepare(
    layers: ApprovedLayers, observed: Mapping[str, ApprovedItem | None], author: Author, *, shared: bool = False
) -> Proposal:
    """Return what approving these items writes in the host's layer, or the shared one; None: the item is gone.

    An item that equals the shared layer's needs no override. Raises ApprovalError where a manifest is corrupt.
    """
    layer = sound(layers, shared=shared)
    beneath = {} if shared else layers.shared.items
    items, writes = dict(layer.items), {}
    for item, approved in observed.items():
        content = b"" if approved is None else canonical_json(approved.to_json())
        digest = ABSENT if approved is None else digest_of(content)
        if digest == beneath.get(item, ABSENT) and (approved is None or item not in layers.corrupt):
            items.pop(item, None)
            continue
        items[item] = digest
        if approved is not None and (layer.items.get(item) != digest or item in layers.corrupt):
            writes[item] = content
    return proposal_of(layers, layer, items, writes, author)


def prepare_undo(
    layers: ApprovedLayers, revision: int, history: History, author: Author, *, shared: bool = False
) -> Proposal:
    """Return a new revision with the contents of an earlier one; RevisionMissingError where they are not kept."""
    layer = sound(layers, shared=shared)
    manifest, contents = history.revision_contents(layer, revision)
    writes = {
        item: content
        for item, content in contents.items()
        if layer.items.get(item) != manifest.items[item] or item in layers.corrupt
    }
    return proposal_of(layers, layer, dict(manifest.items), writes, author)


def write(proposal: Proposal, directory: Path, history: History) -> str:
    """Write a proposal below the baseline's directory; return the digest of the new manifest.

    Raises ApprovalError and leaves what was approved before, where somebody else approved meanwhile or the disk
    refuses. What an interrupted approval left behind is put in order first.
    """
    place = proposal.layer_directory(directory)
    manifest = canonical_json(proposal.after.to_json())
    committed = False
    try:
        with _opened(directory, proposal) as base:
            layer = _locked(base, place, proposal)
            _tidy(base, layer, interrupted=True)
            _keep(layer, proposal, history)
            _stage(base, proposal, manifest)
            os.replace(f"{PENDING}/{MANIFEST}", MANIFEST, src_dir_fd=base, dst_dir_fd=base)
            committed = True
            os.fsync(base)
            for item in proposal.deletes:
                tree.remove(base, item_file(item))
            _tidy(base, read_layer(place))
    except OSError as refused:
        said = f"revision {proposal.after.revision} is approved, its files wait in {PENDING}"
        message = f"{place}: {said if committed else 'nothing was approved'}: {refused.strerror}"
        raise ApprovalError(message, committed=committed) from refused
    return digest_of(manifest)


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


def proposal_of(
    layers: ApprovedLayers, layer: Layer, items: dict[str, str], writes: dict[str, bytes], author: Author
) -> Proposal:
    """Return what gives a layer these items, as its next revision."""
    gone = [item for item, digest in layer.items.items() if digest != ABSENT and items.get(item, ABSENT) == ABSENT]
    revision = layer.manifest.revision + 1 if layer.manifest else 1
    after = Manifest(revision, items, layer.digest, author.by, author.at, author.reason, author.ticket)
    host = None if layer is layers.shared else layers.host_name
    return Proposal(host, layer.manifest, layer.digest, after, writes, tuple(gone))


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
    contents = [kept for item in _replaced(layer, proposal) if (kept := _intact(layer, item)) is not None]
    with tree.top(layer.directory) as base:
        contents.append(tree.read(base, (MANIFEST,))[0])
    history.keep(contents, sync=len(contents) < _MANY)


def _replaced(layer: Layer, proposal: Proposal) -> list[str]:
    overwritten = [item for item in proposal.writes if layer.items.get(item, ABSENT) != ABSENT]
    return [*overwritten, *proposal.deletes]


def _intact(layer: Layer, item: str) -> bytes | None:
    try:
        return layer.content(item)
    except CorruptError:
        return None  # there is nothing to keep: this approval is what repairs it


def _stage(base: int, proposal: Proposal, manifest: bytes) -> None:
    """Make all new files durable beside the layer, where no reader believes them yet."""
    many = len(proposal.writes) >= _MANY
    with tree.below(base, (PENDING,), mode=_DIRECTORY_MODE) as pending:
        for item, content in proposal.writes.items():
            name = pending_name(item, proposal.after.items[item])
            tree.write(pending, name, content, mode=_FILE_MODE, sync=not many)
        if many:
            os.sync()
        tree.write(pending, MANIFEST, manifest, mode=_FILE_MODE)
        os.fsync(pending)


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
    for item, digest in layer.items.items() if waiting else ():
        name = pending_name(item, digest)
        if name not in waiting:
            continue
        waiting.remove(name)
        *folders, file = item_file(item)
        with tree.below(base, folders, mode=_DIRECTORY_MODE) as directory:
            os.replace(name, file, src_dir_fd=pending, dst_dir_fd=directory)
        touched.add(tuple(folders))
    _settle(base, touched)


def _sweep(base: int, layer: Layer) -> None:
    """Remove item files that an interrupted approval did not come to remove."""
    named = {item_file(item) for item in layer.items}
    found = []
    with suppress(FileNotFoundError):
        for folder, _, files, _ in os.fwalk(FOLDER, dir_fd=base, follow_symlinks=False):
            found += [(*folder.split("/"), file) for file in files if file.endswith(".json")]
    for names in found:
        if names not in named:
            tree.remove(base, names)


def _settle(base: int, folders: set[tuple[str, ...]]) -> None:
    if len(folders) >= _MANY:
        os.sync()
        return
    for folder in folders:
        with tree.below(base, folder) as directory:
            os.fsync(directory)
