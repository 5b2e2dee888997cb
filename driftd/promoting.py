"""What promoting items would change for all hosts: their approved state on this host beside that of the shared layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

from driftd.approvals import HostApprovals
from driftd.approving.gather import UnknownSelectionError
from driftd.audit import judge
from driftd.auditor import Auditor
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.layer import Layer
from driftd.baselines.scope import Audited
from driftd.model.approved import ApprovedItem
from driftd.model.change import ABSENT, Aspect, Change, Kind, Side
from driftd.model.document import Document, Json
from driftd.model.item import Attributes, Gap, ItemType, Observation


@dataclass(slots=True)
class Promotable:
    """What is about to be promoted."""

    items: dict[str, list[str]] = field(default_factory=dict)
    """Baseline -> items of this host's layer."""
    shared: list[str] = field(default_factory=list)
    """Items that were asked for and have no state of their own on this host: the shared layer has them."""
    differences: list[tuple[str, str, tuple[Change, ...]]] = field(default_factory=list)
    """Baseline, item, and what its promotion changes in the shared layer."""


def promotable(auditor: Auditor, layers: dict[str, ApprovedLayers], selection: Sequence[str]) -> Promotable:
    """Return what the words (items, baselines; none: everything) mean, and what their promotion changes.

    UnknownSelectionError: a word means nothing, or an item for which nothing is approved.
    """
    found = Promotable()
    for item, audited in _selected(auditor, layers, selection, found.shared):
        found.items.setdefault(audited.baseline, []).append(item)
        changes = tuple(_changes(item, audited, layers[audited.baseline], auditor.approvals))
        if changes:
            found.differences.append((audited.baseline, item, changes))
    return found


def to_shape(differences: Sequence[tuple[str, str, tuple[Change, ...]]]) -> list[Json]:
    """Return the differences as `promote --json` has them."""
    return [
        {"baseline": baseline, "item": item, "changes": [change.to_json() for change in changes]}
        for baseline, item, changes in differences
    ]


def _selected(
    auditor: Auditor, layers: dict[str, ApprovedLayers], selection: Sequence[str], shared: list[str]
) -> Iterator[tuple[str, Audited]]:
    scope = auditor.scope
    baselines = {word for word in selection if word in scope.baselines} if selection else set(scope.baselines)
    named = dict.fromkeys(word for word in selection if word not in scope.baselines)
    for item in named:
        audited = scope.audited(item)
        if audited is None:
            known = ", ".join(sorted(scope.baselines)) or "none"
            raise UnknownSelectionError(f"{item}: neither an audited item nor a baseline (baselines: {known})")
        of_baseline = layers[audited.baseline]
        if item in of_baseline.host.items:
            yield item, audited
        elif item in of_baseline.shared.items:
            shared.append(item)
        else:
            raise UnknownSelectionError(f"{item}: nothing is approved for it: approve it first")
    for name in sorted(baselines):
        for item in sorted(layers[name].host.items):
            audited = scope.audited(item)
            if item not in named and audited is not None and audited.baseline == name:
                yield item, audited


def _changes(item: str, audited: Audited, layers: ApprovedLayers, approvals: HostApprovals) -> Iterator[Change]:
    own = layers.get(item)
    if isinstance(own, Gap):
        return  # it stays where it is, and is named as a gap
    beneath = _without_own(layers)
    baseline = audited.baseline
    approvals = approvals.over({**approvals.layers, baseline: beneath})
    terms = replace(audited.terms, rules=())
    if not beneath.approved:  # the first that all hosts share
        yield Change(Aspect.EXISTENCE, Kind.ADDED, "$", after=_type(own), severity=terms.severity)
        return
    verdict = judge(_as_observed(item, own, baseline, approvals), terms, approvals)
    yield from verdict.changes
    if verdict.gaps and not verdict.changes:  # other values, of which no more can be said
        said = "; ".join(f"{gap.reason}: {gap.detail}" if gap.detail else gap.reason for gap in verdict.gaps)
        before, after = (layer.digest(item) for layer in (beneath, layers))
        yield Change(
            Aspect.CONTENT, Kind.CHANGED, "$", before, after, severity=terms.severity, message=f"not compared: {said}"
        )


def _type(own: ApprovedItem | None) -> Side:
    return own.attributes.get("type", ABSENT) if own is not None else ABSENT


def _without_own(layers: ApprovedLayers) -> ApprovedLayers:
    """Return the layers of a host that has none of its own."""
    beneath = copy(layers)
    beneath.host = Layer(layers.host.directory)
    beneath.corrupt = {}
    return beneath


def _as_observed(item: str, own: ApprovedItem | None, baseline: str, approvals: HostApprovals) -> Observation:
    """Return an approved state as if it had just been read, so that it is compared as everything is."""
    if own is None:
        return Observation(item)
    texts = {name: value for name, value in own.attributes.items() if isinstance(value, str)}
    attributes = Attributes(
        ItemType(texts.pop("type", ItemType.FILE)),
        target=texts.pop("target", None),
        mode=texts.pop("mode", None),
        owner=texts.pop("owner", None),
        group=texts.pop("group", None),
        extra=tuple(sorted(texts.items())),
    )
    return Observation(item, attributes, digest=own.digest, document=_document(own, baseline, approvals))


def _document(own: ApprovedItem, baseline: str, approvals: HostApprovals) -> Document | None:
    if own.format is None:
        return None
    kept = approvals.document(baseline, own, own.format)
    return kept if kept is not None else approvals.recorded(own, untyped=False)
