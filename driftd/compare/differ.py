"""The semantic difference of two documents, as changes."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.compare.canonical import Canonical, Identities, Move, Place, Reducer, Reduction
from driftd.compare.meaning import Dialect, PlainDialect
from driftd.model.change import ABSENT, Aspect, Change, Kind
from driftd.model.document import Node, Problem
from driftd.model.keys import render_key

MAX_PLACES = 5_000
"""Differing places looked into; about 0.2 s of comparing. What lies beyond is told as whole subtrees, and said so."""

Difference = tuple[tuple[str, ...], Kind]
"""A slot, and what happened there."""

_KINDS = {
    "dictionary_item_added": Kind.ADDED,
    "dictionary_item_removed": Kind.REMOVED,
    "values_changed": Kind.CHANGED,
    "type_changes": Kind.CHANGED,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs. No changes: the documents mean the same."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = ()


def compare(
    approved: Node,
    observed: Node,
    *,
    dialect: Dialect | None = None,
    approved_identities: Identities | None = None,
    observed_identities: Identities | None = None,
    max_places: int = MAX_PLACES,
) -> Comparison:
    """Return every setting that was added, removed, changed or moved, in the order of the observed document."""
    reducer = Reducer(
        dialect or PlainDialect(), approved_identities or {}, observed_identities or {}, max_places=max_places
    )
    reduction = reducer.reduce(approved, observed)
    if not reduction.before and not reduction.after and not reduction.moves:
        return Comparison((), tuple(reduction.problems))
    changes = [_change(reduction.places[path], kind) for path, kind in differences(reduction.before, reduction.after)]
    changes.extend(_moved(move) for move in reduction.moves)
    return Comparison(tuple(sorted(changes, key=_reading_order)), tuple(_problems(reduction)))


def differences(before: Canonical, after: Canonical) -> list[Difference]:
    """Return the slot and the kind of everything that differs in two canonical trees."""
    only = only_difference(before, after)
    return [only] if only is not None else found_by_deepdiff(before, after)


def only_difference(before: Canonical, after: Canonical) -> Difference | None:
    """Return what differs in two trees that branch nowhere; None where there may be more than one difference.

    Most changes are of one setting. That deepdiff need not be loaded for these: docs/decisions/0018.
    """
    slot: list[str] = []
    while len(names := before.keys() | after.keys()) == 1:
        (name,) = names
        slot.append(name)
        if name not in before or name not in after:
            return tuple(slot), Kind.ADDED if name in after else Kind.REMOVED
        below_before, below_after = before[name], after[name]
        if not isinstance(below_before, dict) or not isinstance(below_after, dict):
            return tuple(slot), Kind.CHANGED
        before, after = below_before, below_after
    return None


def found_by_deepdiff(before: Canonical, after: Canonical) -> list[Difference]:
    """Let deepdiff compare two canonical trees; its paths are the slots."""
    from deepdiff import DeepDiff  # 4 MiB and a tenth of a second: only where several settings differ

    found = DeepDiff(
        before,
        after,
        view="tree",
        verbose_level=2,
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
        log_stacktrace=False,
    )
    return [
        (tuple(level.path(output_format="list")), _KINDS[category])
        for category, levels in found.items()
        for level in levels
    ]


def _change(place: Place, kind: Kind) -> Change:
    before, after = place.before, place.after
    return Change(
        aspect=Aspect.CONTENT,
        kind=kind,
        key=render_key(place.key),
        before=before.to_json() if before is not None else ABSENT,
        after=after.to_json() if after is not None else ABSENT,
        before_line=before.line if before is not None else None,
        after_line=after.line if after is not None else None,
        before_steps=place.before_steps if before is not None else None,
        after_steps=place.after_steps if after is not None else None,
    )


def _moved(move: Move) -> Change:
    before, after = move.place.before, move.place.after
    assert before is not None and after is not None
    return Change(
        aspect=Aspect.CONTENT,
        kind=Kind.MOVED,
        key=render_key(move.place.key),
        before=before.to_json(),
        after=after.to_json(),
        before_line=before.line,
        after_line=after.line,
        moved_from=render_key(move.moved_from),
        moved_to=render_key(move.moved_to),
        before_steps=move.place.before_steps,
        after_steps=move.place.after_steps,
    )


def _problems(reduction: Reduction) -> list[Problem]:
    problems = list(reduction.problems)
    if reduction.cut:
        problems.append(
            Problem(
                None, f"too many differences: {reduction.cut} differing subtrees are told as a whole, not by setting"
            )
        )
    return problems


def _reading_order(change: Change) -> tuple[int, str, bool, str, int]:
    """By line and key; of two members at one position, the one that went before the one that came.

    deepdiff's own order depends on the process. What is told must not: another order would be another drift.
    """
    line = change.after_line or change.before_line or 0
    return (line, change.key, change.kind is Kind.ADDED, change.kind.value, change.before_line or 0)
