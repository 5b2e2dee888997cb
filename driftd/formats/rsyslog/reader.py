"""The reader of rsyslog; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.rsyslog.rainerscript import Script
from driftd.formats.rsyslog.rules import RuleReader, tidy
from driftd.model.document import Document, Node, ParseError

_OBJECTS = frozenset(
    {"dyn_stats", "global", "include", "input", "lookup_table", "main_queue", "module", "parser", "perctile_stats"}
    | {"ratelimit", "ruleset", "template", "timezone"}
)
# Directives that count for what comes after them, so that their place among the rules tells.
_POSITIONAL = frozenset(
    {"$actionfiledefaulttemplate", "$actionforwarddefaulttemplate", "$createdirs", "$dircreatemode", "$dirgroup"}
    | {"$dirowner", "$failonchownfailure", "$filecreatemode", "$filegroup", "$fileowner", "$includeconfig"}
    | {"$resetconfigvariables", "$ruleset", "$umask", "include"}
)
_REPEATABLE = frozenset(
    {"$allowedsender", "$includeconfig", "$inputtcpserverrun", "$inputrelpserverrun", "$modload", "$outchannel"}
    | {"$template", "$udpserverrun", "$addunixlistensocket", "include"}
)
_DEFAULTS = frozenset({"$actionfiledefaulttemplate", "$actionforwarddefaulttemplate"})
_CALL = re.compile(r"([A-Za-z_]\w*+)\s*+\(")
_SETTING = re.compile(r"(include|secure_mode|rotate_size|rotate_count|udp_size|listen|notify)[ \t]++(?=\S)")
_NAME = re.compile(r"\$(\w++)[ \t]*+")


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(Script(text), builder).read()


class _Reader:
    """Reads one file."""

    def __init__(self, script: Script, builder: DocumentBuilder) -> None:
        self._script = script
        self._reader = RuleReader(script)
        self._builder = builder
        self._rules: list[Node] = []

    def read(self) -> Document:
        """Return the document."""
        script = self._script
        while script.skip():
            if script.text[script.at] == "$":
                self._directive()
            elif (match := script.take(_SETTING)) is not None:
                self._set(match[1], tidy(self._reader.rest()), script.line)
            elif not self._object():
                self._reader.statement(self._rules, 0)
        self._builder.graft_all(self._reader.pending)
        if self._rules:
            self._builder.graft("rules", Node(self._rules, self._rules[0].line))
        return self._builder.done()

    def _directive(self) -> None:
        line = self._script.line
        match = self._script.take(_NAME)
        if match is None:
            raise ParseError("a directive without a name", line)
        name, value = "$" + match[1].lower(), tidy(self._reader.rest())
        if name.startswith("$action") and name not in _DEFAULTS:
            self._reader.pending[name] = Node(value, line)
        else:
            self._set(name, value, line)
        if name == "$includeconfig":
            self._builder.include(value)

    def _set(self, name: str, value: str, line: int) -> None:
        if name in _POSITIONAL and self._rules:
            self._rules.append(Node({name: Node(value, line)}, line))
        else:
            self._builder.add(name, value, line, repeatable=name in _REPEATABLE)

    def _object(self) -> bool:
        """Read an object such as `module(...)`; whether there is one."""
        script = self._script
        line, start = script.line, script.at
        match = script.take(_CALL)
        if match is None or match[1].lower() not in _OBJECTS:
            script.at = start
            return False
        name = match[1].lower()
        members = script.parameters()
        if name == "ruleset" and self._opens():
            members["rules"] = Node(self._reader.statements(1), line)
        elif name == "template" and self._opens():
            members["statements"] = Node(self._parts(), line)
        node = Node(dict(members), line)
        if name == "include":
            file = members.get("file")
            if file is not None and isinstance(file.value, str):
                self._builder.include(file.value)
        if name in _POSITIONAL and self._rules:
            self._rules.append(Node({name: node}, line))
        else:
            self._builder.graft(name, node, repeatable=True)
        return True

    def _opens(self) -> bool:
        """Pass over an opening brace; whether there is one."""
        found = self._script.skip() and self._script.text[self._script.at] == "{"
        self._script.at += found
        return found

    def _parts(self) -> list[Node]:
        """The constants and properties of a list template."""
        script = self._script
        parts: list[Node] = []
        while script.skip():
            line = script.line
            if script.text[script.at] == "}":
                script.at += 1
                return parts
            match = script.take(_CALL)
            if match is None:
                raise ParseError("not a statement of a template", line)
            parts.append(Node({match[1].lower(): Node(dict(script.parameters()), line)}, line))
        raise ParseError("a template is not closed", script.line)
