"""Where in a text secrets stand: passwords in URLs, keys by their shape, `password=...` inside longer lines.

Every function here takes time linear in the text: what it searches is first asked for by a plain substring, and
expressions repeat only up to a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.secrets.detectors import detectors
from driftd.secrets.names import Secrecy, secrecy
from driftd.secrets.values import holds_secret

Span = tuple[int, int]

_HINT = re.compile(
    r"pass|secret|token|pwd|psk|key|auth|cred|pw\b|communit|salt|seed|cookie|nonce|signature|pin\b", re.IGNORECASE
)
_ASSIGNED = re.compile(
    r"(?<![\w.-])-{0,2}(?P<name>[A-Za-z_][\w.-]{0,200})"
    r"(?:[\"'\])]{0,3}[ \t]{0,16}(?:=>|:=|=(?![=~])|:(?!:|//))|[\"'][ \t]{0,16},(?=[ \t]{0,16}[\"']))[ \t]{0,16}"
)
_OPTION = re.compile(r"(?<!\S)--?(?P<name>[A-Za-z][\w-]{0,100})[ \t]{1,16}(?=[^\s-])")
_VALUE = re.compile(
    r"\"(?P<double>(?:[^\"\\\n]|\\.|\"\")*+)\"?|'(?P<single>(?:[^'\\\n]|\\.|'')*+)'?"
    r"|(?P<command>`[^`\n]*+`?)|(?P<bare>(?:[^\s;&\"',]|,(?![\w-]{1,64}=))++)"
)
_REST = re.compile(
    r"\"(?P<double>(?:[^\"\\\n]|\\.|\"\")*+)\"?|'(?P<single>(?:[^'\\\n]|\\.|'')*+)'?"
    r"|(?P<command>`[^`\n]*+`?)|(?P<bare>[^\s\"'](?:[^\s]|[ \t](?!\s{0,80}[\w.-]{1,64}=))*+)"
)
_LINE = re.compile(
    r"^[ \t]{0,400}(?:(?:export|set|setenv|env|define)[ \t]{1,16})?[$@%]?(?P<quote>[\"']?)(?P<name>[A-Za-z_][\w.:/\[\]-]{0,200}?)"
    r"(?P=quote)[ \t]{0,200}(?:=>|:=|=(?![=~])|:(?!:|//))[ \t]{0,200}",
    re.MULTILINE,
)
_WORD_LINE = re.compile(
    r"^[ \t]{0,400}(?P<comment>[#;!]{0,8}[ \t]{0,40})"
    r"(?:(?:set|setenv|env|fastcgi_param|uwsgi_param|scgi_param|proxy_set_header|add_header)[ \t]{1,16})?"
    r"[$]?(?P<name>[A-Za-z_][\w.-]{0,200})[ \t]{1,200}"
    r"(?P<value>\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s\"'=][^\s]{0,4000})[ \t]{0,80};?[ \t]{0,80}(?=\n|\Z|#)",
    re.MULTILINE,
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.:-]{0,100})(?:\s[^<>]{0,400})?>(?P<value>[^<]{1,4000})</")
_NAMED = re.compile(
    r"\b(?:name|key)=[\"'](?P<name>[^\"'<>]{1,200})[\"']\s{1,40}(?:type=[\"'][^\"'<>]{0,100}[\"']\s{1,40})?"
    r"value=[\"'](?P<value>[^\"'<>]{1,4000})[\"']"
)
_USER = re.compile(r"[^\s/?#:@\"'<>]{0,256}:")
_PORT = re.compile(r"[0-9]{1,5}(?:[/?#\s\"',;)]|\Z)")
_PASSWORD = re.compile(r"[^\s\"'<>`]{1,512}")
_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----")
_END = "-----END "


def secret_spans(text: str, *, lines: bool = False) -> list[Span]:
    """Return the parts of a text that must be hidden, in order, none overlapping; `lines`: it is lines of a file."""
    found = [*_url_passwords(text), *_shaped(text), *_private_keys(text)]
    if _HINT.search(text):
        found += [*_assignments(text), *_options(text), *_elements(text)]
        if lines:
            found += _word_lines(text)
    return _merged(found)


def begins_private_key(text: str) -> bool:
    """Whether a private key begins here and does not end here: what follows belongs to it."""
    start = max((match.start() for match in _PRIVATE.finditer(text)), default=-1) if "-----BEGIN " in text else -1
    return start >= 0 and text.find(_END, start) < 0


def ends_private_key(text: str) -> bool:
    """Whether the end of a key that began above stands here."""
    return _END in text


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _url_passwords(text: str) -> Iterator[Span]:
    at = text.find("://")
    while at >= 0:
        next_at = text.find("://", at + 3)
        user = _USER.match(text, at + 3)
        if user and not _PORT.match(text, user.end()):
            password = _PASSWORD.match(text, user.end(), next_at if next_at >= 0 else len(text))
            end = text.rfind("@", user.end(), password.end()) if password else -1
            if end > user.end() and not _is_placeholder(text[user.end() : end]):
                yield user.end(), end
        at = next_at


def _is_placeholder(text: str) -> bool:
    return bool(detectors().references.match(text))


def _shaped(text: str) -> Iterator[Span]:
    lowered = text.lower()
    for pattern in detectors().patterns:
        if any(need in lowered for need in pattern.needs):
            for match in pattern.expression.finditer(text):
                if not _is_placeholder(match["secret"]):
                    yield match.span("secret")


def _private_keys(text: str) -> Iterator[Span]:
    if "-----BEGIN " not in text:
        return
    position = 0
    while match := _PRIVATE.search(text, position):
        end = text.find(_END, match.end())
        stop = len(text) if end < 0 else text.find("\n", end)
        position = len(text) if stop < 0 else stop
        yield match.start(), position


def _assignments(text: str) -> Iterator[Span]:
    yield from _after(text, _LINE, _REST)
    yield from _after(text, _ASSIGNED, _VALUE)


def _options(text: str) -> Iterator[Span]:
    if "-" in text:
        yield from _after(text, _OPTION, _VALUE)


def _after(text: str, names: re.Pattern[str], values: re.Pattern[str]) -> Iterator[Span]:
    """Yield the values that follow secret names; what stands inside such a value is not looked at again."""
    position = 0
    while match := names.search(text, position):
        position = match.end()
        strength = secrecy(match["name"])
        if strength is Secrecy.NONE or not (value := values.match(text, position)):
            continue
        start, end = value.span(value.lastgroup or 0)
        end -= len(text[start:end]) - len(text[start:end].rstrip(" \t;,{"))
        position = value.end()
        if holds_secret(text[start:end], strength):
            yield start, end


def _word_lines(text: str) -> Iterator[Span]:
    """Yield the values of `name value` lines: one word or one quoted text, so that prose is left alone."""
    for match in _WORD_LINE.finditer(text):
        strength = secrecy(match["name"])
        if match["comment"] and match["name"].isalpha() and match["value"].isalpha() and match["name"].istitle():
            continue  # a sentence: `# Passphrase expiration`
        if strength >= Secrecy.STRONG and holds_secret(match["value"], strength):
            start, end = match.span("value")
            quoted = text[start] in "\"'"
            yield (start + 1, end - 1) if quoted else (start, end - (text[end - 1] == ";"))


def _elements(text: str) -> Iterator[Span]:
    for expression in (_ELEMENT, _NAMED) if "<" in text else ():
        for match in expression.finditer(text):
            if holds_secret(match["value"], secrecy(match["name"])):
                yield match.span("value")
