"""The file of the secret key: made, replaced, and never lost between the two."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from driftd.keyfile import KEY_BYTES, existing_key, keep_next, next_key, secret_key, use_next
from driftd.settings.problems import ConfigurationError
from driftd.settings.trust import Trust


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    tmp_path.chmod(0o700)
    return Trust.of_user(os.geteuid())


def made(file: Path, key: bytes, mode: int = 0o600) -> Path:
    file.write_bytes(key)
    file.chmod(mode)
    return file


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path, trust: Trust) -> None:
    file = tmp_path / "state" / "secret.key"
    key = secret_key(file, trust, make=True)
    assert len(key) == KEY_BYTES
    assert secret_key(file, trust, make=True) == key
    assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_without_a_key_one_is_made_up_for_the_run(tmp_path: Path, trust: Trust) -> None:
    file = tmp_path / "secret.key"
    assert secret_key(file, trust, make=False) != secret_key(file, trust, make=False)
    assert not file.exists()


@pytest.mark.parametrize(("key", "mode"), [(b"short", 0o600), (bytes(32), 0o644)])
def test_a_short_key_and_one_that_others_can_read_are_refused(
    tmp_path: Path, trust: Trust, key: bytes, mode: int
) -> None:
    with pytest.raises(ConfigurationError):
        existing_key(made(tmp_path / "secret.key", key, mode), trust)


def test_the_next_key_is_new_and_not_written_before_it_is_kept(tmp_path: Path, trust: Trust) -> None:
    file = made(tmp_path / "secret.key", bytes(32))
    fresh = next_key(file, trust, None)
    assert fresh != bytes(32)
    assert sorted(tmp_path.iterdir()) == [file]
    keep_next(file, fresh)
    assert next_key(file, trust, None) == fresh


def test_a_given_key_is_the_next_one(tmp_path: Path, trust: Trust) -> None:
    file, given = made(tmp_path / "secret.key", bytes(32)), made(tmp_path / "given", b"g" * 32)
    assert next_key(file, trust, given) == b"g" * 32


def test_an_interrupted_replacement_wants_its_own_key(tmp_path: Path, trust: Trust) -> None:
    file, given = made(tmp_path / "secret.key", bytes(32)), made(tmp_path / "given", b"g" * 32)
    keep_next(file, b"n" * 32)
    with pytest.raises(ConfigurationError, match="interrupted"):
        next_key(file, trust, given)
    made(given, b"n" * 32)
    assert next_key(file, trust, given) == b"n" * 32


def test_the_key_before_is_kept_when_the_next_one_takes_its_place(tmp_path: Path, trust: Trust) -> None:
    file = made(tmp_path / "secret.key", b"1" * 32)
    for fresh in (b"2" * 32, b"3" * 32):
        before = existing_key(file, trust)
        keep_next(file, fresh)
        former = use_next(file)
        assert (existing_key(file, trust), existing_key(former, trust)) == (fresh, before)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.key", "secret.key.old"]
