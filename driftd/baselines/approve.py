"""Making a proposal the approved state, so that a crash leaves no doubt.

New item files are first made in `.approving/`, then the manifest is replaced, then the files are put in their places.
The manifest is the one moment of change: before it the old state is whole, after it the new one, wherever its files
stand, because each is found by its digest.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from driftd.baselines import tree
from driftd.baselines.digests import ABSENT, digests_of
from driftd.baselines.history import History
from driftd.baselines.item_files import FOLDER, item_file
from driftd.baselines.layer import HOSTS, MANIFEST, PENDING, CorruptError, Layer, pending_name, read_layer
from driftd.baselines.proposal import ApprovalError, Proposal
from driftd.durable import sync_file_system

_FILE_MODE = 0o640  # settings of files that not everybody can read
_DIRECTORY_MODE = 0o750
_MANY = 64
"""From so many files on, one sync of everything is cheaper than one each."""


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


def _is_large(proposal: Proposal) -> bool:
    """Whether so many files are concerned that one sync of everything is cheaper than one each."""
    return len(proposal.writes) + len(proposal.deletes) >= _MANY


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
    large = _is_large(proposal)
    history.keep(_replaced(layer, proposal), sync=not large)
    with tree.top(layer.directory) as base:
        history.keep([tree.read(base, (MANIFEST,))[0]], sync=not large)
    if large:
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
    large = _is_large(proposal)
    with tree.below(base, (PENDING,), mode=_DIRECTORY_MODE) as pending:
        for item, content in proposal.writes:
            name = pending_name(item, proposal.after.items[item])
            tree.write(pending, name, [content], mode=_FILE_MODE, sync=not large)
        if large:
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
