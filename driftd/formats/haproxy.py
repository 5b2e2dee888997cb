"""haproxy.cfg: sections of directives. See https://docs.haproxy.org/dev/configuration.html#2.

A section is an object in a list with its argument in `@`; `timeout` and `option` are named with the word that follows.
"""

from __future__ import annotations

import re

from driftd.formats.parts.arguments import join_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

NAME = "haproxy"
VERSION = 5
PATTERNS = (
    "haproxy.cfg",
    "haproxy*.cfg",
    "*/haproxy/*.cfg",
    "*/haproxy/**/*.cfg",
)
HINTS = ("*.cfg", "haproxy*.conf", "*/haproxy/*.conf", "*/haproxy/**/*.conf")

SECTIONS = frozenset(
    {
        *("acme", "backend", "cache", "crt-store", "defaults", "dynamic-update", "fcgi-app", "frontend", "global"),
        *("http-errors", "listen", "log-forward", "log-profile", "mailers", "peers", "program", "resolvers", "ring"),
        *("ruleset", "traces", "userlist"),
    }
)
REPEATABLE = frozenset(
    {
        *("acl", "bind", "capture", "cpu-map", "crt", "declare", "errorfile", "errorloc", "filter", "group"),
        *("http-after-response", "http-check", "http-request", "http-response", "log", "mailer", "nameserver", "peer"),
        *("presetenv", "redirect", "reqrep", "rsprep", "server", "server-template", "setenv", "stick", "tcp-check"),
        *("tcp-request", "tcp-response", "use-server", "use_backend", "user"),
    }
)
_PROXIES = frozenset({"frontend", "backend", "listen"})
_ORDERS = by_name([("defaults", "*")])
"""Defaults hold for the proxies (`*`) below them, up to the next."""
_SERVERS = by_name([("default-server", "server")])
"""What a server is by default holds for those below it."""
_TWO_WORDS = frozenset({"no", "option", "timeout"})
_WORD_PART = re.compile(
    r"""
      "(?P<double>(?:[^"\\]++|\\.)*+)"
    | '(?P<single>[^']*+)'
    | \\(?P<escaped>.)
    | (?P<plain>[^\s"'\\\#]++)
    | (?P<last>\\)
    """,
    re.VERBOSE | re.DOTALL,
)
_DOUBLE_ESCAPE = re.compile(r'\\(["\\#\'$ ])')


def parse(data: bytes, path: str) -> Document:
    """Read sections; ParseError where there are directives and not one section."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


class _Reader:
    """Reads one file: the directives of the section that was opened last."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._section: Node | None = None
        self._conditions: list[tuple[Node, Node | None]] = []
        """Conditional blocks that are open, and the section each stands in."""
        self._outside: int | None = None
        self._servers: list[tuple[Node, Order]] = []
        """Sections, with how their servers came."""

    def read(self, data: bytes) -> Document:
        """Return the document."""
        sections = 0
        order = Order(_ORDERS)
        for line in lines(data):
            words = _words(line.text)
            if words is None:
                self._builder.unread(line.text, line.number, "quotes are not balanced", at=self._section)
            elif words and words[0] in SECTIONS:
                sections += 1
                order.note("defaults" if words[0] == "defaults" else "*" if words[0] in _PROXIES else words[0])
                at = self._conditions[-1][0] if self._conditions else None
                self._section = self._builder.block(words[0], join_arguments(words[1:]) or None, line.number, at=at)
                self._servers.append((self._section, Order(_SERVERS)))
            elif words:
                self._directive(words, line.number)
        for node, _ in self._conditions:
            self._builder.problem(node.line, "condition is not closed")
        if self._outside is not None and not sections:
            raise ParseError("a directive outside of a section", self._outside)
        order.tell(self._builder, self._builder.root, 1)
        for section, servers in self._servers:
            servers.tell(self._builder, section, section.line or 1)
        return self._builder.done()

    def _directive(self, words: list[str], number: int) -> None:
        if words[0] in (".if", ".elif", ".else", ".endif"):
            self._condition(words, number)
            return
        if self._section is None:
            self._outside = self._outside or number
            self._builder.problem(number, "a directive outside of a section")
        name = _name(words)
        rest = words[name.count(" ") + 1 :]
        if self._servers:
            self._servers[-1][1].note("server" if name == "server-template" else name)
        self._builder.add(name, join_arguments(rest), number, at=self._section, repeatable=words[0] in REPEATABLE)

    def _condition(self, words: list[str], number: int) -> None:
        """Enter or leave a block of directives that are read under a condition."""
        if words[0] == ".if":
            before = self._section
        elif self._conditions:
            _, before = self._conditions.pop()
        else:
            self._builder.unread(join_arguments(words), number, f"{words[0]} without .if", at=self._section)
            return
        self._section = before
        if words[0] != ".endif":
            at = before or (self._conditions[-1][0] if self._conditions else None)
            node = self._builder.block(words[0], join_arguments(words[1:]) or None, number, at=at)
            self._conditions.append((node, before))
            self._section = node


def _name(words: list[str]) -> str:
    """What a directive is called: `timeout connect`, `option httplog`, `no option httpclose`."""
    count = 1
    while count < len(words) and words[count - 1] in _TWO_WORDS and count < 3:
        count += 1
    return " ".join(words[:count])


def _words(text: str) -> list[str] | None:
    """The words of a line without its comment; None where a quote is not closed."""
    found: list[str] = []
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace() or text[at] == "#":
            if parts:
                found.append("".join(parts))
                parts = []
            if text[at] == "#":
                return found
            at += 1
            continue
        match = _WORD_PART.match(text, at)
        if match is None:
            return None
        parts.append(_resolved(match))
        at = match.end()
    if parts:
        found.append("".join(parts))
    return found


def _resolved(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _DOUBLE_ESCAPE.sub(r"\1", match["double"])
    if match["single"] is not None:
        return match["single"]
    if match["escaped"] is not None:
        return match["escaped"] if match["escaped"] in " \\#\"'" else match[0]
    return match["plain"] or match["last"]


def sniff(data: bytes) -> bool:
    """Whether the file starts with a section, has a proxy or defaults, and no line looks like another syntax."""
    found: set[str] = set()
    for line in lines(data):
        words = line.text.split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if not found and words[0] not in SECTIONS:
            return False
        if words[0].endswith(("{", "}", ":", "=", ";")) or (len(words) > 1 and words[1] in ("=", "{")):
            return False
        if words[0] in SECTIONS:
            found.add(words[0])
    return bool(found & {"backend", "defaults", "frontend", "listen"})
