"""Values as lines of text: scalars as they are told apart, lists and mappings as an indented tree, texts line by line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from driftd.model.change import as_text
from driftd.model.document import Json
from driftd.outputs.visible import visible

STEP: Final = "  "
MAX_TREE: Final = 24
"""Lines of a tree that are told without `--full`."""
MAX_LINE: Final = 400
"""Characters of a line that are told without `--full`."""
MAX_DIFFED: Final = 400
"""Lines of a text that are aligned; longer ones are told whole."""
CONTEXT: Final = 2
_OF_ANOTHER_TYPE: Final = re.compile(
    r"|true|false|null|\[\]|\{\}|[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
)
"""Texts that read like a value that is no text."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of one text beside the line of another; None where there is no counterpart."""

    before: str | None
    after: str | None

    @property
    def same(self) -> bool:
        """Whether both sides have it."""
        return self.before == self.after


def scalar_text(value: Json) -> str:
    """Return a value in one safe line; text that could be taken for something else is quoted."""
    shown = as_text(value)
    if isinstance(value, str) and (shown != shown.strip() or _OF_ANOTHER_TYPE.fullmatch(shown)):
        shown = f'"{shown}"'
    return visible(shown)


def is_tree(value: object) -> bool:
    """Whether a value has members."""
    return isinstance(value, dict | list) and bool(value)


def is_long_text(value: object) -> bool:
    """Whether a value is a text of several lines."""
    return isinstance(value, str) and "\n" in value.strip("\n")


def tree_lines(value: Json, most: int = MAX_TREE) -> list[str]:
    """Return a value as lines, two columns deeper at each level; what exceeds `most` lines is counted in the last one."""
    if not is_tree(value) and not is_long_text(value):
        return [scalar_text(value)]
    out: list[str] = []
    for line in _tree(value, ""):
        out.append(line)
        if len(out) > most:
            break
    if len(out) > most:
        rest = sum(1 for _ in _tree(value, "")) - most + 1
        out[most - 1 :] = [f"... {rest} more lines (--full shows them)"]
    return out


def _tree(value: Json, indent: str) -> Iterator[str]:
    match value:
        case dict():
            for name, child in value.items():
                yield from _member(f"{indent}{visible(name)}:", child, indent)
        case list():
            for child in value:
                if is_tree(child):
                    first, *rest = _tree(child, indent + STEP)
                    yield f"{indent}- {first[len(indent) + 2 :]}"
                    yield from rest
                else:
                    yield from _member(f"{indent}-", child, indent)
        case str() if is_long_text(value):
            yield from (indent + visible(line) for line in value.splitlines())
        case _:
            yield indent + scalar_text(value)


def _member(head: str, child: Json, indent: str) -> Iterator[str]:
    if is_tree(child):
        yield head
        yield from _tree(child, indent + STEP)
    elif is_long_text(child):
        yield f"{head} |"
        yield from _tree(child, indent + STEP)
    else:
        yield f"{head} {scalar_text(child)}"


def aligned(before: str, after: str) -> list[TextLine]:
    """Return the lines of two texts beside each other. Texts too long to align in bounded time stand one below the other."""
    a, b = before.splitlines(), after.splitlines()
    if max(len(a), len(b)) > MAX_DIFFED:
        return [*(TextLine(line, None) for line in a), *(TextLine(None, line) for line in b)]
    out: list[TextLine] = []
    for tag, a0, a1, b0, b1 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            out.extend(TextLine(line, line) for line in a[a0:a1])
        else:
            paired = min(a1 - a0, b1 - b0)
            out.extend(TextLine(a[a0 + at], b[b0 + at]) for at in range(paired))
            out.extend(TextLine(line, None) for line in a[a0 + paired : a1])
            out.extend(TextLine(None, line) for line in b[b0 + paired : b1])
    return out


def with_context(lines: list[TextLine], context: int = CONTEXT) -> list[TextLine | None]:
    """Return the lines that differ and a few around them; None stands for lines left out."""
    near = [False] * len(lines)
    for at, line in enumerate(lines):
        if not line.same:
            for shown in range(max(0, at - context), min(len(lines), at + context + 1)):
                near[shown] = True
    out: list[TextLine | None] = []
    for line, shown in zip(lines, near, strict=True):
        if shown:
            out.append(line)
        elif not out or out[-1] is not None:
            out.append(None)
    return out


def common_ends(before: str, after: str) -> tuple[int, int]:
    """Return how many characters two lines have in common at their beginning, and how many behind that at their end."""
    most = min(len(before), len(after))
    start = 0
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def around(text: str, start: int, stop: int, most: int = MAX_LINE) -> tuple[str, int, int]:
    """Return a line cut to what stands around [start:stop], and where that stands in it; `...` for the rest."""
    if len(text) <= most:
        return text, start, stop
    room = max(most - (stop - start), 0) // 2
    low, high = max(0, start - room), min(len(text), stop + room)
    high = min(high, low + most)
    head, tail = "..." if low else "", "..." if high < len(text) else ""
    shown = head + text[low:high] + tail
    return shown, start - low + len(head), min(stop, high) - low + len(head)
