"""What is approved for this host: the shared layer of a baseline, and the host's own, which overrides whole items."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from driftd.baselines.digests import ABSENT, digests_of
from driftd.baselines.layer import HOSTS, MANIFEST, ApprovedFile, CorruptError, Layer, decode_item, read_layer
from driftd.model.approved import ApprovedItem
from driftd.model.item import Gap, shown_path
from driftd.model.item_table import ItemTable
from driftd.settings.problems import ConfigProblem
from driftd.settings.trust import Trust

CORRUPT = "approved-corrupt"
"""Reason of a gap: something was approved and cannot be believed any more."""
CHANGED = "approved-changed"
"""Reason of a gap: an approval or a pull changed the layer since it was read; reading it again helps."""
_STEP = 64
"""Files that are held against a manifest in one step."""
NOT_ADOPTED = "approved-not-adopted"
"""Reason of a gap: what stands on disk is not one whole state, so that the one before it stays in force."""


class ApprovedLayers:
    """Both layers as their manifests stand now. Item files are read, and held against the manifest, one by one."""

    def __init__(self, directory: Path, host_name: str, trust: Trust | None = None) -> None:
        self.directory = directory
        self.host_name = host_name
        self.shared = read_layer(directory, trust)
        self.host = read_layer(directory / HOSTS / host_name, trust)
        self.corrupt: dict[str, Gap] = {}
        """Items whose file could not be believed when it was asked for."""

    @property
    def problems(self) -> list[ConfigProblem]:
        """Manifests that cannot be believed: nothing of this baseline can be compared until that is put right."""
        return [layer.problem for layer in (self.shared, self.host) if layer.problem]

    @property
    def approved(self) -> bool:
        """Whether anything was ever approved: before that, an item is not new, it waits for a first approval."""
        return self.shared.signature is not None or self.host.signature is not None

    def get(self, item: str) -> ApprovedItem | Gap | None:
        """Return an item's approved state, None where none is approved, a Gap where it cannot be believed."""
        if self.problems:
            return Gap(item, CORRUPT, str(self.problems[0]))
        layer = self._layer_of(item)
        if layer is None:
            return None
        try:
            approved = decode_item(item, layer.content(item))
        except CorruptError as corrupt:
            if not layer.is_current():
                return Gap(item, CHANGED, "approved.json was changed while it was used")
            gap = Gap(item, CORRUPT, str(corrupt))
            self.corrupt[item] = gap
            return gap
        self.corrupt.pop(item, None)
        return approved

    def items(self) -> Iterable[str]:
        """Return every item that has an approved state."""
        own = self.host.items
        yield from (item for item in self.shared.items if own.get(item) != ABSENT) if own else self.shared.items
        yield from self._own()

    def items_beside(self, known: ItemTable) -> Iterator[list[str]]:
        """Yield those that `known` does not have, directory by directory; of both layers, so that one may come twice."""
        own, shared = self.host.items, self.shared.items
        for items in digests_of(shared).beside(known):
            yield [item for item in items if own.get(item) != ABSENT] if own else items
        for items in digests_of(own).beside(known):
            yield [item for item in items if own[item] != ABSENT]

    @property
    def count(self) -> int:
        """How many items have an approved state."""
        shared = self.shared.items
        absent = sum(digest == ABSENT and item in shared for item, digest in digests_of(self.host.items).pairs())
        return len(shared) - absent + sum(1 for _ in self._own())

    def _own(self) -> Iterator[str]:
        """Yield what the host's layer adds to the shared one."""
        shared = self.shared.items
        for item, digest in digests_of(self.host.items).pairs():
            if digest != ABSENT and item not in shared:
                yield item

    def differing(self, other: ApprovedLayers) -> Iterator[str]:
        """Yield the items that have another approved state in `other`, or none; one that differs in both layers twice."""
        for mine, others in ((self.host, other.host), (self.shared, other.shared)):
            for item in digests_of(mine.items).differing(digests_of(others.items)):
                if self.digest(item) != other.digest(item):
                    yield item

    def files(self) -> Iterator[ApprovedFile]:
        """Yield the file of every approved item: what `get` would read."""
        yield from self.host.files()
        yield from (file for file in self.shared.files() if file.item not in self.host.items)

    @property
    def revision(self) -> int:
        """Revision of the host's layer where it has one, else of the shared one; 0: nothing is approved."""
        manifest = self.host.manifest or self.shared.manifest
        return manifest.revision if manifest else 0

    @property
    def sha256(self) -> str | None:
        """Digest of the manifest; where both layers have one, digest of the two digests."""
        digests = [layer.digest for layer in (self.shared, self.host) if layer.digest]
        if len(digests) < 2:
            return digests[0].removeprefix("sha256:") if digests else None
        return hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def checking(self, before: ApprovedLayers | None = None) -> Generator[None, None, Gap | None]:
        """Return, in steps that other work may overtake, why these layers are no whole state that could be taken over.

        None where they are one. Each file is held against its manifest, unless both name it in `before`, which is in force.
        """
        for problem in self.problems:
            return Gap(problem.file, NOT_ADOPTED, str(problem))
        for count, item in enumerate(self.items() if before is None else before.differing(self), start=1):
            if (layer := self._layer_of(item)) is None:
                continue
            try:
                layer.content(item)
            except CorruptError as corrupt:
                return Gap(shown_path(bytes(layer.directory / MANIFEST)), NOT_ADOPTED, f"{item}: {corrupt}")
            if count % _STEP == 0:
                yield
        return None

    def digest(self, item: str) -> str | None:
        """Return the digest of an item's approved file without reading it: another one is another approved state."""
        layer = self._layer_of(item)
        return layer.items[item] if layer else None

    def is_current(self) -> bool:
        """Whether both manifests on disk are still those that were read; a pull or an approval changes them."""
        return self.shared.is_current() and self.host.is_current()

    def _layer_of(self, item: str) -> Layer | None:
        own = self.host.items.get(item)
        if own is not None:
            return None if own == ABSENT else self.host
        return self.shared if item in self.shared.items else None
