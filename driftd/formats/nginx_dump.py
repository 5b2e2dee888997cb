"""What `nginx -T` prints: every file that nginx reads, one after the other, each put back where it is included. See nginx(8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from driftd.formats.families.blocks import parse_blocks
from driftd.formats.nginx import SYNTAX
from driftd.formats.parts.lines import decode
from driftd.model.document import Document, ParseError

NAME = "nginx_dump"
VERSION = 2
PATTERNS = ()

MAX_LINES = 400_000
MAX_DEPTH = 20
MAX_COMPARED = 2_000_000
"""Names that are held against the wildcards of includes."""
_HEADER = re.compile(r"# configuration file (/.*):")
_INCLUDE = re.compile(r"""(?:^|(?<=[{};]))\s*+include\s++(?P<quote>["']?)(?P<target>[^\s;"'{}]++)(?P=quote)\s*+;""")
_WILD = re.compile(r"[*?[]")
_SYNTAX = replace(SYNTAX, format=NAME)


def parse(data: bytes, path: str) -> Document:
    """Read one tree, as if nothing had been included; lines are those of the dump."""
    expansion = _Expansion()
    for name, lines in _files(decode(data)):
        expansion.files.setdefault(name, lines)
    expansion.expand()
    text = "\n".join(line for _, line in expansion.lines)
    try:
        document = parse_blocks(text.encode("utf-8", "surrogateescape"), path, _SYNTAX)
    except ParseError as error:
        raise ParseError(error.message, expansion.origin(error.line)) from error
    for _, node in document.root.walk():
        node.line = expansion.origin(node.line)
    document.problems[:] = [replace(each, line=expansion.origin(each.line)) for each in document.problems]
    return document


def sniff(data: bytes) -> bool:
    """Whether it begins with the name of a file, as nginx writes it."""
    return data.startswith(b"# configuration file /")


Lines = list[tuple[int, str]]
"""Lines with their numbers in the dump."""


def _files(text: str) -> Iterator[tuple[str, Lines]]:
    """Yield the files of a dump; what stands before the first one has no name."""
    name, lines = "", Lines()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.fullmatch(line)
        if header is None:
            lines.append((number, line))
            continue
        if any(line.strip() for _, line in lines):
            yield name, lines
        name, lines = header[1], []
    yield name, lines


@dataclass(slots=True)
class _Expansion:
    """The files of a dump, and the lines that they make together."""

    files: dict[str, Lines] = field(default_factory=dict)
    lines: Lines = field(default_factory=list)
    _included: set[str] = field(default_factory=set)
    _names: dict[str, list[str]] = field(default_factory=dict)
    _compared: int = 0

    def expand(self) -> None:
        """Write the first file with what it includes; what nobody seems to include follows it, so that nothing is lost."""
        for name in self.files:
            if name not in self._included:
                self._write(name, ())

    def origin(self, line: int | None) -> int | None:
        """Return the line of the dump that a line comes from."""
        return line if line is None or not self.lines else self.lines[min(line, len(self.lines)) - 1][0]

    def _write(self, name: str, above: tuple[str, ...]) -> None:
        self._included.add(name)
        for number, line in self.files[name]:
            rest = 0
            for found in _INCLUDE.finditer(line):
                names = self._named(found["target"], number)
                if any(char in line[: found.start()] for char in "#\"'"):
                    break
                if len(above) >= MAX_DEPTH or any(one in (*above, name) for one in names):
                    continue
                if not names and not _WILD.search(found["target"]):
                    continue
                self._take(number, line[rest : found.start()])
                for one in names:
                    self._write(one, (*above, name))
                rest = found.end()
            self._take(number, line[rest:])

    def _take(self, number: int, text: str) -> None:
        if len(self.lines) >= MAX_LINES:
            raise ParseError(f"more than {MAX_LINES} lines with everything that is included", number)
        self.lines.append((number, text))

    def _named(self, target: str, number: int) -> list[str]:
        """Return the files that an include names, in its order."""
        if target not in self._names:
            self._names[target] = self._found(target, number)
        return self._names[target]

    def _found(self, target: str, number: int) -> list[str]:
        if not target.startswith("/"):
            target = next(iter(self.files)).rpartition("/")[0] + "/" + target  # relative to the first file
        if not _WILD.search(target):
            return [target] if target in self.files else []
        self._compared += len(self.files)
        if self._compared > MAX_COMPARED:
            raise ParseError("too many includes with wildcards for so many files", number)
        depth = target.count("/")
        return sorted(name for name in self.files if name.count("/") == depth and fnmatchcase(name, target))
