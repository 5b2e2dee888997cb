"""Rules of iptables, ip6tables, ebtables and arptables as their -save prints them. See iptables-save(8), ufw(8)."""

from __future__ import annotations

import re

from driftd.formats.parts.arguments import join_arguments, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines, significant
from driftd.model.document import Document, Node, ParseError

NAME = "iptables"
VERSION = 2
PATTERNS = (
    "*/iptables/rules.v4",
    "*/iptables/rules.v6",
    "*/iptables/*.rules",
    "*/sysconfig/iptables",
    "*/sysconfig/ip6tables",
    "*/ufw/*.rules",
    "iptables.rules",
    "ip6tables.rules",
    "rules.v4",
    "rules.v6",
)

_CHAIN = re.compile(r":(\S++)\s++(\S++)(?:\s++\[[0-9]++:[0-9]++\])?")
_COUNTERS = re.compile(r"\[[0-9]++:[0-9]++\]\s++")
_TYPICAL = re.compile(rb"(?:[ \t]*+(?:#[^\n]*+)?\n)*+\*(?:filter|nat|mangle|raw|security|broute)[ \t\r]*+\n")


def parse(data: bytes, path: str) -> Document:
    """Read tables, their chains and the rules of each chain, in order; what counters had counted is left out."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


def sniff(data: bytes) -> bool:
    """Whether the first line names a table."""
    return _TYPICAL.match(data) is not None


class _Reader:
    """Reads one file line by line."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._table: Node | None = None
        self._chains: dict[str, Node] = {}

    def read(self, data: bytes) -> Document:
        """Return the document; ParseError names a line that stands outside of a table."""
        for line in significant(lines(data)):
            if line.text.startswith("*"):
                self._table = self._builder.block("table", line.text[1:].strip(), line.number)
                self._chains = {}
            elif self._table is None:
                raise ParseError("a line outside of a table", line.number)
            elif line.text == "COMMIT":
                self._builder.add("COMMIT", "", line.number, at=self._table)
                self._table = None
            elif line.text.startswith(":"):
                self._declare(line)
            else:
                self._rule(line)
        if self._table is not None:
            self._builder.problem(self._table.line, "the table is not ended by COMMIT")
        return self._builder.done()

    def _declare(self, line: Line) -> None:
        match = _CHAIN.fullmatch(line.text)
        if match is None:
            self._builder.unread(
                line.text, line.number, "not of the form :CHAIN POLICY [PACKETS:BYTES]", at=self._table
            )
            return
        self._builder.add("policy", match[2], line.number, at=self._chain(match[1], line.number))

    def _chain(self, name: str, line: int) -> Node:
        """The chain of a name, declared or not."""
        if name not in self._chains:
            self._chains[name] = self._builder.block("chain", name, line, at=self._table)
        return self._chains[name]

    def _rule(self, line: Line) -> None:
        """Add a rule to its chain; one that is not appended keeps its command, such as `-I`."""
        text = _COUNTERS.sub("", line.text, count=1) if line.text.startswith("[") else line.text
        words = split_arguments(text)
        if words is None or len(words) < 2 or not words[0].startswith("-"):
            self._builder.unread(text, line.number, "not a rule", at=self._table)
            return
        command, chain, *rest = words
        if command not in ("-A", "--append"):
            rest = [command, *rest]
        self._builder.add(
            "rule", join_arguments(rest), line.number, at=self._chain(chain, line.number), repeatable=True
        )
