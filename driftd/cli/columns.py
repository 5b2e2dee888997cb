"""Changes side by side: the key, what it was, what it is, in three columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

from driftd.cli.sections import Row, rows
from driftd.cli.unified import lines_beside, selected, way
from driftd.cli.values import TextLine, around, is_long_text, is_tree, scalar_text, tree_lines
from driftd.cli.view import AFTER, BEFORE, BOLD, DIM, View
from driftd.model.change import Absent, Change, Kind, Side
from driftd.model.document import Json
from driftd.outputs.visible import cells, fit, visible

_GUTTER: Final = 6
_BAR: Final = " | "
_SHORTEST_KEY: Final = 12


@dataclass(frozen=True, slots=True)
class _Cell:
    """One line of a side."""

    text: str = ""
    color: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Widths:
    """How many columns of the terminal each column has."""

    key: int
    side: int

    @classmethod
    def of(cls, keys: Sequence[str], width: int) -> Widths:
        """Return widths in which the keys fit, if they leave two thirds to the values."""
        key = min(max([_SHORTEST_KEY, *map(cells, keys)]), width // 3)
        return cls(key, (width - key - 2 * len(_BAR)) // 2)


def side_by_side(changes: Sequence[Change], names: tuple[str, str], view: View) -> Iterator[str]:
    """Yield changes as rows of three columns under the names of both sides."""
    found = list(rows(changes))
    widths = Widths.of([_head(row) for row in found if row.change], view.width)
    titles = [_Cell(fit(visible(name), widths.side - _GUTTER), BOLD) for name in names]
    yield _row("", (titles[0], titles[1]), widths, view)
    for row in found:
        if row.change is None:
            yield row.indent + view.style.paint(visible(row.key), BOLD)
        else:
            yield from _change(row.change, row, widths, view)


def _head(row: Row) -> str:
    return f"{row.indent}~ {visible(row.key)}"


def _change(change: Change, row: Row, widths: Widths, view: View) -> Iterator[str]:
    plain = _head(row)
    sign_at = len(row.indent)
    painted = plain[:sign_at] + view.sign(change.kind) + plain[sign_at + 1 :]
    key = painted + " " * (widths.key - cells(plain))
    if cells(plain) > widths.key:
        yield painted
        key = ""
    for before, after in _cells(change, widths.side - _GUTTER, view):
        yield _row(key, (before, after), widths, view)
        key = ""
    for note in (change.message, f"moved {way(change)}" if change.kind is Kind.MOVED else None):
        if note:
            yield " " * (sign_at + 2) + view.style.paint(visible(note), DIM)


def _row(key: str, sides: tuple[_Cell, _Cell], widths: Widths, view: View) -> str:
    """Return a row; `key` has the width of its column, or is empty."""
    out = [key or " " * widths.key]
    for cell in sides:
        number = view.style.paint(f"{cell.line or '':>{_GUTTER - 1}}", DIM) if cell.line else " " * (_GUTTER - 1)
        filling = " " * (widths.side - _GUTTER - cells(cell.text))
        out.append(f"{number} {view.style.paint(cell.text, cell.color)}{filling}")
    return _BAR.join(out).rstrip()


def _cells(change: Change, room: int, view: View) -> Iterator[tuple[_Cell, _Cell]]:
    if lines := lines_beside(change):
        chosen, left_out = selected(lines, view)
        yield from _beside(change, chosen, room)
        if left_out:
            yield _Cell(), _Cell(fit(f"... {left_out} more lines (--full shows them)", room))
        return
    gone = change.kind is Kind.MOVED and is_tree(change.after)
    sides = [
        _side(value, color, line, room, view, short=gone)
        for value, color, line in (
            (change.before, BEFORE, change.before_line),
            (change.after, AFTER, change.after_line),
        )
    ]
    yield from zip_longest(*sides, fillvalue=_Cell())


def _side(value: Side, color: str, line: int | None, room: int, view: View, *, short: bool) -> list[_Cell]:
    if isinstance(value, Absent):
        return []
    texts = ["..."] if short else _told(value, view)
    pieces = [piece for text in texts for piece in wrapped(around(text, 0, 0, view.most_characters)[0], room)]
    return [_Cell(piece, color, line if at == 0 else None) for at, piece in enumerate(pieces)]


def _told(value: Json, view: View) -> list[str]:
    return tree_lines(value, view.most_lines) if is_tree(value) or is_long_text(value) else [scalar_text(value)]


def _beside(change: Change, lines: Sequence[TextLine | None], room: int) -> Iterator[tuple[_Cell, _Cell]]:
    """Yield the lines of two texts beside each other."""
    numbers: tuple[int | None, int | None] = (change.before_line, change.after_line)
    for line in lines:
        if line is None:
            yield _Cell("..."), _Cell("...")
            continue
        colors = ("", "") if line.same else (BEFORE, AFTER)
        columns = [
            [_Cell(piece, color) for piece in wrapped(visible(text), room)] if text is not None else []
            for text, color in zip((line.before, line.after), colors, strict=True)
        ]
        for before, after in zip_longest(*columns, fillvalue=_Cell()):
            yield replace(before, line=numbers[0]), replace(after, line=numbers[1])
            numbers = (None, None)


def wrapped(text: str, room: int) -> list[str]:
    """Return a text cut into pieces that take at most `room` columns each."""
    if cells(text) <= room:
        return [text]
    pieces: list[str] = []
    piece: list[str] = []
    used = 0
    for char in text:
        wide = cells(char)
        if used + wide > room and piece:
            pieces.append("".join(piece))
            piece, used = [], 0
        piece.append(char)
        used += wide
    return [*pieces, "".join(piece)]
