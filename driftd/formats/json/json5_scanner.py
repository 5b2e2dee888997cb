"""Reads JSON5 text: JSON with the names, strings and numbers of JavaScript. See spec.json5.org."""

from __future__ import annotations

import re

from driftd.formats.json.scanner import JsonScanner, number_node
from driftd.model.document import Node, ParseError

_TOKEN = re.compile(
    r"""
      (?P<punctuation>[{}\[\],:])
    | (?P<string>"(?:[^"\\\n]++|\\(?:\r\n|.))*+"|'(?:[^'\\\n]++|\\(?:\r\n|.))*+')
    | (?P<number>[+\-]?(?:0[xX][0-9a-fA-F]++
        |(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+\-]?[0-9]++)?
        |Infinity|NaN))(?![\w.+$])
    | (?P<word>[^\W\d][\w$]*+|\$[\w$]*+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|\r\n|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MAX_DIGITS = 400


class Json5Scanner(JsonScanner):
    """Reads one text; comments and trailing commas belong to the format."""

    tokens = _TOKEN

    def _name(self, symbol: str) -> str:
        if symbol[:1] in ('"', "'"):
            return self._string(symbol)
        match = _TOKEN.fullmatch(symbol)
        if match is None or (match.lastgroup != "word" and symbol not in ("Infinity", "NaN")):
            raise ParseError("expected a name", self._line)
        return symbol

    def _scalar(self, symbol: str) -> Node:
        if symbol[0] in "\"'":
            return Node(self._string(symbol), self._line)
        digits = symbol.lstrip("+-")
        if symbol[0] not in "+-.0123456789" and digits not in ("Infinity", "NaN"):
            raise ParseError("expected a value", self._line)
        if digits[0].isalpha() or len(symbol) > _MAX_DIGITS:
            return Node(symbol, self._line)  # Infinity, NaN
        if digits[:2] in ("0x", "0X"):
            return Node(int(symbol, 16), self._line, raw=symbol)
        plain = symbol.lstrip("+")
        node = number_node(plain, self._line)
        node.raw = symbol if node.raw is not None or plain != symbol else None
        return node

    def _string(self, symbol: str) -> str:
        body = symbol[1:-1]
        if "\\" not in body:
            return body
        return _HALVES.sub(_whole, _ESCAPE.sub(_unescaped, body))


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 2:
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)


def _whole(match: re.Match[str]) -> str:
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")
