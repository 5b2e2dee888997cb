"""Items can be pasted back: what driftd prints of a name, and what a shell has of it, mean the same item."""

from __future__ import annotations

import codecs
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.cli.items import item_named, words_named
from driftd.cli.main import _as_bytes
from driftd.model.item import shown_path

NAMES = st.binary(min_size=1, max_size=12).map(lambda name: b"/" + name.replace(b"\0", b"\n"))


@given(NAMES)
def test_what_is_printed_means_the_item(path: bytes) -> None:
    assert item_named(shown_path(path)) == shown_path(path)


@given(NAMES.filter(lambda path: b"\\" not in path))
def test_what_the_shell_has_means_the_item(path: bytes) -> None:
    assert item_named(os.fsdecode(path)) == shown_path(path)


@pytest.mark.parametrize(
    ("word", "item"),
    [
        ("/etc/motd", "/etc/motd"),
        (r"/caf\xe9", r"/caf\xe9"),
        (r"/caf\xE9", r"/caf\xe9"),
        ("/caf\udce9", r"/caf\xe9"),
        (r"/\xc3\xbcber", "/über"),
        (r"/a\x5cx41", r"/a\x5cx41"),
        (r"/a\b", r"/a\x5cb"),
        (r"/a\xzz", r"/a\x5cxzz"),
        (r"/a\x4", r"/a\x5cx4"),
    ],
)
def test_what_a_word_means(word: str, item: str) -> None:
    assert item_named(word) == item


def test_names_of_baselines_are_left_alone() -> None:
    assert words_named([r"web\x41", r"/a\b"]) == [r"web\x41", r"/a\x5cb"]


@pytest.mark.parametrize(
    ("text", "said"), [("ü", r"\xc3\xbc"), ("\udce9", r"\xe9"), ("\ud800", r"\xed\xa0\x80"), ("aüb", r"a\xc3\xbcb")]
)
def test_a_letter_that_a_locale_does_not_have_is_printed_as_its_bytes(text: str, said: str) -> None:
    codecs.register_error("test-as-bytes", _as_bytes)
    assert text.encode("ascii", "test-as-bytes").decode() == said
