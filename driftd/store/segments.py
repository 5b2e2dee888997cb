"""Segments: the files of the journal, named by the sequence of their first event, one event a line."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

MAX_LINE: Final = 16 * 1024 * 1024
"""Bytes of one line; a longer one is damage, and is skipped in bounded memory."""
LEAST_LINE: Final = 64
"""No event takes fewer bytes."""

_NAME: Final = re.compile(r"(\d{20})\.jsonl")
_CHUNK: Final = 64 * 1024
_PAGE: Final = 4096


class _Place(msgspec.Struct):
    sequence: int


class _Placed(msgspec.Struct):
    event: _Place


_placed: Final = msgspec.json.Decoder(_Placed).decode


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal."""

    path: Path
    first: int
    """Sequence of its first event, as its name says."""


@dataclass(frozen=True, slots=True)
class Line:
    """One whole line of a segment."""

    end: int
    """Offset of the byte after it."""
    data: bytes | None
    """Without its newline; None for a line longer than MAX_LINE."""


def segment_name(first: int) -> str:
    """Return the name of the segment that begins with this sequence."""
    return f"{first:020d}.jsonl"


def segments(directory: Path) -> list[Segment]:
    """Return the segments of a journal in order; other files are not looked at, a missing directory has none."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    found = [Segment(directory / name, int(match[1])) for name in names if (match := _NAME.fullmatch(name))]
    return sorted(found, key=lambda segment: segment.first)


def sequence_in(line: Line) -> int | None:
    """Return the sequence a line claims, None where it is not an event."""
    if line.data is None:
        return None
    try:
        return _placed(line.data).event.sequence
    except msgspec.DecodeError:
        return None


def whole_lines(file: BinaryIO, offset: int = 0) -> Iterator[Line]:
    """Yield the whole lines from an offset on, which must be the beginning of one; an unfinished last line is left out.

    A line of which the disk does not give every byte is one without data.
    """
    begun, whole = bytearray(), True
    for length, data in _pieces(file.fileno(), offset):
        beginning = 0
        while data is not None and (end := data.find(b"\n", beginning)) >= 0:
            line = bytes(begun) + data[beginning:end] if begun else data[beginning:end]
            yield Line(offset + end + 1, line if whole and len(line) <= MAX_LINE else None)
            begun, whole, beginning = bytearray(), True, end + 1
        offset += length
        whole = whole and data is not None and len(begun) + len(data) - beginning <= MAX_LINE
        if whole and data is not None:
            begun += data[beginning:]
        else:
            begun.clear()


def _pieces(descriptor: int, offset: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield the bytes from an offset on, piece by piece, with their lengths; None for a page that the disk does not give."""
    page_by_page = 0
    while True:
        length = _CHUNK if offset >= page_by_page else _PAGE - offset % _PAGE
        try:
            data: bytes | None = os.pread(descriptor, length, offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            if offset >= page_by_page:
                page_by_page = offset + length
                continue
            if offset >= os.fstat(descriptor).st_size:
                return
            data = None
        if data == b"":
            return
        taken = length if data is None else len(data)
        yield taken, data
        offset += taken


def offset_after(file: BinaryIO, sequence: int) -> int:
    """Return an offset at which a line begins and before which no event comes after `sequence`: by bisection."""
    low, high = 0, os.fstat(file.fileno()).st_size
    while high - low > _CHUNK:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline(MAX_LINE)
        beginning = file.tell()
        claimed = next(filter(None, map(sequence_in, _lines_below(file, beginning, high))), None)
        if claimed is not None and claimed <= sequence:
            low = beginning
        else:
            high = middle
    return low


def _lines_below(file: BinaryIO, beginning: int, high: int) -> Iterator[Line]:
    for line in whole_lines(file, beginning):
        if line.end > high:
            return
        yield line


def tail_offset(file: BinaryIO, end: int, at_least: int = _CHUNK) -> int:
    """Return where a line begins that is followed by another whole line or by `end`, about `at_least` bytes before `end`.

    `end` is the end of a whole line, or 0.
    """
    back = at_least
    while (start := end - back) > 0:
        file.seek(start)
        skipped = file.readline(back)
        if start + len(skipped) < end:
            return start + len(skipped)
        back *= 4
    return 0


def whole_size(file: BinaryIO) -> int:
    """Return the size of a segment without an unfinished last line, reading backwards."""
    position = os.fstat(file.fileno()).st_size
    while position > 0:
        start = max(0, position - _CHUNK)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0
