"""Whether a value under a secret name is really a secret, and not a switch, a path or a reference."""

from __future__ import annotations

import math
import re
from collections import Counter

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
_SCHEME = re.compile(r"(?:basic|bearer|digest|token)\s{1,8}\S{6,8000}\Z", re.IGNORECASE)


def holds_secret(value: Scalar, name: Secrecy) -> bool:
    """Whether a value is a secret, given what its name says."""
    if name is Secrecy.NONE or value is None or isinstance(value, bool | float):
        return False
    text = _COMMENT.split(str(value), maxsplit=1)[0].strip().strip("\"'[]")
    if len(text) < 2 or text.lower() in detectors().ordinary or _is_short_number(text, name):
        return False
    if name is Secrecy.WEAK:
        return bool(_SCHEME.match(text)) or looks_random(text)
    return not (_is_reference(text) or _is_list_of_services(text))


def looks_random(text: str) -> bool:
    """Whether a value has the look of a generated key: long, mixed, no words, no path, no UUID."""
    if not _RANDOM.match(text) or _WORDS.match(text) or _UUID.match(text) or _is_reference(text):
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


def _is_reference(text: str) -> bool:
    found = detectors()
    return bool(found.references.match(text) or found.paths.match(text))


def _is_list_of_services(text: str) -> bool:
    services = detectors().services
    words = text.split()
    return ("pam_" in text and ".so" in text) or (bool(words) and all(word in services for word in words))
