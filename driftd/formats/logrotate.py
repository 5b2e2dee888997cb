"""logrotate: directives for all logs, and blocks for those of some paths. See logrotate(8)."""

from __future__ import annotations

import re

from driftd.formats.parts.arguments import join_arguments, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

NAME = "logrotate"
VERSION = 4
PATTERNS = ("*/logrotate.conf", "*/logrotate.d/*", "*.logrotate", "*.logrotate.conf", "*-logrotate.conf")
HINTS = ("*/logrotate/*", "*/logrotate/**/*", "*logrotate*")

SCRIPTS = frozenset({"prerotate", "postrotate", "firstaction", "lastaction", "preremove"})
REPEATABLE = frozenset({"include", "tabooext", "taboopat"})
INTERVALS = frozenset({"hourly", "daily", "weekly", "monthly", "yearly", "size"})
"""How often logs are rotated: of several the last counts."""
_ORDERS = by_name([("*", "log")])
"""What is said for all logs (`*`) holds for those that are named after it."""
_DIRECTIVE = re.compile(r"([A-Za-z_]++)(?:\s*+=\s*+|\s++|\Z)(.*+)")


def parse(data: bytes, path: str) -> Document:
    """Read directives and blocks; a block stands in the list `log` with its paths in `@`, a script is one text."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a block of paths; the state file beside it has none."""
    try:
        document = parse(data, "")
    except ParseError:
        return False
    return isinstance(document.root.value, dict) and "log" in document.root.value


class _Reader:
    """Reads one file line by line."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._block: Node | None = None
        self._paths: list[str] = []
        """Words before a `{`, which may stand on several lines."""
        self._line = 1
        """Where the paths, the block or the script begins."""
        self._script: list[str] | None = None
        self._name = ""
        self._order = Order(_ORDERS)
        self._said: list[tuple[Node | None, dict[str, None]]] = [(None, {})]
        """What was said for all logs, and in each block, in the order in which it was said last."""

    def read(self, data: bytes) -> Document:
        """Return the document; ParseError names the line of a block or script that is not closed."""
        for line in lines(data):
            if self._script is not None:
                self._script_line(line.text.strip())
            elif (text := line.text.strip()) and not text.startswith("#"):
                self._take(Line(line.number, text))
        if self._script is not None or self._block is not None:
            raise ParseError(f"{self._name or 'a block'} is not closed", self._line)
        if self._paths:
            raise ParseError("paths without a block", self._line)
        for node, said in self._said:
            order = _overriding(list(said))
            if node is None:
                order += [name for run in self._order.unusual() for name in run]
            if order:
                self._builder.add("@order", " ".join(order), node.line or 1 if node else 1, at=node)
        return self._builder.done()

    def _take(self, line: Line) -> None:
        if self._block is None and (self._paths or line.text[0] in "/\"'~{*" or line.text.endswith("{")):
            self._begin(line)
        elif self._block is not None and line.text.startswith("}"):
            self._block, self._name = None, ""
        elif self._block is not None and line.text.endswith("}") and "{" not in line.text:
            self._directive(Line(line.number, line.text[:-1].rstrip()))
            self._block = None
        else:
            self._directive(line)

    def _begin(self, line: Line) -> None:
        """Take paths, up to the `{` that opens their block."""
        before, brace, after = _opening(line.text)
        if not self._paths:
            self._line = line.number
        self._paths += before.split()
        if not brace:
            return
        if not self._paths:
            raise ParseError("a block without paths", line.number)
        paths = split_arguments(" ".join(self._paths)) or self._paths
        self._block = self._builder.block("log", join_arguments(paths), self._line)
        self._order.note("log")
        self._said.append((self._block, {}))
        self._paths = []
        if after.strip() and not after.lstrip().startswith("#"):
            self._take(Line(line.number, after.strip()))

    def _directive(self, line: Line) -> None:
        match = _DIRECTIVE.fullmatch(line.text)
        if match is None:
            raise ParseError("not a directive", line.number)
        name, value = match[1], match[2]
        if name in SCRIPTS:
            self._script, self._name, self._line = [], name, line.number
            return
        self._builder.add(name, " ".join(value.split()), line.number, at=self._block, repeatable=name in REPEATABLE)
        self._say(name)
        if name == "include" and value:
            self._builder.include(value)

    def _say(self, name: str) -> None:
        _, said = self._said[0 if self._block is None else -1]
        if self._block is None and name != "include":
            self._order.note("*")
        said.pop(name, None)
        said[name] = None

    def _script_line(self, text: str) -> None:
        assert self._script is not None
        if text.split(None, 1)[:1] != ["endscript"]:
            if text and not text.startswith("#"):
                self._script.append(text)
            return
        self._builder.add(self._name, "\n".join(self._script), self._line, at=self._block)
        self._script, self._name = None, ""


def _overriding(said: list[str]) -> list[str]:
    """Directives that override each other, in their order; and an include before others, which do not hold for it."""
    names = set(said)
    intervals = [name for name in said if name in INTERVALS]
    switches = [name for name in said if "no" + name in names or name.removeprefix("no") in names - {name}]
    emptiness = [name for name in said if name in ("ifempty", "notifempty")]
    found = [name for group in (intervals, emptiness) if len(group) > 1 for name in group] + switches
    if "include" in names and said[-1] != "include":
        found += ["include", "*"]
    return found


def _opening(text: str) -> tuple[str, str, str]:
    """A line before, at and behind the `{` that opens a block; those of a pattern such as `/log/{a,b}` are closed."""
    brace = text.find("{")
    while brace >= 0:
        close = text.find("}", brace)
        if close <= brace + 1 or any(char.isspace() for char in text[brace:close]):
            return text[:brace], "{", text[brace + 1 :]
        brace = text.find("{", close)
    return text, "", ""
