"""Approved snapshots: the reviewed state of a baseline's items."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from driftd.model.document import Json


@dataclass(frozen=True, slots=True)
class ApprovedItem:
    """The reviewed state of one item, as it stands in `approved/PATH.json`."""

    item: str
    attributes: dict[str, Json]
    digest: str | None = None
    """Of the content: `sha256:HEX` or `hmac:KEYID:HEX`; None where it has none."""
    format: str | None = None
    """None: the content is compared by digest alone."""
    reading: str | None = None
    """Version of parser and dialect that read `settings`: `yaml/1`."""
    settings: Json = None

    def to_json(self) -> dict[str, Json]:
        """Return the file's shape; what an item does not have is left out."""
        shape: dict[str, Json] = {"attributes": self.attributes}
        if self.digest is not None:
            shape["digest"] = self.digest
        if self.format is not None:
            shape |= {"format": self.format, "reading": self.reading, "settings": self.settings}
        return shape


@dataclass(frozen=True, slots=True)
class Manifest:
    """`approved.json`: what is approved in one layer of a baseline; the thing that is signed."""

    revision: int
    items: Mapping[str, str]
    """Item -> `sha256:HEX` of its canonical JSON file."""
    previous: str | None = None
    """`sha256:HEX` of the manifest before this one."""
    by: str = ""
    at: str = ""
    reason: str = ""
    ticket: str | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the file's shape."""
        return {
            "schema": "driftd/approved/1",
            "revision": self.revision,
            "previous": self.previous,
            "proposed": {"by": self.by, "at": self.at, "reason": self.reason, "ticket": self.ticket},
            "items": dict(self.items),
        }

    def canonical(self) -> Iterator[bytes]:
        """Yield the file in pieces: what `canonical_json` makes of `to_json`, for any number of items."""
        head, _, tail = canonical_json(replace(self, items={}).to_json()).partition(b'"items": {}')
        yield head + b'"items": {'
        before = b"\n"
        for item in sorted(self.items):
            digest = canonical_json(self.items[item]).rstrip(b"\n")
            yield before + b"  " + canonical_json(item).rstrip(b"\n") + b": " + digest
            before = b",\n"
        yield (b"}" if before == b"\n" else b"\n }") + tail


def canonical_json(value: Json) -> bytes:
    """Return the one spelling of a file that is reviewed: sorted, indented, one value a line, a newline at the end."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
