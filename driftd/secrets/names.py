"""Whether the name of a setting says that its value is a secret."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from driftd.secrets.detectors import detectors

MAX_NAME = 256
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PASSWORDS = ("password", "passwd", "passphrase", "pwd", "pass")
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_HEADER_LENGTHS = frozenset(map(len, _HEADERS))


class Secrecy(IntEnum):
    """How much a name says about its value."""

    NONE = 0
    WEAK = 1
    """A secret only where the value looks random: `key`, `auth`, `salt`."""
    STRONG = 2
    """A secret unless the value is plainly something else: `password`, `api_key`."""
    PASSWORD = 3
    """As STRONG, and even a short number is one."""


@lru_cache(maxsize=8192)
def secrecy(name: str) -> Secrecy:
    """Return what a name says: `db_password`, `PGPASSWORD`, `clientSecret` hide their values, `password_file` does not."""
    names = detectors().names
    name = name[-MAX_NAME:]
    if name.strip().lower() in names.exact:
        return Secrecy.STRONG
    words = name_words(name)
    if not words or _ends_with(words, names.never):
        return Secrecy.NONE
    words = _without_trailing(words)
    if "".join(words) in names.exact:
        return Secrecy.STRONG
    if _ends_with(words, names.words) or _is_glued(words[-1]):
        return Secrecy.PASSWORD if words[-1].endswith(_PASSWORDS) else Secrecy.STRONG
    return Secrecy.WEAK if words[-1] in names.weak else Secrecy.NONE


@lru_cache(maxsize=8192)
def is_collection(name: str) -> bool:
    """Whether the direct values of a mapping of this name are secrets: `passwords`, `secrets`."""
    words = name_words(name)
    return bool(words) and _ends_with(words, detectors().names.collections)


def is_inner(name: str) -> bool:
    """Whether a member of this name carries the value of the secret name above it: `password: {value: ...}`."""
    return name.lower() in detectors().names.inner


def is_label(name: str) -> bool:
    """Whether a member of this name only says which secret is meant: `name`, `file`."""
    return name.lower() in detectors().names.labels


@lru_cache(maxsize=1024)
def name_words(name: str) -> tuple[str, ...]:
    """Return the lower-case words of a name: `clientSecret` is `client secret`, `PGPASSWORD` is one word."""
    return tuple(map(str.lower, _WORD.findall(name)))


def is_header(name: str) -> bool:
    """Whether a member of this name is a header of HTTP that carries credentials."""
    return len(name) in _HEADER_LENGTHS and name.lower() in _HEADERS


def is_public(name: str) -> bool:
    """Whether a value under this name is random without being a secret: a digest, a public key, an identifier."""
    public = detectors().names.public
    return any(word in public for word in name_words(name[-MAX_NAME:]))


def _is_glued(word: str) -> bool:
    names = detectors().names
    return word.endswith(names.glued) and not word.endswith(names.never_glued)


def _without_trailing(words: tuple[str, ...]) -> tuple[str, ...]:
    trailing = detectors().names.trailing
    while len(words) > 1 and (words[-1] in trailing or words[-1].isdigit()):
        words = words[:-1]
    return words


def _ends_with(words: tuple[str, ...], entries: frozenset[tuple[str, ...]]) -> bool:
    """Whether the last words are an entry; the longest has three: `pre shared key`."""
    return words[-1:] in entries or words[-2:] in entries or words[-3:] in entries
