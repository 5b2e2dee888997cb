"""rsyslog.conf and syslog.conf: selectors with actions, `$Directive` lines, RainerScript.

See https://www.rsyslog.com/doc/configuration/index.html and syslog.conf(5). What is done with a message is the list
`rules`, in its order; `$Action...` lines are members of the rule that they come before. Names ignore case.
"""

from __future__ import annotations

import re

from driftd.formats.builder import DocumentBuilder
from driftd.formats.cursor import too_deep
from driftd.formats.lines import decode
from driftd.formats.rainerscript import Script
from driftd.model.document import Document, Node, ParseError

NAME = "rsyslog"
VERSION = 1
PATTERNS = (
    "rsyslog.conf",
    "*.rsyslog.conf",
    "*.rsyslog",
    "rsyslog.*.conf",
    "*/rsyslog.d/*",
    "/etc/syslog.conf",
    "/etc/syslog.d/*",
)
HINTS = ("*.conf",)

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

_REST = re.compile(r"(?:[^\\\n]++|\\\n[ \t]*+|\\)*+")
_WORD = re.compile(r"[A-Za-z_]\w*+")
_CALL = re.compile(r"([A-Za-z_]\w*+)\s*+\(")
_SETTING = re.compile(r"(include|secure_mode|rotate_size|rotate_count|udp_size|listen|notify)[ \t]++(?=\S)")
_BLOCK = re.compile(r"(?:![^\s{(]*+|[+-][^\s{(/]++)(?:[ \t]++(?=#)[^\n]*+|[ \t]*+(?=\n|\Z))")
_FILTER = re.compile(r':\s*+([!\w.$-]++)\s*+,\s*+(!?\s*+\w++)\s*+(?:,\s*+("(?:[^"\\]++|\\.)*+"))?\s*+', re.DOTALL)
_SELECTOR = re.compile(r"[\w*](?:[\w*.,;=!]++|\\\n[ \t]*+)*+(?=[ \t\\])")
_NAME = re.compile(r"\$(\w++)[ \t]*+")
_CONTINUED = re.compile(r"\\\n[ \t]*+")
_SPACES = re.compile(r"[ \t]++|\\\n[ \t]*+")
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"|[^\s"]++|"|\s++', re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read rules, directives and objects; ParseError names the line of what is none of them."""
    return _Reader(Script(decode(data)), DocumentBuilder(path, NAME)).read()


