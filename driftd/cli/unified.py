"""Changes one below the other: what it was, what it is, and where, as short as the value allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftd.cli.sections import ROOT, Row, below, parent_of, rows
from driftd.cli.values import (
    TextLine,
    aligned,
    around,
    common_ends,
    is_long_text,
    is_tree,
    scalar_text,
    tree_lines,
    with_context,
)
from driftd.cli.view import AFTER, BEFORE, BOLD, DIM, View
from driftd.model.change import Absent, Change, Kind, Side
from driftd.outputs.visible import cells, visible

_VALUE = "    "


def change_rows(changes: Sequence[Change], view: View) -> Iterator[str]:
    """Yield changes as lines, those below one key under it."""
    for row in rows(changes):
        if row.change is None:
            yield row.indent + view.style.paint(visible(row.key), BOLD)
        else:
            yield from _lines(row.change, row, view)


def where(change: Change) -> str:
    """Return the lines on which a change stands: `line 3`, `line 3 -> 5`; empty where there are none."""
    lines = [line for line in (change.before_line, change.after_line) if line is not None]
    if not lines:
        return ""
    return f"line {lines[0]}" if len(set(lines)) == 1 else f"line {lines[0]} -> {lines[1]}"


def way(change: Change) -> str:
    """Return from where to where a member moved: `[0] -> [2]`."""
    before, after = change.moved_from or "?", change.moved_to or "?"
    parent = parent_of(before)
    if parent == parent_of(after):
        before, after = below(parent, before), below(parent, after)
    return f"{visible(before.removeprefix(ROOT))} -> {visible(after.removeprefix(ROOT))}"


def _lines(change: Change, row: Row, view: View) -> Iterator[str]:
    key = visible(row.key)
    head = f"{row.indent}{view.sign(change.kind)} {key}"
    place = where(change)
    place = view.style.paint(f"  {place}", DIM) if place else ""
    if change.kind is Kind.MOVED:
        value = "" if is_tree(change.after) else f": {_painted(change.after, AFTER, view)}"
        yield f"{head}{value}  {view.style.paint('moved', DIM)} {way(change)}{place}"
    elif (line := _short(change, len(row.indent) + 2 + cells(key), view)) is not None:
        yield f"{head}: {line}{place}"
    else:
        yield f"{head}:{place}"
        yield from (row.indent + line for line in _long(change, view))
    if change.message:
        yield f"{row.indent}{_VALUE}{view.style.paint(visible(change.message), DIM)}"


def _short(change: Change, used: int, view: View) -> str | None:
    """Return both values in what remains of one line; None where they need more."""
    texts = []
    for side, code in ((change.before, BEFORE), (change.after, AFTER)):
        if is_tree(side) or is_long_text(side):
            return None
        if not isinstance(side, Absent):
            texts.append((scalar_text(side), code))
    room = view.width - used - 2 - len(where(change)) - 2
    if sum(cells(text) for text, _ in texts) + 4 * (len(texts) - 1) > room:
        return None
    return " -> ".join(view.style.paint(text, code) for text, code in texts)


def _long(change: Change, view: View) -> Iterator[str]:
    before, after = change.before, change.after
    if lines := lines_beside(change):
        yield from _text_rows(lines, view)
    elif _one_line(before) and _one_line(after):
        yield from _highlighted(before, after, view)
    else:
        for side, sign, code in ((before, "-", BEFORE), (after, "+", AFTER)):
            if not isinstance(side, Absent):
                mark = f"{sign} " if change.kind is Kind.CHANGED else ""
                for line in tree_lines(side, view.most_lines):
                    yield _VALUE + view.style.paint(mark + around(line, 0, 0, view.most_characters)[0], code)


def lines_beside(change: Change) -> list[TextLine]:
    """Return the lines of two texts beside each other; none where a side is no text, or only ends of lines differ."""
    before, after = change.before, change.after
    if not isinstance(before, str) or not isinstance(after, str) or not (is_long_text(before) or is_long_text(after)):
        return []
    lines = aligned(before, after)
    return lines if any(not line.same for line in lines) else []


def _one_line(side: Side) -> bool:
    return isinstance(side, str) or not (isinstance(side, Absent) or is_tree(side))


def _highlighted(before: Side, after: Side, view: View) -> Iterator[str]:
    """Yield two long lines, what differs in them set off from what they have in common."""
    assert not isinstance(before, Absent)
    assert not isinstance(after, Absent)
    texts = scalar_text(before), scalar_text(after)
    start, end = common_ends(*texts)
    for text, sign, code in zip(texts, "-+", (BEFORE, AFTER), strict=True):
        shown, low, high = around(text, start, len(text) - end, view.most_characters)
        paint = view.style.paint
        parts = (paint(f"{sign} {shown[:low]}", code), paint(shown[low:high], f"1;4;{code}"), paint(shown[high:], code))
        yield _VALUE + "".join(parts)


def selected(lines: list[TextLine], view: View) -> tuple[list[TextLine | None], int]:
    """Return the lines to show, None for those between, and how many are left out at the end."""
    chosen: list[TextLine | None] = [*lines] if view.full else with_context(lines)
    left_out = max(len(chosen) - 2 * view.most_lines, 0)
    return chosen[: len(chosen) - left_out], left_out


def _text_rows(lines: list[TextLine], view: View) -> Iterator[str]:
    """Yield the lines in which two texts differ, with a few around them."""
    chosen, left_out = selected(lines, view)
    waiting: list[str] = []
    for line in chosen:
        if line is None or line.same:
            yield from waiting
            waiting = []
            yield _VALUE + (view.style.paint("...", DIM) if line is None else "  " + visible(line.before or ""))
            continue
        if line.before is not None:
            yield _VALUE + view.style.paint(f"- {visible(line.before)}", BEFORE)
        if line.after is not None:
            waiting.append(_VALUE + view.style.paint(f"+ {visible(line.after)}", AFTER))
    yield from waiting
    if left_out:
        yield f"{_VALUE}... {left_out} more lines (--full shows them)"


def _painted(side: Side, code: str, view: View) -> str:
    text = "" if isinstance(side, Absent) else scalar_text(side)
    return view.style.paint(around(text, 0, 0, view.most_characters)[0], code)
