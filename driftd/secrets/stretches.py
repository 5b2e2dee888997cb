"""Secrets of several lines: where one begins, which lines belong to it, and where it ends.

A private key, the hexadecimal lines of an Ansible vault, what stands between `<auth-user-pass>` and its end (openvpn(8)),
a heredoc or a YAML block under a secret name, the `data` of a Kubernetes Secret that could not be parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final

from driftd.secrets.names import Secrecy, secrecy

PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN (?:tls-crypt-v2 client |tls-crypt-v2 server |)?(?:Static key V1|key))-----"
)
PRIVATE_KEY_BEGINS: Final = "-----BEGIN "
_END: Final = "-----END "
_VAULT: Final = "$ANSIBLE_VAULT;"
_HEXADECIMAL: Final = re.compile(r"[ \t]{0,400}[0-9a-f]{2,200}[ \t]{0,80}\Z")
_INLINE: Final = re.compile(r"[ \t]{0,80}<(auth-user-pass|http-proxy-user-pass|pkcs12)>[ \t]{0,80}\Z")
_BLOCK: Final = re.compile(
    r"(?P<indent>[ \t]{0,400})(?:-[ \t]{1,16})?[\"']?(?P<name>[A-Za-z_][\w.-]{0,100})[\"']?[ \t]{0,40}"
    r"(?::[ \t]{1,40}(?:!\S{1,80}[ \t]{1,16})?(?P<scalar>[|>])[+-]?[0-9]?|=[ \t]{0,40}<<[-~]?[\"']?(?P<word>\w{1,64})[\"']?"
    r"|[=:][ \t]{0,40}(?P<quotes>\"\"\"|\'\'\')[^\"\']{0,400}|[=:]?[ \t]{0,40}(?P<goes_on>\\))[ \t]{0,80}\Z"
)
_DATA: Final = re.compile(r"(?P<indent>[ \t]{0,400})(?:(?P<data>data|stringData)|chpasswd):[ \t]{0,80}\Z")
_INDENT: Final = re.compile(r"[ \t]*+")


class Part(Enum):
    """What of a line is secret because of the lines above it."""

    NONE = auto()
    WHOLE = auto()
    VALUE = auto()
    """What stands behind its name."""


class Stretches:
    """Follows the lines of a file, or of one long value, from the first to the last."""

    def __init__(self, *, keys_only: bool = False, kubernetes_secret: bool = False) -> None:
        """`keys_only`: the lines are members of a tree, which says itself what belongs to a name."""
        self._keys_only = keys_only
        self._kubernetes = kubernetes_secret
        self._last: Callable[[str], bool] | None = None
        """Whether a line is the last one of the stretch."""
        self._past: Callable[[str], bool] | None = None
        """Whether a line no longer belongs to it."""
        self._part = Part.NONE

    def may_begin_in(self, text: str) -> bool:
        """Whether any line of a whole text can begin something of several lines."""
        return not self._keys_only or PRIVATE_KEY_BEGINS in text or _VAULT in text

    @property
    def inside(self) -> bool:
        """Whether the next line belongs to what has begun."""
        return self._part is not Part.NONE

    def take(self, line: str) -> Part:
        """Return what of the next line is secret."""
        if self._past is not None and self._past(line):
            self._done()
        if self.inside:
            part = self._part
            if self._last is not None and self._last(line):
                self._done()
                self._begin_key(line)
            return part
        return self._begin(line)

    def _done(self) -> None:
        self._last = self._past = None
        self._part = Part.NONE

    def _begin(self, line: str) -> Part:
        if self._begin_key(line):
            return Part.WHOLE
        if _VAULT in line and line.rstrip().count("\n") == 0:
            self._part, self._past = Part.WHOLE, lambda text: not _HEXADECIMAL.match(text)
            return Part.NONE  # the header has a shape of its own
        if not self._keys_only:
            self._begin_block(line)
        return Part.NONE

    def _begin_key(self, line: str) -> bool:
        start = (
            max((match.start() for match in PRIVATE_KEY.finditer(line)), default=-1)
            if PRIVATE_KEY_BEGINS in line
            else -1
        )
        if start < 0 or line.find(_END, start) >= 0:
            return False
        self._part, self._last = Part.WHOLE, lambda text: _END in text
        return True

    def _begin_block(self, line: str) -> None:
        if "<" in line and (inline := _INLINE.match(line)):
            end = f"</{inline[1]}>"
            self._part, self._past = Part.WHOLE, lambda text: text.strip() == end
        elif (block := _BLOCK.match(line)) and secrecy(block["name"]) >= Secrecy.STRONG:
            self._part = Part.WHOLE
            self._past, self._last = _end_of(block)
        elif (data := _DATA.match(line)) and (self._kubernetes or data["data"] is None):
            self._part, self._past = Part.VALUE, _dedented(data["indent"])


def _end_of(block: re.Match[str]) -> tuple[Callable[[str], bool] | None, Callable[[str], bool] | None]:
    """Return what tells the line past the value that begins here, and what tells its last line."""
    word, quotes = block["word"], block["quotes"]
    if block["scalar"]:
        return _dedented(block["indent"]), None
    if word:
        return lambda text: text.strip() == word, None
    return None, lambda text: quotes in text if quotes else not text.rstrip().endswith("\\")


def _dedented(indent: str) -> Callable[[str], bool]:
    def past(line: str) -> bool:
        spaces = _INDENT.match(line)
        return bool(line.strip()) and (spaces.end() if spaces else 0) <= len(indent)

    return past


def is_kubernetes_secret(text: str) -> bool:
    """Whether a text has the line that makes a manifest a Secret."""
    return "Secret" in text and bool(
        re.search(
            r"(?:^|[{,])[ \t-]{0,80}[\"']?kind[\"']?[ \t]{0,8}:[ \t]{0,8}[\"']?Secret\b(?!\w)", text, re.MULTILINE
        )
    )


def stretch_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the lines of one text that are secret because of those above them; private keys apart."""
    stretches = Stretches(kubernetes_secret=is_kubernetes_secret(text))
    start = 0
    while start <= len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        part = stretches.take(text[start:stop])
        if part is not Part.NONE and stop > start:
            yield value_start(text, start, stop) if part is Part.VALUE else start, stop
        start = stop + 1


_NAMED: Final = re.compile(r"[ \t]{0,400}[\"']?[\w./-]{1,253}[\"']?[ \t]{0,40}:[ \t]{1,40}[\"']?(?=\S)")


def value_start(text: str, start: int, stop: int) -> int:
    """Return where the value of a `name: value` line begins; its start where it is none."""
    named = _NAMED.match(text, start, stop)
    return named.end() if named else start
