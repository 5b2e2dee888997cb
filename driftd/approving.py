"""Gathering what an approval would make the approved state: items as they are now, and what differs from before."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from driftd.audit import READING_CHANGED, SECRET_KEY_UNKNOWN
from driftd.auditor import Auditor, Examined, approved_item
from driftd.baselines.layer import decode_item
from driftd.model.approved import ApprovedItem, canonical_json
from driftd.model.change import Aspect
from driftd.model.document import Json
from driftd.model.drift import Drift
from driftd.model.item import Gap
from driftd.model.result import NOT_APPROVED, AuditResult
from driftd.sources.command import Outcome
from driftd.sources.reasons import COMMAND_NOT_RUN, CommandError
from driftd.store.content import ContentStore

_SETTLED = frozenset({NOT_APPROVED, READING_CHANGED, SECRET_KEY_UNKNOWN, "rules-unchecked"})
"""Gaps of items that were read: what could not be compared with is what an approval replaces."""


NOT_RUN = CommandError(COMMAND_NOT_RUN, "the baselines were read again meanwhile")


class UnknownSelectionError(Exception):
    """A word that names neither a baseline nor an audited item."""


@dataclass(slots=True)
class Gathered:
    """What is about to be approved."""

    items: dict[str, dict[str, ApprovedItem | None]] = field(default_factory=dict)
    """Baseline -> item -> its new approved state; None: that it is not there."""
    drifts: list[Drift] = field(default_factory=list)
    """What differs from the approved state so far."""
    first: list[str] = field(default_factory=list)
    """Items that are approved for the first time."""
    gaps: list[Gap] = field(default_factory=list)
    """Items that could not be read: they are left as they are."""
    left: list[str] = field(default_factory=list)
    """Violated rules that an approval does not settle."""

    @property
    def count(self) -> int:
        """How many items would be written or removed."""
        return sum(map(len, self.items.values()))


def gather(auditor: Auditor, selection: Sequence[str], content: ContentStore) -> Gathered:
    """Look at the selected items (baselines or items; none: everything) and keep the bytes of what may be approved."""
    steps = gathering(auditor, selection, content, run_selected(auditor, selection))
    while True:
        try:
            next(steps)
        except StopIteration as done:
            gathered: Gathered = done.value
            return gathered


def run_selected(auditor: Auditor, selection: Sequence[str]) -> dict[str, Outcome]:
    """Run the selected commands and wait for them, the one that takes longest as long as the others together at most."""
    baselines = {word for word in selection if word in auditor.scope.baselines} if selection else None
    return {item: running.result() for item, running in auditor.started(baselines, selection).items()}


def gathering(
    auditor: Auditor, selection: Sequence[str], content: ContentStore, outcomes: Mapping[str, Outcome]
) -> Generator[None, None, Gathered]:
    """Do the same in steps, so that other work may overtake. `outcomes`: what the selected commands said."""
    gathered = Gathered()
    places = AuditResult()
    for examined in _selected(auditor, selection, places, outcomes):
        yield
        gaps = [gap for gap in examined.verdict.gaps if gap.reason not in _SETTLED]
        if gaps or examined.observed.gap is not None:
            gathered.gaps.extend(examined.verdict.gaps)
            continue
        if not examined.audited.terms.needs_approval or not _differs(examined):
            continue
        _take(examined, gathered)
        if examined.observed.content is not None and examined.observed.digest is not None:
            content.put(examined.observed.content, examined.observed.digest)
    gathered.gaps.extend(places.coverage.gaps)
    return gathered


def _take(examined: Examined, gathered: Gathered) -> None:
    gathered.items.setdefault(examined.audited.baseline, {})[examined.item] = approved_item(examined)
    if any(gap.reason == NOT_APPROVED and not gap.detail for gap in examined.verdict.gaps):
        gathered.first.append(examined.item)
    if examined.drift is None:
        return
    settled = tuple(change for change in examined.drift.changes if change.aspect is not Aspect.RULE)
    gathered.left.extend(change.rule for change in examined.drift.changes if change.rule is not None)
    if settled:
        drift = examined.drift
        gathered.drifts.append(Drift(drift.id, drift.baseline, drift.item, settled))


def _differs(examined: Examined) -> bool:
    """Whether approving the item would write anything: a difference, a first approval, or other bytes of one meaning."""
    if examined.drift is not None and any(change.aspect is not Aspect.RULE for change in examined.drift.changes):
        return True
    return bool(examined.verdict.gaps) or examined.verdict.cosmetic


def _selected(
    auditor: Auditor, selection: Sequence[str], places: AuditResult, outcomes: Mapping[str, Outcome]
) -> Iterator[Examined]:
    baselines = {word for word in selection if word in auditor.scope.baselines}
    items = [word for word in selection if word not in baselines]
    for item in items:
        examined = auditor.examine(item, keep_content=True, outcome=outcomes.get(item, NOT_RUN))
        if examined is None:
            known = ", ".join(sorted(auditor.scope.baselines)) or "none"
            raise UnknownSelectionError(f"{item}: neither an audited item nor a baseline (baselines: {known})")
        yield examined
    if baselines or not selection:
        seen = set(items)
        for examined in auditor.everything(places, keep_content=True, outcomes=outcomes):
            if examined.item not in seen and (not baselines or examined.audited.baseline in baselines):
                yield examined


def to_wire(gathered: Gathered) -> dict[str, Json]:
    """Return what the control socket carries: everything masked, no bytes of files."""
    items: dict[str, Json] = {
        baseline: {item: approved.to_json() if approved else None for item, approved in states.items()}
        for baseline, states in gathered.items.items()
    }
    return {
        "items": items,
        "drifts": [drift.to_json() for drift in gathered.drifts],
        "first": list(gathered.first),
        "gaps": [gap.to_json() for gap in gathered.gaps],
        "left": list(gathered.left),
    }


def items_from_wire(items: dict[str, dict[str, Json]]) -> dict[str, dict[str, ApprovedItem | None]]:
    """Return the approved states that `to_wire` carried."""
    return {
        baseline: {
            item: decode_item(item, canonical_json(shape)) if shape is not None else None
            for item, shape in states.items()
        }
        for baseline, states in items.items()
    }
