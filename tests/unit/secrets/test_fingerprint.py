"""Fingerprints: equal under one key, unlike under another, and never the same for a value and a content."""

from __future__ import annotations

import pytest

from driftd.secrets.fingerprint import SecretKeeper, Token, digest_key_id, key_ids_in, parse_token, tokens_in

KEEPER = SecretKeeper(b"k" * 32)


def test_equal_values_have_equal_tokens_and_unequal_ones_do_not() -> None:
    assert KEEPER.token("hunter2") == SecretKeeper(b"k" * 32).token("hunter2")
    assert KEEPER.token("hunter2") != KEEPER.token("hunter3")


def test_another_key_gives_another_token_and_another_key_id() -> None:
    other = SecretKeeper(b"o" * 32)
    assert other.key_id != KEEPER.key_id
    assert other.token("hunter2").rpartition(":")[2] != KEEPER.token("hunter2").rpartition(":")[2]


def test_a_value_and_a_content_of_the_same_bytes_have_nothing_in_common() -> None:
    mac = KEEPER.token("hunter2").rpartition(":")[2]
    assert mac not in KEEPER.digest(b"hunter2")
    assert KEEPER.key_id not in (mac[:8], KEEPER.digest(b"")[5 + 9 :][:8])


def test_a_token_names_its_key() -> None:
    token = parse_token(KEEPER.token("hunter2"))
    assert token is not None
    assert token.key_id == KEEPER.key_id
    assert str(token) == KEEPER.token("hunter2")


@pytest.mark.parametrize(
    "text", ["hunter2", "driftd-secret:", "driftd-secret:0123abcd:xyz", " " + str(Token("0" * 8, "1" * 32))]
)
def test_what_is_no_whole_token_is_none(text: str) -> None:
    assert parse_token(text) is None


def test_tokens_inside_a_value_are_found() -> None:
    token = Token("0123abcd", "4" * 32)
    assert tokens_in(f"postgres://u:{token}@db-1/x") == (token,)
    assert tokens_in("postgres://u@db-1/x") == ()


def test_a_digest_made_piece_by_piece_is_the_digest_of_the_whole() -> None:
    digest = KEEPER.content_digest()
    for piece in (b"one ", b"", b"two"):
        digest.update(piece)
    assert digest.finish() == KEEPER.digest(b"one two")
    assert digest_key_id(digest.finish()) == KEEPER.key_id
    assert digest_key_id("sha256:" + "0" * 64) is None


def test_text_that_is_not_unicode_has_a_fingerprint() -> None:
    assert KEEPER.token("\udc80") != KEEPER.token("\udc81")


def test_a_key_of_any_length_serves_but_a_guessable_one_is_refused() -> None:
    assert SecretKeeper(b"x" * 200).token("a") != SecretKeeper(b"x" * 201).token("a")
    with pytest.raises(ValueError, match="at least 16 bytes, this one has 4"):
        SecretKeeper(b"weak")


def test_the_key_is_not_shown_by_the_keeper() -> None:
    assert "kkkk" not in repr(KEEPER)


def test_the_keys_of_tokens_and_of_keyed_digests_in_a_text_are_told() -> None:
    other = SecretKeeper(b"o" * 32)
    text = f"a={KEEPER.token('x')} b={other.digest(b'y')} c=sha256:{'0' * 64}"
    assert key_ids_in(text) == {KEEPER.key_id, other.key_id}
    assert key_ids_in("hmac:0123abcd:short driftd-secret:") == frozenset()
