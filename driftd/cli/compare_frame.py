"""What stands around the changes of `driftd compare`: names, verdicts, problems, the count at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from driftd.cli.columns import side_by_side
from driftd.cli.pairs import BY_DIGEST, Difference
from driftd.cli.tree_differences import Totals
from driftd.cli.unified import change_rows
from driftd.cli.view import ALARM, BOLD, COLORS, DIM, SIGNS, View
from driftd.model.change import Aspect, Change, Kind
from driftd.outputs.visible import visible

EQUAL = "equal: the same bytes"
COSMETIC = "cosmetic: other bytes, the same settings"


def pair_lines(found: Difference, view: View) -> Iterator[str]:
    """Yield what two files differ in, and how many changes that is."""
    yield _title(f"{found.before} -> {found.after}", found, view)
    yield from _content(found, view)
    if verdict := _verdict(found):
        yield verdict
    elif found.changes:
        yield counted(found.counts)


def entry_lines(found: Difference, view: View) -> Iterator[str]:
    """Yield what differs at a path that two directories share; nothing where nothing does."""
    if found.equal and not found.problems:
        return
    path = view.style.paint(visible(found.path), BOLD)
    if found.kind is not None:
        yield f"{view.sign(found.kind)} {path}  ({'; '.join(map(visible, found.notes))})"
    elif found.unread:
        yield f"{view.style.paint('!', ALARM)} {path}"
    elif found.cosmetic and not found.problems:
        yield f"{view.style.paint('=', DIM)} {path}  {view.style.paint('(cosmetic)', DIM)}"
    else:
        yield _title(found.path, found, view)
        yield from _content(found, view)


def git_lines(found: Difference, view: View) -> Iterator[str]:
    """Yield what differs at a path of a repository."""
    name = found.before if found.before == found.after else f"{found.before} -> {found.after}"
    if found.kind is None:
        yield _title(name, found, view)
    else:
        yield f"{view.sign(found.kind)} {_title(name, found, view)}"
    for note in found.notes if not found.changes else ():
        yield view.style.paint(visible(note), DIM)
    yield from _content(found, view)
    if verdict := _verdict(found):
        yield view.style.paint(verdict, DIM)


def problem_lines(found: Difference) -> Iterator[str]:
    """Yield what could not be taken at its word, as `file:line: what`."""
    for file, problem in found.problems:
        yield f"{visible(file or found.after)}:{problem.line or '?'}: {visible(problem.message)}"


def advice(found: Difference) -> Iterator[str]:
    """Yield what to do where a side does not parse."""
    if found.failed and not found.unread:
        yield f"is it no {found.format}? --format NAME reads both as something else; driftd parse --formats lists what"


def total_lines(totals: Totals) -> Iterator[str]:
    """Yield what two directories differ in, in one line."""
    parts = [f"{totals.differing} differ"]
    parts += [f"{totals.added} only in B"] if totals.added else []
    parts += [f"{totals.removed} only in A"] if totals.removed else []
    parts += [f"{totals.cosmetic} cosmetic"] if totals.cosmetic else []
    parts += [f"{totals.incomplete} incomplete"] if totals.incomplete else []
    settings = f"{counted(totals.changes)}; " if totals.changes.total() else ""
    yield f"{settings}{totals.files} files: {', '.join(parts)}, {totals.equal} equal"


def counted(counts: Counter[Kind]) -> str:
    """Return how many changes there are: `3 changed, 1 added, 1 moved`."""
    order = (Kind.CHANGED, Kind.ADDED, Kind.REMOVED, Kind.MOVED)
    return ", ".join(f"{counts[kind]} {kind.value}" for kind in order if counts[kind])


def _title(name: str, found: Difference, view: View) -> str:
    told = "" if found.format is None else f"  {view.style.paint(f'({found.format})', DIM)}"
    return view.style.paint(visible(name), BOLD) + told


def _content(found: Difference, view: View) -> Iterator[str]:
    if not found.changes:
        return
    if all(change.aspect is Aspect.EXISTENCE for change in found.changes):
        yield from (visible(note) for note in found.notes)
        return
    for note in found.notes:
        yield view.style.paint(visible(note), DIM)
    changes = tuple(change for change in found.changes if not _by_digest(change))
    if len(changes) < len(found.changes):
        yield f"{view.style.paint(SIGNS[Kind.CHANGED], COLORS[Kind.CHANGED])} the content is another one"
    if changes:
        rows = (
            side_by_side(changes, (found.before, found.after), view)
            if view.side_by_side
            else change_rows(changes, view)
        )
        yield from rows


def _by_digest(change: Change) -> bool:
    return change.aspect is Aspect.CONTENT and BY_DIGEST in (change.message or "")


def _verdict(found: Difference) -> str:
    if found.equal:
        return EQUAL
    return COSMETIC if found.cosmetic else ""
