"""The reader of Exim; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import re

from driftd.formats.exim.conditions import Conditions
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, continued, lines, significant
from driftd.model.document import Document, Node

_NAMED = frozenset({"authenticators", "routers", "transports"})
_ROWS = frozenset({"retry", "rewrite"})
_HEADER = re.compile(r"(?P<name>\w[\w-]*+)\s*+:(?!=)\s*+(?P<rest>.*+)", re.DOTALL)
_STATEMENT = re.compile(r"(?P<verb>accept|defer|deny|discard|drop|require|warn)(?:\s++(?P<rest>.*+))?", re.DOTALL)
_CONDITION = re.compile(r"(?P<name>!?\s*+\w++(?:\s++\w++)?+)\s*+=\s*+(?P<value>.*+)", re.DOTALL)
_SETTING = re.compile(
    r"(?:(?P<list>(?:address|domain|host|localpart)list(?:_cache)?)\s++)?(?P<hide>hide\s++)?"
    r"(?P<name>\w++)(?:\s*+==?\s*+(?P<value>.*+))?",
    re.DOTALL,
)
_SWITCHED_OFF = re.compile(r"not?_(?=[a-z])")
_INCLUDE = re.compile(r"(?P<name>\.include(?:_if_exists)?)\s++(?P<file>.*+)", re.DOTALL)


def read(data: bytes, builder: DocumentBuilder, section: str) -> Document:
    """Return what a file says; `section` is the one that is open at its start."""
    return _Reader(builder, section).read(data)


class _Reader:
    """Reads one file: lines of the section that was opened last."""

    def __init__(self, builder: DocumentBuilder, section: str) -> None:
        self._builder = builder
        self._section = section
        self._conditions = Conditions()
        self._number = 1
        self._acl: str | None = None
        self._object: Node | None = None
        """The router, transport, authenticator or statement that is being read."""
        self._outside: tuple[str, ...] = ()
        """The conditions under which it stands."""

    def read(self, data: bytes) -> Document:
        """Return the document."""
        for line in significant(continued(lines(data), "", inner_comments=("#",), unindent=True)):
            self._number = line.number
            if self._conditions.take(line):
                continue
            include = _INCLUDE.fullmatch(line.text)
            begun = re.fullmatch(r"begin\s++(\w++)", line.text)
            if include is not None:
                self._builder.add(include["name"], include["file"], line.number, at=self._at(), repeatable=True)
                self._builder.include(include["file"].strip('"'))
            elif begun is not None:
                self._section, self._object, self._outside, self._acl = begun[1], None, (), None
            else:
                self._line(line)
        if self._conditions.active:
            self._builder.problem(None, f"{self._conditions.active[-1]} does not end")
        return self._builder.done()

    def _line(self, line: Line) -> None:
        if self._section == "acl":
            self._acl_line(line)
        elif self._section in _ROWS:
            text = " ".join(line.text.split())
            self._builder.add(self._section, text, line.number, at=self._at(), repeatable=True)
        elif self._section in _NAMED and (header := _HEADER.fullmatch(line.text)) is not None:
            self._object = self._named(header["name"], line.number)
            self._note_conditions(line.number)
            if header["rest"]:
                self._setting(Line(line.number, header["rest"]))
        else:
            self._setting(line)

    def _named(self, name: str, number: int) -> Node:
        """The router, transport or authenticator of a name; routers are a list, as they are asked in their order."""
        if self._section == "routers":
            return self._builder.block(self._section, name, number)
        return self._builder.section(name, number, at=self._builder.section(self._section, number))

    def _acl_line(self, line: Line) -> None:
        header = _HEADER.fullmatch(line.text)
        statement = _STATEMENT.fullmatch(line.text)
        if header is not None and not header["rest"]:
            self._acl, self._object = header["name"], None
        elif statement is not None and self._acl is not None:
            at = self._builder.section("acl", line.number)
            self._object = self._builder.block(self._acl, None, line.number, at=at)
            self._note_conditions(line.number)
            self._builder.add("verb", statement["verb"], line.number, at=self._object)
            if statement["rest"]:
                self._condition(Line(line.number, statement["rest"]))
        elif self._object is not None:
            self._condition(line)
        else:
            self._setting(line)

    def _condition(self, line: Line) -> None:
        match = _CONDITION.fullmatch(line.text)
        text = line.text if match is None else f"{' '.join(match['name'].split())} = {match['value']}"
        within = self._conditions.since(self._outside)
        self._builder.add("conditions", ": ".join((*within, text)), line.number, at=self._object, repeatable=True)

    def _setting(self, line: Line) -> None:
        match = _SETTING.fullmatch(line.text)
        if match is None:
            self._builder.unread(line.text, line.number, "not of the form name = value", at=self._at())
            return
        name, value = match["name"], match["value"]
        at = self._at()
        if match["list"] is not None:
            at = self._builder.section(match["list"], line.number, at=at)
        if value is None:
            value = "false" if _SWITCHED_OFF.match(name) else "true"
            name = _SWITCHED_OFF.sub("", name)
        self._builder.add("hide " * bool(match["hide"]) + name, value, line.number, at=at)

    def _note_conditions(self, number: int) -> None:
        """Say at a new object under which conditions it stands."""
        self._outside = self._conditions.active
        if self._outside:
            self._builder.add("@if", " ".join(self._outside), number, at=self._object)

    def _at(self) -> Node | None:
        """Where a setting stands: at the object or the root, under the conditions that have come since."""
        at = self._object
        for condition in self._conditions.since(self._outside):
            at = self._builder.section(condition, self._number, at=at)
        return at
