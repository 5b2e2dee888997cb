"""TOML 1.1 written as TOML 1.0 says the same: for the standard library, which knows 1.1 from Python 3.15 on."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r'''(?P<text>"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}|"(?:[^"\\\n]++|\\.)*+")'''
    r"""|(?P<literal>'''(?:[^']++|'{1,2}(?!'))*+'{3,5}|'[^'\n]*+')"""
    r"""|(?P<comment>\#[^\n]*+)"""
    r"""|(?P<last>,(?=(?:[ \t\r\n]++|\#[^\n]*+)*+\}))"""
    r"""|(?P<bracket>[\[\]{}])"""
    r"""|(?P<end>\n)"""
    r"""|(?<![\w:.+\-])(?P<time>(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ])?[0-9]{2}:[0-9]{2})(?![0-9:.])"""
    r"""|[\w.+\-:]++""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:(e)|x([0-9a-fA-F]{2})|.)", re.DOTALL)


def as_toml_1_0(text: str) -> str:
    r"""Return the text without what is new in 1.1: ends of lines in inline tables, `\e`, `\x41`, times without seconds."""
    open_brackets: list[str] = []
    empty = False  # nothing but its bracket was seen of the table
    held_back = 0  # ends of lines within inline tables: they follow them, so that later lines keep their number

    def older(token: re.Match[str]) -> str:
        nonlocal empty, held_back
        in_table = open_brackets[-1:] == ["{"]
        is_first, empty = empty, token[0] == "{" or (empty and token.lastgroup in ("comment", "end"))
        match token.lastgroup:
            case "text":
                return older_escapes(token[0])
            case "bracket" if token[0] in "[{":
                open_brackets.append(token[0])
            case "bracket" if open_brackets:
                open_brackets.pop()
                if held_back and "{" not in open_brackets:
                    ends, held_back = "\n" * held_back, 0
                    return token[0] + ends
            case "comment" if in_table:
                return ""
            case "last" if in_table and not is_first:
                return ""
            case "end" if in_table:
                held_back += 1
                return " "
            case "time":
                return f"{token[0]}:00"
        return token[0]

    return _TOKEN.sub(older, text)


def older_escapes(text: str) -> str:
    r"""Return the text of a string with `\e` and `\x41` as `\u001b` and `\u0041`."""
    if "\\e" not in text and "\\x" not in text:
        return text
    return _ESCAPE.sub(lambda match: "\\u001b" if match[1] else f"\\u00{match[2]}" if match[2] else match[0], text)
