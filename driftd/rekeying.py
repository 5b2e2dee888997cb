"""Fingerprints of another key for what is approved: made from bytes that are proved to be the approved ones, else not at all.

An approved item proves its bytes by its digest: bytes whose digest under the key in use is the approved one are what was
approved, wherever they were found. They are read again and masked with the next key. Nothing else changes hands, so that
replacing a key approves nothing that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from driftd.audit import SECRET_KEY_UNKNOWN
from driftd.auditor import Auditor
from driftd.baselines.approved import CORRUPT, ApprovedLayers
from driftd.baselines.digests import ABSENT
from driftd.baselines.layer import CorruptError, Layer, decode_item
from driftd.formats.reading import read
from driftd.formats.registry import by_name
from driftd.model.approved import ApprovedItem, canonical_json
from driftd.model.document import Json
from driftd.model.item import Gap
from driftd.policy.query import located
from driftd.secrets.fingerprint import SecretKeeper, digest_key_id, key_ids_in
from driftd.secrets.mask import by_digest_alone, looks_like_private_key, mask
from driftd.sources.intake import plain_digest
from driftd.store.content import ContentStore

_XATTRS: Final = "xattrs"


@dataclass(frozen=True, slots=True)
class Keyed:
    """A host under one key."""

    auditor: Auditor
    keeper: SecretKeeper
    content: ContentStore


@dataclass(slots=True)
class Rekeyed:
    """What replacing the key comes to."""

    shared: dict[str, dict[str, ApprovedItem | None]] = field(default_factory=dict)
    """Baseline -> item -> its approved state under the next key, in the layer of all hosts."""
    host: dict[str, dict[str, ApprovedItem | None]] = field(default_factory=dict)
    """The same, in this host's own layer."""
    gaps: list[Gap] = field(default_factory=list)
    """What could not be proved and keeps the fingerprints of a key that will be unknown."""
    digests: set[str] = field(default_factory=set)
    """Digests of all approved contents, as they will be."""

    @property
    def count(self) -> int:
        """How many approved items get new fingerprints."""
        return sum(len(items) for layer in (self.shared, self.host) for items in layer.values())


def rekey(now: Keyed, then: Keyed) -> Rekeyed:
    """Return every approved item with the fingerprints of `then`; keep their bytes where `then` finds them."""
    rekeyed = Rekeyed()
    pulled: set[str] = set()
    for name, layers in now.auditor.approvals.layers.items():
        rekeyed.gaps += [Gap("/", CORRUPT, str(problem)) for problem in layers.problems]
        for layer, into in ((layers.shared, rekeyed.shared), (layers.host, rekeyed.host)):
            for item, approved in _approved(layer, rekeyed.gaps):
                fresh = _Item(now, then, approved, layers).under_next_key()
                if isinstance(fresh, Gap):
                    rekeyed.gaps.append(fresh)
                    continue
                if fresh != approved:
                    into.setdefault(name, {})[item] = fresh
                if fresh.digest is not None:
                    rekeyed.digests.add(fresh.digest)
                    if digest_key_id(approved.digest or "") == then.keeper.key_id:
                        pulled.add(fresh.digest)
    _keep_pulled(now, then, {digest for digest in pulled if then.content.get(digest) is None})
    return rekeyed


def _approved(layer: Layer, gaps: list[Gap]) -> Iterator[tuple[str, ApprovedItem]]:
    for item, digest in layer.items.items():
        if digest == ABSENT:
            continue
        try:
            yield item, decode_item(item, layer.content(item))
        except CorruptError as corrupt:
            gaps.append(Gap(item, CORRUPT, str(corrupt)))


def _keep_pulled(now: Keyed, then: Keyed, wanted: set[str]) -> None:
    """Keep the bytes of items that were approved with the next key already, on another host."""
    for content in now.content.contents() if wanted else ():
        digest = then.keeper.digest(content)
        if digest in wanted:
            then.content.put(content, digest)


