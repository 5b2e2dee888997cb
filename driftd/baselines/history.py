"""Earlier manifests and item files, by digest: what an undo needs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from driftd.baselines import tree
from driftd.baselines.digests import ABSENT
from driftd.baselines.layer import CorruptError, Layer, decode_item, decode_manifest, digest_of
from driftd.durable import sync_file_system
from driftd.model.approved import ApprovedItem, Manifest


class RevisionMissingError(Exception):
    """A revision, or an item of it, is not kept on this host."""


class History:
    """Files that were replaced by an approval, named by their digest. One directory serves all baselines."""

    def __init__(
        self, directory: Path, acting: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    ) -> None:
        """`acting`: around what is written, for a process that is another user elsewhere."""
        self._directory = directory
        self._acting = acting

    def keep(self, contents: Iterable[bytes], *, sync: bool = True) -> None:
        """Store contents, so that they outlive what replaces them. Without `sync` they are durable after `flush`."""
        with self._acting():
            self._keep(contents, sync=sync)

    def _keep(self, contents: Iterable[bytes], *, sync: bool) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tree.top(self._directory) as base:
            for content in contents:
                folder, name = _place(digest_of(content))
                if self.get(digest_of(content)) is not None:
                    continue
                with tree.below(base, (folder,), mode=0o700) as directory:
                    tree.write(directory, name + ".new", [content], mode=0o600, sync=sync)
                    os.replace(name + ".new", name, src_dir_fd=directory, dst_dir_fd=directory)
                    if sync:
                        os.fsync(directory)

    def flush(self) -> None:
        """Return when everything that was kept is on disk."""
        with suppress(FileNotFoundError), tree.top(self._directory) as base:
            sync_file_system(base)

    def get(self, digest: str) -> bytes | None:
        """Return what has this digest; None where it is not kept, or not whole."""
        try:
            with tree.top(self._directory) as base:
                content, _ = tree.read(base, _place(digest))
        except FileNotFoundError:
            return None
        return content if digest_of(content) == digest else None

    def manifest(self, layer: Layer, revision: int) -> Manifest:
        """Return a manifest of an earlier revision: the one that the chain of `previous` leads to."""
        manifest, digest = layer.manifest, layer.digest
        while manifest is not None and manifest.revision != revision:
            digest = manifest.previous
            content = self.get(digest) if digest else None
            try:
                manifest = decode_manifest(content) if content else None
            except CorruptError:
                manifest = None  # its digest fits and it is no manifest: somebody signed off nonsense, before us
        if manifest is None:
            raise RevisionMissingError(f"revision {revision} is not kept on this host")
        return manifest

    def revision(self, layer: Layer, revision: int) -> Earlier:
        """Return what an earlier revision of a layer approved; RevisionMissingError where it is not kept."""
        return Earlier(self, layer, self.manifest(layer, revision))

    def revision_items(self, layer: Layer, revision: int) -> dict[str, ApprovedItem | None]:
        """Return what a layer's earlier revision approved; None: that the item is not there on this host."""
        return {
            item: None if content is None else decode_item(item, content)
            for item, content in self.revision(layer, revision)
        }


class Earlier:
    """An earlier revision of a layer: its manifest, and its item files as often as one goes through them."""

    def __init__(self, history: History, layer: Layer, manifest: Manifest) -> None:
        self.manifest = manifest
        self._history = history
        self._layer = layer

    def __len__(self) -> int:
        """How many items it has."""
        return len(self.manifest.items)

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield each item with its file, None: that it is not there; RevisionMissingError where one is not kept."""
        for item, digest in self.manifest.items.items():
            yield item, None if digest == ABSENT else self._content(item, digest)

    def check(self) -> None:
        """Raise RevisionMissingError unless all of it is kept."""
        for _ in self:
            continue

    def _content(self, item: str, digest: str) -> bytes:
        kept = self._history.get(digest)
        if kept is not None:
            return kept
        if self._layer.items.get(item) != digest:
            raise RevisionMissingError(f"{item}: the file with {digest} is not kept on this host")
        try:
            return self._layer.content(item)  # unchanged since
        except CorruptError as corrupt:
            raise RevisionMissingError(f"{item}: {corrupt}") from corrupt


def _place(digest: str) -> tuple[str, str]:
    hexadecimal = digest.removeprefix("sha256:")
    if not hexadecimal.isalnum():
        raise FileNotFoundError(2, "no digest", digest)
    return hexadecimal[:2], hexadecimal[2:]
