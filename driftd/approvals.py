"""What is approved for this host, as the judge asks for it: the approved bytes are read again by today's parsers."""

from __future__ import annotations

from functools import partial

from driftd.audit import ApprovedCorrupt
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.scope import Scope
from driftd.formats.reading import read
from driftd.model.approved import ApprovedItem
from driftd.model.document import Document, node_from_json
from driftd.model.item import Gap
from driftd.policy.query import Query, located
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import mask
from driftd.store.content import ContentStore


class HostApprovals:
    """What is approved for this host, with the approved bytes read again by today's parsers."""

    def __init__(
        self,
        layers: dict[str, ApprovedLayers],
        content: ContentStore | None,
        keeper: SecretKeeper,
        scope: Scope,
    ) -> None:
        self.layers = layers
        self._content = content
        self._keeper = keeper
        self._scope = scope
        self._last: tuple[ApprovedLayers, str, ApprovedItem] | None = None

    def over(self, layers: dict[str, ApprovedLayers]) -> HostApprovals:
        """Return the same over other layers."""
        return HostApprovals(layers, self._content, self._keeper, self._scope)

    def approved(self, baseline: str) -> bool:
        """Whether anything was ever approved for the baseline."""
        return self.layers[baseline].approved

    def look(self) -> None:
        """Begin a look at an item: what was read for the one before is not believed any more."""
        self._last = None

    def item(self, baseline: str, item: str) -> ApprovedItem | None:
        """Return the approved state of an item; raises ApprovedCorrupt."""
        layers = self.layers[baseline]
        if self._last is not None and self._last[0] is layers and self._last[1] == item:
            return self._last[2]  # it is asked for twice in a row: to know the digest, and to compare
        found = layers.get(item)
        if isinstance(found, Gap):
            raise ApprovedCorrupt(found.detail or found.reason)
        self._last = (layers, item, found) if found is not None else None
        return found

    def document(self, baseline: str, approved: ApprovedItem, format: str | None) -> Document | None:
        """Read the approved bytes again by today's parser; None where they are gone."""
        if self._content is None or approved.digest is None:
            return None
        content = self._content.get(approved.digest)
        if content is None:
            return None
        reading = read(content, approved.item, format)
        if reading.document is None or reading.problem is not None:
            return None
        queries = self._queries(approved.item)
        mask(reading.document, self._keeper, partial(located, queries))
        return reading.document

    def recorded(self, approved: ApprovedItem, *, untyped: bool) -> Document:
        """Return the settings as they were read at approval, with what is a secret by today's detectors masked as well."""
        format = approved.format or "text"
        document = Document(approved.item, format, node_from_json(approved.settings), untyped=untyped)
        mask(document, self._keeper, partial(located, self._queries(approved.item)), masked_before=True)
        return document

    def _queries(self, item: str) -> tuple[Query, ...]:
        audited = self._scope.audited(item)
        return audited.secrets if audited else ()
