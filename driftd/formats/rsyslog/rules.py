"""Rules of rsyslog: what is done with a message, in the old syntax and in RainerScript.

See https://www.rsyslog.com/doc/configuration/filters.html and syslog.conf(5).
"""

from __future__ import annotations

import re

from driftd.formats.parts.cursor import too_deep
from driftd.formats.rsyslog.rainerscript import Script
from driftd.model.document import Node, ParseError

_REST = re.compile(r"(?:[^\\\n]++|\\\n[ \t]*+|\\)*+")
_WORD = re.compile(r"[A-Za-z_]\w*+")
_BLOCK = re.compile(r"(?:![^\s{(]*+|[+-][^\s{(/]++)(?:[ \t]++(?=#)[^\n]*+|[ \t]*+(?=\n|\Z))")
_FILTER = re.compile(r':\s*+([!\w.$-]++)\s*+,\s*+(!?\s*+\w++)\s*+(?:,\s*+("(?:[^"\\]++|\\.)*+"))?\s*+', re.DOTALL)
_SELECTOR = re.compile(r"[\w*](?:[\w*.,;=!]++|\\\n[ \t]*+)*+(?=[ \t\\])")
_CONTINUED = re.compile(r"\\\n[ \t]*+")
_SPACES = re.compile(r"[ \t]++|\\\n[ \t]*+")
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"|[^\s"]++|"|\s++', re.DOTALL)


class RuleReader:
    """Reads rules and statements; `pending` are `$Action...` lines that wait for their rule."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.pending: dict[str, Node] = {}

    def statements(self, depth: int) -> list[Node]:
        """Statements up to the closing brace, the opening one being passed."""
        script = self.script
        start = script.line
        too_deep(depth, start)
        found: list[Node] = []
        while script.skip():
            if script.text[script.at] == "}":
                script.at += 1
                return found
            self.statement(found, depth)
        raise ParseError("a block is not closed", start)

    def statement(self, into: list[Node], depth: int) -> None:
        """Read one rule or statement and add it to a list."""
        script = self.script
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
        match = _SELECTOR.match(self.script.text, self.script.at)
        if match is None or "." not in match[0]:
            return None
        self.script.at = match.end()
        return _CONTINUED.sub("", match[0])

    def _rule(self, kind: str, condition: str, line: int, depth: int) -> Node:
        members: dict[str, Node] = {kind: Node(condition, line)}
        members["action"] = Node(self._actions(depth), line, repeated=True)
        members.update(self.pending)
        self.pending = {}
        return Node(members, line)

    def _actions(self, depth: int) -> list[Node]:
        """What is done: a block, one statement, or an action of the old kind."""
        script = self.script
        while script.take(_SPACES):
            pass
        if script.text.startswith("{", script.at):
            script.at += 1
            return self.statements(depth + 1)
        found: list[Node] = []
        if not self._scripted(found, depth + 1):
            found.append(self._legacy_action())
        return found

    def _another_action(self, into: list[Node], depth: int) -> None:
        """Add `& action` to the rule before it."""
        script = self.script
        line = script.line
        script.at += 1
        actions = self._actions(depth)
        rule = into[-1].value if into else None
        last = _last_actions(rule) if isinstance(rule, dict) else None
        if last is None or not isinstance(last.value, list):
            raise ParseError("`&` without a rule before it", line)
        assert isinstance(rule, dict)
        last.value.extend(actions)
        rule.update(self.pending)
        self.pending = {}

    def _legacy_action(self) -> Node:
        line = self.script.line
        text = tidy(self.rest())
        if not text:
            raise ParseError("an action is missing", line)
        return Node(text, line)

    def _scripted(self, into: list[Node], depth: int) -> bool:
        """Read a statement of RainerScript into a list; whether there is one."""
        script = self.script
        line, start = script.line, script.at
        too_deep(depth, line)
        match = script.take(_WORD)
        word = match[0].lower() if match else ""
        match word:
            case "if":
                into.append(self._if(line, depth))
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

    def _if(self, line: int, depth: int) -> Node:
        """A condition with its branches; those of `else if` are a list."""
        script = self.script
        rule = self._condition(line, depth)
        others: list[Node] = []
        while self._takes("else"):
            at = script.line
            if not self._takes("if"):
                rule["else"] = Node(self._branch(depth), at, repeated=True)
                break
            others.append(Node(self._condition(at, depth + 1), at))
            rule["else if"] = Node(others, others[0].line)
        rule.update(self.pending)
        self.pending = {}
        return Node(rule, line)

    def _condition(self, line: int, depth: int) -> dict[str, Node]:
        condition = self.script.expression("then")
        return {"if": Node(condition, line), "then": Node(self._branch(depth), line, repeated=True)}

    def _takes(self, word: str) -> bool:
        """Pass over a word; whether it comes next."""
        script = self.script
        mark = script.at
        if script.skip() and (match := script.take(_WORD)) is not None and match[0].lower() == word:
            return True
        script.at = mark
        return False

    def _branch(self, depth: int) -> list[Node]:
        self.script.skip()
        return self._actions(depth)

    def rest(self) -> str:
        """The rest of the line and of those that continue it, without a comment."""
        match = self.script.take(_REST)
        assert match is not None
        return _CONTINUED.sub("", match[0])


def _last_actions(rule: dict[str, Node]) -> Node | None:
    """The actions of a rule to which another one can be added: those that were written last."""
    others = rule.get("else if")
    if "else" not in rule and others is not None and isinstance(others.value, list):
        last = others.value[-1].value
        return last.get("then") if isinstance(last, dict) else None
    return rule.get("else") or rule.get("then") or rule.get("action")


def tidy(text: str) -> str:
    """A text with one space where there is any outside of quotes, without the comment behind it."""
    parts: list[str] = []
    for match in _QUOTED.finditer(text):
        piece = " " if match[0].isspace() else match[0]
        if piece.startswith("#") and parts and parts[-1] == " ":
            break
        parts.append(piece)
    return "".join(parts).strip()
