"""Text as roff: the man(7) macros that a page of driftd needs, and nothing that a text could break out of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap
from typing import Any, Final

_CODE: Final = re.compile(r"`([^`]+)`")
_AT_SPACES: Final[dict[str, Any]] = {"break_long_words": False, "break_on_hyphens": False}


def plain(text: str) -> str:
    """Return a text that says nothing to roff; `code` becomes bold."""
    pieces = [
        f"\\fB{_escaped(piece)}\\fR" if number % 2 else _escaped(piece)
        for number, piece in enumerate(_CODE.split(" ".join(text.split())))
    ]
    return "\n".join(_guarded(line) for line in wrap("".join(pieces), 78, **_AT_SPACES))


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return text.replace("^", "\\(ha").replace("~", "\\(ti")


def _guarded(line: str) -> str:
    return "\\&" + line if line.startswith((".", "'")) else line


def bold(text: str) -> str:
    """Return a text in bold, taken literally."""
    return f"\\fB{_escaped(text)}\\fR"


def italic(text: str) -> str:
    """Return a text in italics, taken literally."""
    return f"\\fI{_escaped(text)}\\fR"


def section(title: str) -> str:
    """Return a heading."""
    return f".SH {title.upper()}"


def subsection(title: str) -> str:
    """Return a heading below a heading."""
    return f".SS {_escaped(title)}"


def paragraph(text: str) -> str:
    """Return a paragraph that follows another one."""
    return f".PP\n{plain(text)}"


def sentence(text: str) -> str:
    """Return a phrase of a help text as a sentence."""
    text = text if text.startswith("`") else text[:1].upper() + text[1:]
    return text if text.endswith((".", ":")) else text + "."


def tagged(tag: str, text: str) -> str:
    """Return an entry of a list; `tag` is roff already."""
    return f".TP\n{_guarded(tag)}\n{plain(text)}"


def example(lines: Iterable[str]) -> str:
    """Return lines as they stand."""
    return "\n".join([".RS 4", ".nf", *(_guarded(_escaped(line)) for line in lines), ".fi", ".RE"])


def page(name: str, number: int, version: str, summary: str, body: Iterable[str]) -> str:
    """Return a whole page. It has no date: the same driftd makes the same page."""
    head = [
        '.\\" Made from the source of driftd: changes are lost when it is made anew.',
        f'.TH {_escaped(name.upper())} {number} "" "driftd {version}"',
        section("name"),
        f"{_escaped(name)} \\- {plain(summary)}",
    ]
    return "\n".join([*head, *body]) + "\n"
