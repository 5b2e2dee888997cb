"""Apache httpd: directives and `<Section argument>` blocks. See https://httpd.apache.org/docs/2.4/configuring.html.

Names ignore case. A RewriteRule is an object with the RewriteCond lines before it, which belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from driftd.formats.arguments import join_arguments
from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import Line, continued, lines
from driftd.model.document import Document, Node, ParseError

NAME = "apache"
VERSION = 2
PATTERNS = (
    "apache2.conf",
    "httpd.conf",
    "httpd-*.conf",
    ".htaccess",
    "*/apache2/**/*.conf",
    "*/apache2/sites-available/*",
    "*/apache2/sites-enabled/*",
    "*/apache2/mods-available/*.load",
    "*/apache2/mods-enabled/*.load",
    "*/httpd/**/*.conf",
    "*/mods-available/*.load",
    "*/mods-enabled/*.load",
)
HINTS = ("*.conf", "*.vhost", "*/sites-available/*", "*/sites-enabled/*")

# Directives that add to what was said before, by the documentation of each module.
REPEATABLE = frozenset(
    {
        *("action", "addcharset", "adddescription", "addencoding", "addhandler", "addicon", "addiconbyencoding"),
        *("addiconbytype", "addlanguage", "addoutputfilter", "addoutputfilterbytype", "addtype", "alias", "aliasmatch"),
        *("allow", "balancermember", "browsermatch", "browsermatchnocase", "customlog", "define", "deny"),
        *("errordocument", "expiresbytype", "header", "include", "includeoptional", "listen", "loadmodule"),
        *("logformat", "namevirtualhost", "passenv", "php_admin_flag", "php_admin_value", "php_flag", "php_value"),
        *("proxypass", "proxypassmatch", "proxypassreverse", "proxyset", "redirect", "redirectmatch"),
        *("redirectpermanent", "removehandler", "removetype", "requestheader", "require", "rewritecond", "rewritemap"),
        *("scriptalias", "scriptaliasmatch", "serveralias", "setenv", "setenvif", "setenvifnocase", "unsetenv", "use"),
        *("wsgiscriptalias",),
    }
)
INCLUDES = frozenset({"include", "includeoptional"})
_CODE = frozenset({"perl"})
_UNQUOTED = frozenset({"ifdefine", "ifmodule"})
"""Sections in whose argument a quote is a character like any other (httpd's start_ifmod, start_ifdefine)."""

_OPEN = re.compile(r"<(\w[\w.:\-]*+)(.*+)", re.DOTALL)
_CLOSE = re.compile(r"</(\w[\w.:\-]*+)\s*+>?")
_DIRECTIVE = re.compile(r"(\S++)\s*+(.*+)", re.DOTALL)
_WORD = re.compile(r'"((?:[^"\\]++|\\.)*+)(?:"|\\?\Z)|' r"'((?:[^'\\]++|\\.)*+)(?:'|\\?\Z)|(\S++)", re.DOTALL)


@dataclass(slots=True)
class _Section:
    """A section that is being read, and the conditions that wait for their rule."""

    node: Node
    name: str
    line: int
    conditions: list[tuple[str, int]]


def parse(data: bytes, path: str) -> Document:
    """Read directives and sections; ParseError names the line of a section that is not closed or never opened."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


class _Reader:
    """Reads one file; the innermost section that is open comes last."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._open = [_Section(builder.root, "", 1, [])]

    def read(self, data: bytes) -> Document:
        """Return the document."""
        source = continued(lines(data), "")
        for line in source:
            text = line.text.strip()
            if not text or text.startswith("#"):
                continue
            if text.startswith("</"):
                self._leave(text, line.number)
            elif text.startswith("<"):
                self._enter(text, line.number, source)
            else:
                self._directive(text, line.number)
        if len(self._open) > 1:
            raise ParseError(f"section <{self._open[-1].name}> is not closed", self._open[-1].line)
        self._rest(self._open[0])
        return self._builder.done()

    def _enter(self, text: str, number: int, source: Iterator[Line]) -> None:
        match = _OPEN.fullmatch(text)
        if match is None:
            raise ParseError("a section without a name", number)
        if not text.endswith(">"):
            self._builder.problem(number, "`>` is missing")
        name, written = match[1].lower(), match[2].removesuffix(">").strip()
        argument = written if name in _UNQUOTED else join_arguments(_words(written))
        node = self._builder.block(name, argument or None, number, at=self._open[-1].node)
        if name in _CODE:
            self._code(name, node, number, source)
        else:
            self._open.append(_Section(node, name, number, []))

    def _code(self, name: str, node: Node, number: int, source: Iterator[Line]) -> None:
        """Keep a section of another language as one text."""
        code: list[str] = []
        for line in source:
            if line.text.strip().lower().startswith(f"</{name}"):
                self._builder.add("code", "\n".join(code), number, at=node)
                return
            code.append(line.text.rstrip())
        raise ParseError(f"section <{name}> is not closed", number)

    def _leave(self, text: str, number: int) -> None:
        match = _CLOSE.fullmatch(text)
        name = match[1].lower() if match else ""
        section = self._open[-1]
        if name != section.name or len(self._open) == 1:
            raise ParseError(f"unexpected {text if match else '`</`'}", number)
        self._rest(section)
        self._open.pop()

    def _directive(self, text: str, number: int) -> None:
        match = _DIRECTIVE.fullmatch(text)
        assert match is not None
        name, section = match[1].lower(), self._open[-1]
        arguments = _words(match[2])
        value = join_arguments(arguments)
        if name == "rewritecond":
            section.conditions.append((value, number))
        elif name == "rewriterule":
            rule = self._builder.block(name, None, number, at=section.node)
            self._builder.add("rule", value, number, at=rule)
            self._conditions(section, rule)
        else:
            self._builder.add(name, value, number, at=section.node, repeatable=name in REPEATABLE)
        if name in INCLUDES:
            for argument in arguments:
                self._builder.include(argument)

    def _conditions(self, section: _Section, at: Node) -> None:
        for value, line in section.conditions:
            self._builder.add("rewritecond", value, line, at=at, repeatable=True)
        section.conditions = []

    def _rest(self, section: _Section) -> None:
        """Keep conditions that no rule follows where they stand."""
        self._conditions(section, section.node)


def _words(text: str) -> list[str]:
    """Words as httpd takes them: a quote counts at the start of a word, and reaches to the end where none closes it."""
    return [_resolved(match) for match in _WORD.finditer(text)]


def _resolved(match: re.Match[str]) -> str:
    if match[1] is not None:
        return match[1].replace('\\"', '"')
    if match[2] is not None:
        return match[2].replace("\\'", "'")
    return match[3]


_TYPICAL = re.compile(
    rb"^[ \t]*+<(?:Directory|DirectoryMatch|Files|FilesMatch|IfDefine|IfModule|IfVersion|Location|LocationMatch|Proxy"
    rb"|VirtualHost)\b[^\n>]*>",
    re.MULTILINE | re.IGNORECASE,
)


def sniff(data: bytes) -> bool:
    """Whether the file has a section that is typical of httpd and is well-formed."""
    if _TYPICAL.search(data) is None:
        return False
    try:
        parse(data, "")
    except ParseError:
        return False
    return True
