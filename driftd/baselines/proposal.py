"""What an approval would write, as a value: nothing here writes it. `baselines/approve.py` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.author import Author
from driftd.baselines.digests import ABSENT, ItemDigests, digests_of
from driftd.baselines.history import History
from driftd.baselines.layer import HOSTS, Layer, digest_of
from driftd.model.approved import ApprovedItem, Manifest, canonical_json
from driftd.model.item import Gap


class ApprovalError(Exception):
    """An approval was not written; `committed`: it was, and only tidying up failed."""

    def __init__(self, message: str, *, committed: bool = False) -> None:
        super().__init__(message)
        self.committed = committed


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


def sound(layers: ApprovedLayers, *, shared: bool) -> Layer:
    """Return the layer to be written; ApprovalError where a manifest is corrupt."""
    if layers.problems:
        raise ApprovalError(str(layers.problems[0]))
    return layers.shared if shared else layers.host