class _Reader:
    """Reads one file."""

    def __init__(self, script: Script, builder: DocumentBuilder) -> None:
        self._script = script
        self._builder = builder
        self._rules: list[Node] = []
        self._pending: dict[str, Node] = {}
        """`$Action...` lines that wait for their rule."""

    def read(self) -> Document:
        """Return the document."""
        script = self._script
        while script.skip():
            if script.text[script.at] == "$":
                self._directive()
            elif (match := script.take(_SETTING)) is not None:
                self._set(match[1], _tidy(self._rest()), script.line)
            elif not self._object():
                self._statement(self._rules, 0)
        for name, node in self._pending.items():
            self._builder.graft(name, node)
        if self._rules:
            self._builder.graft("rules", Node(self._rules, self._rules[0].line))
        return self._builder.done()

    def _directive(self) -> None:
        line = self._script.line
        match = self._script.take(_NAME)
        if match is None:
            raise ParseError("a directive without a name", line)
        name, value = "$" + match[1].lower(), _tidy(self._rest())
        if name.startswith("$action") and name not in _DEFAULTS:
            self._pending[name] = Node(value, line)
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
            members["rules"] = Node(self._statements(1), line)
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

    def _statements(self, depth: int) -> list[Node]:
        """Statements up to the closing brace, the opening one being passed."""
        script = self._script
        start = script.line
        too_deep(depth, start)
        found: list[Node] = []
        while script.skip():
            if script.text[script.at] == "}":
                script.at += 1
                return found
            self._statement(found, depth)
        raise ParseError("a block is not closed", start)

    def _statement(self, into: list[Node], depth: int) -> None:
        """Read one rule or statement and add it to a list."""
        script = self._script
        line = script.line
        too_deep(depth, line)
        if script.text[script.at] == "&":
            self._another_action(into, depth)
        elif script.text[script.at] == ":":
            match = script.take(_FILTER)
            if match is None:
                into.append(self._legacy_action())
                return
            words = [match[1], "".join(match[2].split()), *([match[3]] if match[3] else [])]
            into.append(self._rule("filter", ":" + ", ".join(words), line, depth))
        elif depth == 0 and (match := script.take(_BLOCK)) is not None:
            into.append(Node({"block": Node(match[0].split()[0], line)}, line))
        elif (selector := self._selector()) is not None:
            into.append(self._rule("selector", selector, line, depth))
        elif not self._scripted(into, depth):
            if depth == 0:
                raise ParseError("neither a rule nor a directive", line)
            into.append(self._legacy_action())

    def _selector(self) -> str | None:
        """Pass over a selector and return it; None where there is none."""
        match = _SELECTOR.match(self._script.text, self._script.at)
        if match is None or "." not in match[0]:
            return None
        self._script.at = match.end()
        return _CONTINUED.sub("", match[0])

    def _rule(self, kind: str, condition: str, line: int, depth: int) -> Node:
        members: dict[str, Node] = {kind: Node(condition, line)}
        members["action"] = Node(self._actions(depth), line, repeated=True)
        members.update(self._pending)
        self._pending = {}
        return Node(members, line)

    def _actions(self, depth: int) -> list[Node]:
        """What is done: a block, one statement, or an action of the old kind."""
        script = self._script
        while script.take(_SPACES):
            pass
        if script.text.startswith("{", script.at):
            script.at += 1
            return self._statements(depth + 1)
        found: list[Node] = []
        if not self._scripted(found, depth + 1):
            found.append(self._legacy_action())
        return found

    def _another_action(self, into: list[Node], depth: int) -> None:
        """Add `& action` to the rule before it."""
        script = self._script
        line = script.line
        script.at += 1
        actions = self._actions(depth)
        rule = into[-1].value if into else None
        last = (rule.get("else") or rule.get("then") or rule.get("action")) if isinstance(rule, dict) else None
        if last is None or not isinstance(last.value, list):
            raise ParseError("`&` without a rule before it", line)
        assert isinstance(rule, dict)
        last.value.extend(actions)
        rule.update(self._pending)
        self._pending = {}

    def _legacy_action(self) -> Node:
        line = self._script.line
        text = _tidy(self._rest())
        if not text:
            raise ParseError("an action is missing", line)
        return Node(text, line)

    def _scripted(self, into: list[Node], depth: int) -> bool:
        """Read a statement of RainerScript into a list; whether there is one."""
        script = self._script
        line, start = script.line, script.at
        too_deep(depth, line)
        match = script.take(_WORD)
        word = match[0].lower() if match else ""
        match word:
            case "if":
                condition = script.expression("then")
                rule = {"if": Node(condition, line), "then": Node(self._branch(depth), line, repeated=True)}
                mark = script.at
                if script.skip() and (other := script.take(_WORD)) is not None and other[0].lower() == "else":
                    rule["else"] = Node(self._branch(depth), line, repeated=True)
                else:
                    script.at = mark
                rule.update(self._pending)
                self._pending = {}
                into.append(Node(rule, line))
            case "foreach":
                condition = script.expression("do")
                into.append(Node({"foreach": Node(condition, line), "do": Node(self._branch(depth), line)}, line))
            case "set" | "reset" | "unset":
                into.append(Node(f"{word} {script.expression(';')}", line))
            case "stop" | "continue" if not script.text.startswith((".", ","), script.at):
                into.append(Node(word, line))
            case "call" | "call_indirect" | "reload_lookup_table":
                into.append(Node(f"{word} {script.expression(';') if word != 'call' else script.token().text}", line))
            case "action" if script.text.startswith("(", script.at):
                script.at += 1
                into.append(Node(dict(script.parameters()), line))
            case _:
                script.at = start
                return False
        return True

    def _branch(self, depth: int) -> list[Node]:
        self._script.skip()
        return self._actions(depth)

    def _rest(self) -> str:
        """The rest of the line and of those that continue it, without a comment."""
        match = self._script.take(_REST)
        assert match is not None
        return _CONTINUED.sub("", match[0])


def _tidy(text: str) -> str:
    """A text with one space where there is any outside of quotes, without the comment behind it."""
    parts: list[str] = []
    for match in _QUOTED.finditer(text):
        piece = " " if match[0].isspace() else match[0]
        if piece.startswith("#") and parts and parts[-1] == " ":
            break
        parts.append(piece)
    return "".join(parts).strip()


_TYPICAL = re.compile(
    rb"""
    ^[ \t]*+(?:
      \$(?:ModLoad|IncludeConfig|template|ActionFileDefaultTemplate|InputTCPServerRun|UDPServerRun|WorkDirectory)\s
    | (?:module\(\s*+load|input\(\s*+type|ruleset\(\s*+name|action\(\s*+type)\s*+=
    | :(?:msg|programname|hostname|syslogtag|fromhost|rawmsg)\s*+,\s*+!?\w++\s*+,
    | if\s*+\(*+\s*+\$(?:programname|msg|hostname|syslog|fromhost|!|\.)
    | (?:\*|auth|authpriv|cron|daemon|kern|local[0-7]|mail|news|user|lpr)(?=[^\s.]*+\.)[\w.,;=!*]++[ \t]++[-/@|:*~]
    )
    """,
    re.VERBOSE | re.MULTILINE,
)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a line that is typical of rsyslog or syslogd."""
    if _TYPICAL.search(data) is None:
        return False
    try:
        parse(data, "")
    except ParseError:
        return False
    return True
