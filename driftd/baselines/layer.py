"""One layer of a baseline's approved state: a manifest and a file an item, believed only where its digest fits."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from driftd.baselines import tree
from driftd.baselines.digests import ABSENT_BYTES, ItemDigests, digests_of
from driftd.baselines.item_files import item_file
from driftd.model.approved import ApprovedItem, Manifest
from driftd.model.document import Json
from driftd.settings.problems import ConfigProblem
from driftd.settings.trust import Trust

MANIFEST: Final = "approved.json"
HOSTS: Final = "hosts"
"""Holds the layers of hosts, one directory each."""
PENDING: Final = ".approving"
"""Item files of the manifest beside it that were not put in their place yet; empty but for an interrupted approval."""

Signature = tuple[int, int, int]


class CorruptError(Exception):
    """What is approved cannot be believed, or is not there; the message says why."""


class _Proposed(msgspec.Struct):
    by: str = ""
    at: str = ""
    reason: str = ""
    ticket: str | None = None


_Digest = Annotated[str, msgspec.Meta(pattern=r"^(sha256:[0-9a-f]{64}|absent)$")]


class _ManifestFile(msgspec.Struct):
    schema: Literal["driftd/approved/1"]
    revision: Annotated[int, msgspec.Meta(ge=1)]
    items: msgspec.Raw
    previous: str | None = None
    proposed: _Proposed = msgspec.field(default_factory=_Proposed)


class ApprovedFile(NamedTuple):
    """Where an item's approved state stands, and what it has to be."""

    item: str
    directory: Path
    name: str
    """Path below the directory."""
    sha256: bytes
    """Of the file, as the manifest has it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as its manifest says it is; item files are read when they are asked for."""

    directory: Path
    manifest: Manifest | None = None
    """None: nothing is approved in this layer, or the manifest is corrupt (`problem`)."""
    digest: str | None = None
    """`sha256:HEX` of the manifest's file."""
    problem: ConfigProblem | None = None
    signature: Signature | None = None

    @property
    def items(self) -> Mapping[str, str]:
        """Item -> digest of its file, or `absent`."""
        return self.manifest.items if self.manifest else {}

    def content(self, item: str) -> bytes:
        """Return the bytes of an item's file; CorruptError where there are none with the manifest's digest."""
        wanted = self.items[item]
        trouble = "is missing"
        try:
            place = item_file(item)
        except ValueError:
            raise CorruptError("is not the name of an item") from None
        # An approval may put the file in its place between the first look and the second.
        for names in (place, (PENDING, pending_name(item, wanted)), place):
            try:
                with tree.top(self.directory) as base:
                    content, _ = tree.read(base, names)
            except FileNotFoundError:
                continue
            except OSError as refused:
                trouble = f"cannot be read: {refused.strerror}"
                continue
            if digest_of(content) == wanted:
                return content
            trouble = "is not what the manifest says (its digest differs)"
        raise CorruptError(f"{'/'.join(place)} {trouble}")

    def files(self) -> Iterator[ApprovedFile]:
        """Yield the file of every approved item."""
        for item, sha256 in digests_of(self.items).records():
            if sha256 != ABSENT_BYTES:
                try:
                    yield ApprovedFile(item, self.directory, "/".join(item_file(item)), sha256)
                except ValueError:
                    continue  # not the name of an item: nothing is compared with it

    def is_current(self) -> bool:
        """Whether the manifest on disk is still the one that was read; one stat."""
        return _signature_of(self.directory / MANIFEST) == self.signature


def read_layer(directory: Path, trust: Trust | None = None) -> Layer:
    """Return the layer that stands in a directory; one without a manifest is empty."""
    file = directory / MANIFEST
    signature = _signature_of(file)
    if signature is None:
        return Layer(directory)
    refused = trust.check(file) if trust else []
    if refused:
        return Layer(directory, problem=refused[0], signature=signature)
    try:
        with tree.top(directory) as base:
            content, status = tree.read(base, (MANIFEST,))
        manifest = decode_manifest(content)
    except OSError as unreadable:
        return Layer(directory, problem=_corrupt(file, f"cannot be read: {unreadable.strerror}"), signature=signature)
    except CorruptError as corrupt:
        return Layer(directory, problem=_corrupt(file, str(corrupt)), signature=signature)
    return Layer(directory, manifest, digest_of(content), signature=_signature(status))


def decode_manifest(content: bytes) -> Manifest:
    """Return the manifest that a file holds; CorruptError says why it holds none."""
    try:
        file = msgspec.json.decode(content, type=_ManifestFile)
        items = _items(bytes(file.items))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as broken:
        raise CorruptError(f"is not a manifest: {broken}") from broken
    said = file.proposed
    return Manifest(file.revision, items, file.previous, said.by, said.at, said.reason, said.ticket)


def _items(content: bytes) -> ItemDigests:
    try:
        return ItemDigests.decode(content)
    except ValueError:
        return ItemDigests.of(msgspec.json.decode(content, type=dict[str, _Digest]))  # it says what is wrong


def decode_item(item: str, content: bytes) -> ApprovedItem:
    """Return the approved state that an item's file holds; CorruptError says why it holds none."""
    shape: Json
    try:
        shape = msgspec.json.decode(content)
    except (ValueError, RecursionError):  # a lone surrogate, too, which a name in JSON may hold
        try:
            shape = json.loads(content.decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError) as broken:
            raise CorruptError(f"is not JSON: {broken}") from broken
    if not isinstance(shape, dict):
        raise CorruptError("is not the file of an item")
    attributes = shape.get("attributes")
    words = [shape.get(name) for name in ("digest", "format", "reading")]
    if not isinstance(attributes, dict):
        raise CorruptError("has no attributes")
    digest, format_, reading = (word if isinstance(word, str) else None for word in words)
    if [digest, format_, reading] != words:
        raise CorruptError("has a digest, format or reading that is not text")
    return ApprovedItem(item, attributes, digest, format_, reading, shape.get("settings"))


def digest_of(content: bytes) -> str:
    """Return `sha256:HEX` of a file's bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def pending_name(item: str, digest: str) -> str:
    """Return the name under which an item's file waits to be put in its place."""
    return hashlib.sha256(f"{item}\0{digest}".encode("utf-8", "surrogateescape")).hexdigest()[:40] + ".json"


def _corrupt(file: Path, message: str) -> ConfigProblem:
    return ConfigProblem(str(file), None, message, "restore it (git checkout), or delete it and approve anew")


def _signature(status: os.stat_result) -> Signature:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _signature_of(file: Path) -> Signature | None:
    try:
        return _signature(file.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return (-1, -1, -1)  # something stands there: reading it says what is wrong