@dataclass(slots=True)
class _Item:
    now: Keyed
    then: Keyed
    approved: ApprovedItem
    layers: ApprovedLayers

    def under_next_key(self) -> ApprovedItem | Gap:
        """Return the item with fingerprints of the next key; a Gap where its bytes cannot be proved."""
        approved = self.approved
        keys = key_ids_in(canonical_json(approved.to_json()).decode("utf-8", "replace"))
        others = keys - {self.now.keeper.key_id, self.then.keeper.key_id}
        if others:
            return self._gap(
                f"was approved with key {', '.join(sorted(others))}, which is neither the old nor the new one"
            )
        if self.now.keeper.key_id not in keys:
            self._keep_unchanged()
            return approved
        attributes = self._attributes()
        if attributes is None:
            return self._gap("extended attributes are not the approved ones")
        if approved.digest is None:
            return replace(approved, attributes=attributes)
        content = self._content()
        if content is None:
            return self._gap("the approved bytes are not kept, and the file is not as it was approved")
        fresh = self._fingerprinted(content, attributes)
        assert fresh.digest is not None
        self.then.content.put(content, fresh.digest)
        return fresh

    def _gap(self, detail: str) -> Gap:
        return Gap(self.approved.item, SECRET_KEY_UNKNOWN, f"{detail}: approve it again after review")

    def _keep_unchanged(self) -> None:
        """Keep the bytes of an item without secrets: the names of contents depend on the key as well."""
        digest = self.approved.digest
        if digest is not None and (content := self.now.content.get(digest)) is not None:
            self.then.content.put(content, digest)

    def _content(self) -> bytes | None:
        """Return bytes that have the approved digest: those kept at the approval, else those of the file."""
        digest = self.approved.digest
        assert digest is not None
        kept = self.now.content.get(digest)
        if kept is not None:
            return kept if self._proves(kept, digest) else None
        audited = self.then.auditor.scope.audited(self.approved.item)
        if audited is None:
            return None
        found = self.then.auditor.observe(self.approved.item, audited, keep_content=True).content
        return found if found is not None and self._proves(found, digest) else None

    def _proves(self, content: bytes, digest: str) -> bool:
        return digest in (self.now.keeper.digest(content), plain_digest(content))

    def _attributes(self) -> dict[str, Json] | None:
        """Return the attributes under the next key; None where what has a digest among them is not as approved."""
        approved = self.approved
        if not key_ids_in(str(approved.attributes.get(_XATTRS, ""))):
            return approved.attributes
        before, after, again = (self._observed_xattrs(one) for one in (self.now, self.then, self.now))
        if before is None or before != approved.attributes[_XATTRS] or again != before:
            return None
        return approved.attributes | {_XATTRS: after}

    def _observed_xattrs(self, keyed: Keyed) -> Json:
        audited = keyed.auditor.scope.audited(self.approved.item)
        observed = keyed.auditor.observe(self.approved.item, audited) if audited else None
        return observed.attributes.to_json().get(_XATTRS) if observed and observed.attributes else None

    def _fingerprinted(self, content: bytes, attributes: dict[str, Json]) -> ApprovedItem:
        """Return what approving these bytes records, as the observer would read them."""
        item, keeper = self.approved.item, self.then.keeper
        whole = ApprovedItem(item, attributes, keeper.digest(content))
        if self.approved.format is None or by_digest_alone(item) or looks_like_private_key(content):
            return whole
        reading = read(content, item, self.approved.format)
        document = reading.document
        if document is None:
            return whole
        audited = self.then.auditor.scope.audited(item)
        queries = audited.secrets if audited else ()
        mask(document, keeper, partial(located, queries))
        format = "text" if reading.problem is not None else document.format
        plain = not document.secret and reading.problem is None
        digest = plain_digest(content) if plain else whole.digest
        return ApprovedItem(item, attributes, digest, format, by_name(format).reading, document.root.to_json())
