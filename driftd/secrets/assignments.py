"""Secrets that stand beside their name in a text: `password=...`, `--token ...`, `<password>...</password>`, `secret "...";`.

Every expression repeats only up to a bound, so that the time taken is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.secrets.detectors import detectors
from driftd.secrets.names import Secrecy, is_public, secrecy
from driftd.secrets.values import holds_secret, is_prose, looks_like_key

Span = tuple[int, int]

HINTS = (
    "pass", "secret", "token", "pwd", "pw", "psk", "key", "auth", "cred", "communit", "salt", "seed", "cookie", "nonce",
    "signature", "encrypt", "pin", "bearer", "shared", "private", "sig", "recovery",
)  # fmt: skip
"""Lower-case parts of names that may be secret: where none of them is, nothing else is tried."""
LEAST_RANDOM = 26
"""Characters of the shortest line in which a value is a key by its look alone: a name, a sign, and 24 of the value."""
_ASSIGNED = re.compile(
    r"(?<![\w.-])-{0,2}(?P<name>[A-Za-z_][\w.-]{0,200})"
    r"(?:[\"'\])]{0,3}[ \t]{0,16}(?:=>|:=|=(?![=~])|:(?!:|//)))[ \t]{0,16}"
)
_ARGUMENT = re.compile(
    r"(?:(?<=\([\"'])|(?<=\( [\"'])|(?<=[\"'])--?)(?P<name>[A-Za-z_][\w.-]{0,200})[\"'][ \t]{0,16},(?=[ \t]{0,16}[\"'])[ \t]{0,16}"
)
_OPTION = re.compile(r"(?<!\S)--?(?P<name>[A-Za-z][\w-]{0,100})[ \t]{1,16}(?=[^\s-])")
_VALUE = re.compile(
    r"\"(?P<double>(?:[^\"\\\n]|\\.|\"\")*+)\"?|'(?P<single>(?:[^'\\\n]|\\.|'')*+)'?"
    r"|(?P<command>`[^`\n]*+`?)|(?P<substitution>\$\([^()\n]*+\))|(?P<bare>(?:[^\s;&\"',]|,(?![\w-]{1,64}=))++)"
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
    r"(?:(?:requestheader|header|http-request|http-response|grpc_set_header|proxy_set_header|add_header|set|setenv|env|passenv"
    r"|fastcgi_param|uwsgi_param|scgi_param|define)[ \t]{1,16}(?:(?:set|add|append|merge|setifempty|always|set-header|add-header)[ \t]{1,16}){0,2})?"
    r"[$]?(?P<name>[A-Za-z_][\w.-]{0,200})[ \t]{1,200}"
    r"(?P<value>\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s\"'=][^\s]{0,4000})[ \t]{0,80};?[ \t]{0,80}(?=\n|\Z|#)",
    re.MULTILINE | re.IGNORECASE,
)
_BLOCK_WORD = re.compile(
    r"(?<=[{;])[ \t]{0,80}(?P<name>[A-Za-z_][\w.-]{0,100})[ \t]{1,80}"
    r"(?P<value>\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}'|[^\s\"'=;{}]{1,4000})[ \t]{0,80}[;}]"
)
_CALL = re.compile(
    r"\b(?P<name>[A-Za-z_][\w-]{0,100})\([ \t]{0,40}(?P<value>\"[^\"\n]{1,4000}\"|'[^'\n]{1,4000}')[ \t]{0,40}\)"
)
_TUPLE = re.compile(
    r"\{[ \t]{0,40}'?(?P<name>[a-z_]\w{0,100})'?[ \t]{0,40},[ \t]{0,40}(?:<<)?(?P<value>\"[^\"\n]{1,4000}\")"
)
_NEUTRAL = re.compile(
    r"^[ \t]{0,400}(?:[#;]{1,4}[ \t]{0,8})?[\"']?(?P<name>[A-Za-z_][\w.:/-]{0,100})[\"']?[ \t]{0,80}(?:=>?|:=|:[ \t])[ \t]{0,80}"
    r"[\"']?(?P<value>[A-Za-z0-9+/_-]{24,400}={0,2})[\"']?[ \t]{0,80}[,;]?[ \t]{0,80}$",
    re.MULTILINE,
)
_ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w.:-]{0,100})(?:\s[^<>]{0,400})?>(?P<value>[^<]{1,4000})</")
_NAMED = re.compile(
    r"\b(?:name|key)=[\"'](?P<name>[^\"'<>]{1,200})[\"']\s{1,40}(?:type=[\"'][^\"'<>]{0,100}[\"']\s{1,40})?"
    r"value=[\"'](?P<value>[^\"'<>]{1,4000})[\"']"
)


def named_secrets(text: str, *, lines: bool) -> Iterator[Span]:
    """Yield the values that stand beside secret names; `lines`: also those that only a line of a file gives a name."""
    if _has_hint(text.lower()):
        yield from _assignments(text)
        yield from _options(text)
        yield from _elements(text)
        if lines:
            yield from _word_lines(text)
            yield from _blocks(text)
    if lines:
        yield from _random(text)


def _has_hint(lowered: str) -> bool:
    for hint in HINTS:  # noqa: SIM110 - the generator of `any` costs more than all these searches
        if hint in lowered:
            return True
    return False


def _assignments(text: str) -> Iterator[Span]:
    yield from _after(text, _LINE, _REST)
    yield from _after(text, _ASSIGNED, _VALUE)
    if "," in text:
        yield from _after(text, _ARGUMENT, _VALUE)


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
        found = text[start:end]
        if found.startswith("{") and not holds_secret(found, strength):
            continue  # a block, whose members are looked at one by one
        position = value.end()
        if holds_secret(found, strength) and not (_is_remark(text, match.start(), found) or _is_object(match, found)):
            yield start, end


def _is_object(name: re.Match[str], value: str) -> bool:
    """Whether `name:value` names something of a Python module: `keystonemiddleware.auth_token:filter_factory`."""
    found = "." in name["name"] and name[0].endswith(":") and value.isidentifier() and value.islower()
    return found and name.start() > 0 and name.string[name.start() - 1] != "\n"


def _is_remark(text: str, at: int, value: str) -> bool:
    """Whether `name: value` is a sentence in a comment: `# password: the user's own`, `--private-key to ansible`."""
    start = text.rfind("\n", 0, at) + 1
    if text[start : start + 400].lstrip()[:1] not in ("#", ";", "/", "!", "*"):
        return False
    return value.lower() in detectors().prose or is_prose(value)


def _word_lines(text: str) -> Iterator[Span]:
    """Yield the values of `name value` lines: one word or one quoted text, so that prose is left alone."""
    for match in _WORD_LINE.finditer(text):
        strength = secrecy(match["name"])
        if match["comment"] and _are_words(match["name"], match["value"]):
            continue
        if strength >= Secrecy.STRONG and holds_secret(match["value"], strength):
            start, end = match.span("value")
            quoted = text[start] in "\"'"
            yield (start + 1, end - 1) if quoted else (start, end - (text[end - 1] == ";"))


def _are_words(name: str, value: str) -> bool:
    """Whether two words of a comment are a sentence, or its end: `# Passphrase expiration`, `# password wrong.` too."""
    if not (name.isalpha() and value.rstrip(".,;:").isalpha()):
        return False
    return name.istitle() or not value[-1].isalpha()


def _blocks(text: str) -> Iterator[Span]:
    """Yield the values of `{ name value; }`, `name("value")` and `{name, <<"value">>}` on one line."""
    for expression in (_BLOCK_WORD, _CALL, _TUPLE):
        for match in expression.finditer(text):
            value = match["value"]
            if holds_secret(value, secrecy(match["name"])) and secrecy(match["name"]) >= Secrecy.STRONG:
                quoted = value[0] in "\"'"
                yield match.start("value") + quoted, match.end("value") - quoted


def _random(text: str) -> Iterator[Span]:
    """Yield values that are keys by their look, under names that do not say so."""
    for match in _NEUTRAL.finditer(text):
        if not is_public(match["name"]) and looks_like_key(match["value"]):
            yield match.span("value")


def _elements(text: str) -> Iterator[Span]:
    for expression in (_ELEMENT, _NAMED) if "<" in text else ():
        for match in expression.finditer(text):
            if holds_secret(match["value"], secrecy(match["name"])):
                yield match.span("value")
