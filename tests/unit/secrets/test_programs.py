"""Secrets in the syntax of many programs: `tests/cases/secrets/programs.txt`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from driftd.formats.reading import read
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import by_digest_alone, looks_like_private_key, mask

CASES = Path(__file__).parents[2] / "cases" / "secrets" / "programs.txt"
PLANTED = {
    "«password»": "S3cr3t-Value-99",
    "«key»": "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=",
    "«hex»": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "«longhex»": "ABCDEF0123456789" * 8,
    "«crypt»": "$6$saltsalt$" + "aB3./" * 17 + "a",
    "«base64»": "czNjcjN0LXZhbHVl",
    "«mixed»": "abcdEFGH1234abcdEFGH1234",
    "«md5»": "5f4dcc3b5aa765d61d8327deb882cf99",
}
KEEPER = SecretKeeper(b"k" * 32)


def cases() -> list[tuple[str, str]]:
    """Return (path, text) of every case."""
    blocks = CASES.read_text().split("\n=== ")[1:]
    return [(path, text) for path, _, text in (block.partition("\n") for block in blocks)]


@pytest.mark.parametrize(("path", "text"), cases(), ids=[path for path, _ in cases()])
def test_nothing_that_was_planted_is_found(path: str, text: str) -> None:
    planted = [secret for mark, secret in PLANTED.items() if mark in text]
    for mark, secret in PLANTED.items():
        text = text.replace(mark, secret)
    assert planted
    if by_digest_alone(path) or looks_like_private_key(text.encode()):
        return
    document = read(text.encode(), path).document
    assert document is not None
    mask(document, KEEPER)
    shown = [json.dumps(document.root.to_json()), *(problem.message for problem in document.problems)]
    shown += [node.raw or "" for _, node in document.root.walk()]
    assert [secret for secret in planted if secret in "\n".join(shown)] == []
