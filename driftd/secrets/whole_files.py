"""Files of which nothing may be shown: compared by keyed digest alone."""

from __future__ import annotations

import fnmatch
import re
from functools import cache

from driftd.secrets.detectors import package_data

_LOOK = 64 * 1024
_PRIVATE = re.compile(rb"-----BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----")
_OTHER_KEYS = (
    b"PuTTY-User-Key-File-",
    b"AGE-SECRET-KEY-1",
    b"SSH PRIVATE KEY FILE FORMAT",
    b"openssh-key-v1\0",
    b"$ANSIBLE_VAULT;",
)
_KEY_STORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce", b"\x05\x01\x00", b"\x05\x02\x00")  # JKS, JCEKS, keytab


@cache
def _expressions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = package_data("whole_files.yaml")
    return _any_of([entry["pattern"] for entry in data["paths"]]), _any_of(data["not_paths"])


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern.lower()) for pattern in patterns))


def by_digest_alone(path: str) -> bool:
    """Whether the file at a path is a shadow file, a private key, a key store or the like."""
    taken, spared = _expressions()
    lowered = path.lower()
    return bool(taken.match(lowered)) and not spared.match(lowered)


def looks_like_private_key(content: bytes) -> bool:
    """Whether a file's content is a private key or a key store, whatever it is called.

    A configuration file that has a private key somewhere inside is not one: it is parsed, and the key is masked.
    """
    head = content[:_LOOK]
    if head.startswith(_KEY_STORES) or any(mark in head[:64] for mark in _OTHER_KEYS):
        return True
    if b"-----BEGIN " not in head or not _PRIVATE.search(head):
        return False
    first = next((line for line in head.splitlines() if line.strip() and not line.lstrip().startswith(b"#")), b"")
    return first.lstrip(b"\xef\xbb\xbf \t").startswith(
        (b"-----BEGIN ", b"Bag Attributes", b"subject=", b"Certificate:")
    )
