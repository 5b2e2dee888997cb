"""Tables of accounts: hashes are hidden, what every host has is readable."""

from __future__ import annotations

from driftd.formats.reading import read
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import mask

HASH = "$6$saltsalt$" + "aB3./" * 17


def masked(data: str, path: str) -> str:
    document = read(data.encode(), path).document
    assert document is not None
    mask(document, SecretKeeper(b"k" * 32))
    return str(document.root.to_json())


def test_a_hash_in_passwd_is_hidden_and_a_placeholder_is_not() -> None:
    shown = masked(f"a:{HASH}:0:0::/:/bin/sh\nb:x:1:1::/:/bin/sh\nc:*:2:2::/:/bin/sh\n", "/etc/passwd")
    assert HASH not in shown
    assert shown.count("driftd-secret:") == 1


def test_a_rule_of_sudoers_that_asks_for_no_password_stays_readable() -> None:
    assert "NOPASSWD: ALL" in masked("a ALL=(ALL) NOPASSWD: ALL\n", "/etc/sudoers")
