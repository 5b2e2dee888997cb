"""sudoers: who may run what as whom; the last rule that matches wins. See sudoers(5)."""

from __future__ import annotations

import re

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.parts.lines import Line
from driftd.model.document import Document, Node

NAME = "sudoers"
VERSION = 2
PATTERNS = ("*/sudoers", "*/sudoers.d/*", "*.sudoers", "sudoers.*")

# Comments are told from `#include` and `#1000` (a user's id) below.
_TABLE = Table(format=NAME, columns=("user", "host", "commands"), least=3, comments=("\0",), continuation=True)
_INCLUDE = re.compile(r"[@#](include|includedir)\s++(.++)")
_ID = re.compile(r"#-?[0-9]+(?=[\s,=:)]|\Z)")
_ALIAS = re.compile(r"(User_Alias|Runas_Alias|Host_Alias|Cmnd_Alias|Cmd_Alias)\s++(.++)")
_DEFAULTS = re.compile(r"Defaults(?:([@:!>])\s*+([^\s]++))?+(?:\s++(.++)|\Z)")
_SETTING = re.compile(r"(!*)\s*([A-Za-z_]\w*)\s*(?:(\+=|-=|=)\s*(.*))?")
_NEXT_HOST = re.compile(r": (?=[\w.,!%+*-]+=)")
# What one pass over a line tells apart: quoted text, an escaped character, white space, signs, the rest.
_PIECE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|\\.|\s++|[,=:()]|\#|[^"\\\s,=:()\#]++|.', re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read settings of `Defaults`, aliases, rules and includes, each a row; white space between words is one space."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        include = _INCLUDE.fullmatch(line.text)
        if include is not None:
            name = include[2].strip().strip('"')
            reader.builder.add(f"@{include[1]}", name, line.number, at=reader.other(line))
            reader.builder.include(name)
        elif text := _tidy(line.text):
            _entry(reader, Line(line.number, text))
    return reader.done()


def _entry(reader: TableReader, line: Line) -> None:
    defaults, alias = _DEFAULTS.fullmatch(line.text), _ALIAS.fullmatch(line.text)
    if defaults is not None:
        scope = (defaults[1] or "") + (defaults[2] or "")
        for setting in _separated(defaults[3] or "", ","):
            _setting(reader, line, scope, setting)
    elif alias is not None:
        for definition in _separated(alias[2], ":"):
            name, _, members = definition.partition("=")
            row = _row(reader, line, alias[1].replace("Cmd_", "Cmnd_"), name.strip())
            reader.builder.add("members", members.strip(), line.number, at=row)
    else:
        _rules(reader, line)


def _rules(reader: TableReader, line: Line) -> None:
    """Add a row for each host of a rule: `alice web=/bin/a : db=/bin/b` is two rules of alice."""
    first, *others = _NEXT_HOST.split(line.text)
    left, equals, commands = first.partition("=")
    users, _, host = left.rpartition(" ")
    reader.row(line, _TABLE.columns, [users, host, commands] if users and equals else [line.text])
    for other in others:
        host, _, commands = other.partition("=")
        reader.row(line, _TABLE.columns, [users, host, commands])


def _setting(reader: TableReader, line: Line, scope: str, setting: str) -> None:
    match = _SETTING.fullmatch(setting)
    row = _row(reader, line, "Defaults", match[1] + match[2] if match else setting)
    if scope:
        reader.builder.add("for", scope, line.number, at=row)
    if match is not None and match[3]:
        if match[3] != "=":
            reader.builder.add("operator", match[3], line.number, at=row)
        value = match[4]
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        reader.builder.add("value", value[1:-1].replace('\\"', '"') if quoted else value, line.number, at=row)


def _row(reader: TableReader, line: Line, name: str, value: str) -> Node:
    row = reader.other(line)
    reader.builder.add(name, value, line.number, at=row)
    return row


def _tidy(text: str) -> str:
    """A line without comment, with one space between words and where it says nothing: `(a:b) NOPASSWD: c,d`."""
    out: list[str] = []
    runas = False
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece == "#" and not _ID.match(text, match.start()):
            break
        if piece.isspace():
            if out and out[-1] not in _NO_SPACE_AFTER:
                out.append(" ")
            continue
        if piece in _NO_SPACE_BEFORE and out and out[-1] == " ":
            out.pop()
        runas = piece == "(" or (runas and piece != ")")
        out.append(piece)
        if piece == ")" or (piece == ":" and not runas):
            out.append(" ")
    return "".join(out).strip()


_NO_SPACE_AFTER = frozenset({" ", ",", "=", "(", "!", ":"})
_NO_SPACE_BEFORE = frozenset({",", "=", ":", ")"})


def _separated(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that are neither quoted nor escaped."""
    parts: list[list[str]] = [[]]
    for match in _PIECE.finditer(text):
        if match[0] == separator:
            parts.append([])
        else:
            parts[-1].append(match[0])
    return [part for pieces in parts if (part := "".join(pieces).strip())]
