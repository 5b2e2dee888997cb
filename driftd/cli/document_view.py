"""A document as an indented tree, each value with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from driftd.cli.style import Style
from driftd.cli.values import is_long_text, scalar_text
from driftd.model.document import Node, Scalar
from driftd.model.secret import TOKEN_PREFIX
from driftd.outputs.visible import visible

STEP: Final = "  "
_NAME, _NUMBER, _DIM, _SECRET = "36", "33", "2", "35"


def document_lines(root: Node, style: Style) -> list[str]:
    """Return a tree of settings as lines; a member of a list begins with `-`, its own members stand below each other."""
    lines = _Lines(style)
    if _has_members(root):
        lines.members(root, "", "")
    else:
        lines.scalar(root, "", "")
    return lines.out


def painted(value: Scalar, style: Style) -> str:
    """Return a scalar in the colour of its kind."""
    if isinstance(value, str):
        return style.paint(scalar_text(value), _SECRET if TOKEN_PREFIX in value else "")
    return style.paint(scalar_text(value), _NUMBER)


def head_line(path: str, reading: str, facts: Sequence[str], style: Style) -> str:
    """Return the name of a file and how it is read."""
    return f"{style.paint(visible(path), '1')}: {visible(', '.join([reading, *facts]))}"


def numbered(line: int | None, text: str, style: Style) -> str:
    """Return a row with the number of its line in front."""
    number = "" if line is None else str(line)
    return f"{style.paint(f'{number:>5}', _DIM)}  {text}"


def _has_members(node: Node) -> bool:
    return isinstance(node.value, dict | list) and bool(node.value)


@dataclass(slots=True)
class _Lines:
    style: Style
    out: list[str] = field(default_factory=list)

    def members(self, node: Node, indent: str, first: str) -> None:
        """Add the members of a mapping or list; `first` stands before the first of them in place of `indent`."""
        if isinstance(node.value, dict):
            for name, child in node.value.items():
                head = f"{first}{self.style.paint(visible(name), _NAME)}:"
                if _has_members(child):
                    self._row(child.line, head)
                    self.members(child, indent + STEP, indent + STEP)
                else:
                    self.scalar(child, f"{head} ", indent + STEP)
                first = indent
        elif isinstance(node.value, list):
            for child in node.value:
                if _has_members(child):
                    self.members(child, indent + STEP, f"{first}- ")
                else:
                    self.scalar(child, f"{first}- ", indent + STEP)
                first = indent

    def scalar(self, node: Node, head: str, below: str) -> None:
        """Add a value that has no members; a text of several lines stands below its name."""
        value = node.value
        if isinstance(value, dict | list):
            self._row(node.line, head + ("{}" if isinstance(value, dict) else "[]"))
        elif isinstance(value, str) and is_long_text(value):
            self._row(node.line, f"{head}|")
            for text in value.splitlines():
                self._row(None, below + visible(text))
        else:
            self._row(node.line, head + painted(value, self.style))

    def _row(self, line: int | None, text: str) -> None:
        self.out.append(numbered(line, text, self.style))
