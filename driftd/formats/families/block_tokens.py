"""Tokens of the formats with `{}` blocks: words, quoted texts, ends of directives, braces."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from driftd.formats.parts.lines import line_starts
from driftd.model.document import ParseError


@dataclass(frozen=True, slots=True)
class Token:
    """One word, end of a directive, or brace, and where it starts."""

    kind: Literal["word", "end", "open", "close"]
    text: str
    offset: int
    form: Literal["bare", "quoted", "sign"] = "bare"
    """How a word is written."""


@cache
def token_pattern(
    *, newline_ends: bool, slash_comments: bool, comment: str = "#", signs: str = "", long_texts: bool = False
) -> re.Pattern[str]:
    """Return the pattern of one token; every alternative is possessive, so that no input backtracks.

    `comment`: characters that start one; `signs`: characters that are words of their own, wherever they stand;
    `long_texts`: `{"..."}` is a quoted text, too.
    """
    escaped = r"\\[^\n]" if newline_ends else r"\\."
    slash = r"| (?://[^\n]*+ | /\*(?:[^*]++|\*(?!/))*+\*/)" if slash_comments else ""
    newline = r"(?P<newline>\n)" if newline_ends else r"\n"
    singly, runs = (re.escape("".join(char for char in signs if (char in ",()") is alone)) for alone in (True, False))
    sign = rf"| (?P<sign>[{singly}]{f'|[{runs}]++' if runs else ''})" if signs else ""
    long = r'| \{"(?P<long>(?:[^"]++|"(?!\}))*+)"\}' if long_texts else ""
    quote = r'"' if signs else ""
    # What opens a comment or a text and does not close it is an error at once, and not looked for again at every place.
    opening = r"\{(?!\")" if long_texts else r"\{"
    no_word = r"[\"']|/\*" if slash_comments else r"[\"']"
    return re.compile(
        rf"""
          {newline}
        | [^\S\n]++ | \\\n
        | [{re.escape(comment)}][^\n]*+
        {slash}
        {sign}
        {long}
        | (?P<end>;)
        | (?P<open>{opening})
        | (?P<close>\}})
        | "(?P<double>(?:[^"\\]++|\\.)*+)"
        | '(?P<single>(?:[^'\\]++|\\.)*+)'
        | (?P<word>(?!{no_word})(?:[^\s;{{\\${quote}{singly}{runs}]++|{escaped}|\$\{{?+|\\\Z)++)
        """,
        re.VERBOSE | re.DOTALL,
    )


_ESCAPE = re.compile(r"\\([\"'\\trn])")
_ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}


def tokens(text: str, pattern: re.Pattern[str], at: int) -> Iterator[Token]:
    """Yield tokens from `at` on; white space and comments are left out."""
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            what = "quote" if text[at] in "\"'" else "comment"
            raise ParseError(f"a {what} is not closed", bisect_right(line_starts(text), at))
        at = match.end()
        match match.lastgroup:
            case None:
                continue
            case "open" | "close" | "end" as kind:
                yield Token(kind, match[0], match.start())
            case "newline":
                yield Token("end", "\n", match.start())
            case "sign":
                yield Token("word", match[0], match.start(), "sign")
            case group:
                inner = match[group]
                word = _ESCAPE.sub(_unescape, inner) if "\\" in inner and group != "long" else inner
                yield Token("word", word, match.start(), "bare" if group == "word" else "quoted")


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])


_CODE = re.compile(
    r"""
      --\[\[(?:[^\]]++|\](?!\]))*+(?:\]\]|\Z) | --[^\n]*+
    | \[\[(?:[^\]]++|\](?!\]))*+(?:\]\]|\Z)
    | "(?:[^"\\\n]++|\\.)*+(?:"|) | '(?:[^'\\\n]++|\\.)*+(?:'|)
    | (?P<open>\{) | (?P<close>\})
    | [^\-\["'{}]++ | .
    """,
    re.VERBOSE | re.DOTALL,
)


def code_end(text: str, at: int) -> int | None:
    """Return where the `}` stands that closes a block of Lua opened before `at`; braces in texts do not count."""
    depth = 1
    while (match := _CODE.match(text, at)) is not None:
        if match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
            if depth == 0:
                return match.start()
        at = match.end()
    return None
