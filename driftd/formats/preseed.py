"""Preconfiguration of Debian's installer: answers to debconf's questions. See debconf-set-selections(1)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import continued, lines, significant
from driftd.model.document import Document, ParseError

NAME = "preseed"
VERSION = 1
PATTERNS = ("preseed.cfg", "*.preseed", "preseed*.cfg", "*.seed", "*/preseed/*.cfg")
HINTS = ("*.cfg", "*preseed*", "*debconf*", "*.selections")

_TYPES = "boolean|error|multiselect|note|password|seen|select|string|text|title"
_ANSWER = re.compile(rf"(?P<owner>\S++)\s++(?P<question>\S++)\s++(?P<answer>(?:{_TYPES})(?:\s.*+)?)", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read answers, the questions of each owner under its name; an answer is its type and its value."""
    builder = DocumentBuilder(path, NAME)
    right = 0
    wrong: int | None = None
    for line in significant(continued(lines(data), " ", inner_comments=("#",))):
        match = _ANSWER.fullmatch(line.text)
        if match is None:
            wrong = wrong or line.number
            builder.unread(line.text, line.number, "not of the form owner question type value")
            continue
        right += 1
        at = builder.section(match["owner"], line.number)
        builder.add(match["question"], " ".join(match["answer"].split()), line.number, at=at)
    if wrong is not None and not right:
        raise ParseError("no line is an answer", wrong)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether it starts with an answer, and most of its lines are."""
    right = wrong = 0
    for line in significant(continued(lines(data), " ", inner_comments=("#",))):
        if _ANSWER.fullmatch(line.text) is not None:
            right += 1
        elif not right:
            return False
        else:
            wrong += 1
    return right > wrong
