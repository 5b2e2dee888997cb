"""Promoting: an item's approved state moves from one host's layer into the layer of all hosts.

The shared layer is written first. An end between the two leaves both layers with the same state, which reads as either
alone does; promoting again then only removes the override.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from driftd.baselines.approved import CORRUPT, ApprovedLayers
from driftd.baselines.author import Author
from driftd.baselines.digests import ABSENT, digests_of
from driftd.baselines.layer import HOSTS, CorruptError, Layer, read_layer
from driftd.baselines.proposal import Proposal, Revising, sound
from driftd.model.item import Gap
from driftd.settings.trust import Trust


@dataclass(frozen=True, slots=True)
class Promotion:
    """What promoting items of one baseline writes, in this order."""

    shared: Proposal
    host: Proposal
    items: tuple[str, ...]
    """What is moved."""
    gaps: tuple[Gap, ...]
    """What cannot be believed and stays where it is."""

    @property
    def proposals(self) -> Mapping[str, Proposal]:
        """What is to be written, by layer, in its order."""
        both = {"shared": self.shared, "host": self.host}
        return {name: proposal for name, proposal in both.items() if proposal.changed}


def prepare_promotion(layers: ApprovedLayers, items: Iterable[str], author: Author) -> Promotion:
    """Return how items of the host's layer move into the shared one. Raises ApprovalError where a manifest is corrupt.

    An item that is approved to be absent on this host is taken out of the shared layer.
    """
    shared, host = sound(layers, shared=True), sound(layers, shared=False)
    into, out = Revising(layers, shared), Revising(layers, host)
    wanted: dict[str, str | None] = {}
    files: list[tuple[str, bytes]] = []
    moved: list[str] = []
    gaps: list[Gap] = []
    for item in items:
        digest = host.items[item]
        try:
            if digest == ABSENT:
                wanted[item] = None
                into.take(item, None)
            elif into.before(item) != digest or not _intact(shared, item):
                files.append((item, host.content(item)))
                wanted[item] = digest
                into.take(item, digest, believed=False)
        except CorruptError as corrupt:
            gaps.append(Gap(item, CORRUPT, str(corrupt)))
            continue
        out.take(item, None)
        moved.append(item)
    return Promotion(
        into.proposal(digests_of(shared.items).revised(wanted.items()), files, author),
        out.proposal(digests_of(host.items).revised((item, None) for item in moved), (), author),
        tuple(moved),
        tuple(gaps),
    )


def overriding(layers: ApprovedLayers, items: Iterable[str], trust: Trust | None = None) -> dict[str, list[str]]:
    """Return which other hosts have an approved state of their own for an item: what is promoted does not reach them."""
    hosts = layers.directory / HOSTS
    others = [name for name in _names(hosts) if name != layers.host_name]
    found: dict[str, list[str]] = {}
    wanted = set(items)
    for name in others:
        for item in wanted & read_layer(hosts / name, trust).items.keys():
            found.setdefault(item, []).append(name)
    return dict(sorted(found.items()))


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _intact(layer: Layer, item: str) -> bool:
    try:
        layer.content(item)
    except CorruptError:
        return False
    return True
