"""Whether a value under a secret name is really a secret, and not a switch, a path or a reference."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

from driftd.model.document import Scalar
from driftd.secrets.detectors import detectors
from driftd.secrets.names import Secrecy

MAX_WEAK = 4096
_RANDOM = re.compile(r"[A-Za-z0-9+/=_.~-]{16,4096}\Z")
_WORDS = re.compile(
    r"(?:[A-Za-z]{1,32}|[0-9]{1,12}|[A-Za-z0-9]{1,3})(?:[-_./](?:[A-Za-z]{1,32}|[0-9]{1,12}|[A-Za-z0-9]{1,3})){0,30}\Z"
)
_COMMENT = re.compile(r"[ \t]{0,80}#[ \t]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?[a-zA-Z%]{0,3}\Z")
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][\w-]{1,24})\s{1,8}\S{6,8000}\Z")
_KEY = re.compile(r"[A-Za-z0-9+/_-]{24,400}={0,2}\Z")
_CERTIFICATES = (
    "AAAA",
    "MII",
    "LS0tLS1",
    "AwEAA",
    "iVBOR",
    "PD94",
    "R0lGOD",
    "sha256-",
    "sha384-",
    "sha512-",
    "h1:",
    "mQ",
)
"""How public keys, certificates, pictures and markup begin in base64."""


def holds_secret(value: Scalar, name: Secrecy) -> bool:
    """Whether a value is a secret, given what its name says."""
    if name is Secrecy.NONE or value is None or isinstance(value, bool | float):
        return False
    text = _COMMENT.split(str(value), maxsplit=1)[0].strip().strip("\"'[]")
    if len(text) < 2 or text.lower() in detectors().ordinary or _is_short_number(text, name):
        return False
    if name is Secrecy.WEAK:
        return _has_scheme(text) or looks_random(text)
    return not (is_placeholder(text) or is_path(text) or _is_list_of_services(text) or _is_list_of_switches(text))


def looks_random(text: str) -> bool:
    """Whether a value has the look of a generated key: long, mixed, no words, no path, no UUID."""
    if not _RANDOM.match(text) or _WORDS.match(text) or _UUID.match(text) or is_placeholder(text) or is_path(text):
        return False
    kinds = sum(any(test(char) for char in text) for test in (str.isdigit, str.islower, str.isupper))
    return kinds >= 2 and _entropy(text) >= (3.0 if kinds == 2 else 3.4)


def _entropy(text: str) -> float:
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def _is_short_number(text: str, name: Secrecy) -> bool:
    if not _NUMBER.match(text):
        return False
    digits = sum(char.isdigit() for char in text)
    # `password: 1234` is somebody's password, `token: 8080` is not: only a real password name makes a short number secret.
    return digits < (4 if name is Secrecy.PASSWORD else 6) and (
        name is not Secrecy.PASSWORD or text.lstrip("+-").isdigit()
    )


def is_placeholder(text: str) -> bool:
    """Whether a value only says where the secret comes from: `${PASSWORD}`, `{{ vault.password }}`."""
    return bool(detectors().references.match(text))


def is_path(text: str) -> bool:
    """Whether a value is the path of a file."""
    return bool(detectors().paths.match(text))


def is_prose(text: str) -> bool:
    """Whether a value is the rest of a sentence: three words or more, and one of them small."""
    words = text.lower().split()
    return len(words) > 2 and any(word in detectors().prose for word in words)


def looks_like_key(text: str) -> bool:
    """Whether a value is random enough to be a key although its name does not say so.

    Random text changes between letters, capitals and digits at every other place; an identifier such as
    `NetworkManagerWaitOnline2` hardly does. Digests in hexadecimal have one case and are left alone.
    """
    if (
        len(text) < 24
        or text == text.lower()  # most values: this takes no time
        or text == text.upper()
        or not _KEY.match(text)
        or text.startswith(_CERTIFICATES)
        or text.count("/") > len(text) // 12 + 1
    ):
        return False
    kinds = [0 if char.isdigit() else 1 if char.islower() else 2 if char.isupper() else 3 for char in text.rstrip("=")]
    turns = sum(one != other for one, other in pairwise(kinds))
    counts = [kinds.count(kind) for kind in range(3)]
    return (
        min(counts) >= 2 and turns / len(kinds) >= 0.4 and kinds.count(3) <= len(kinds) // 8 and _entropy(text) >= 3.9
    )


def _has_scheme(text: str) -> bool:
    match = _SCHEME.match(text)
    return bool(match) and text.split(maxsplit=1)[0].lower() in detectors().schemes


def _is_list_of_switches(text: str) -> bool:
    words = [word.strip() for word in text.lower().split(",")]
    return len(words) > 1 and all(word in detectors().ordinary or _NUMBER.match(word) for word in words)


def _is_list_of_services(text: str) -> bool:
    services = detectors().services
    words = text.split()
    return ("pam_" in text and ".so" in text) or (bool(words) and all(word in services for word in words))
