from __future__ import annotations

from pathlib import Path

import pytest

from driftd.outputs.credentials import read_secret
from driftd.ports import DeliveryError
from driftd.settings.addresses import SecretFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


def test_a_secret_is_what_its_file_says_now(file: Path) -> None:
    assert read_secret(SecretFile(file), {}) == "s3cret"
    file.write_text("another")
    assert read_secret(SecretFile(file), {}) == "another"


def test_a_credential_of_systemd_is_found_by_its_name(file: Path) -> None:
    around = {"CREDENTIALS_DIRECTORY": str(file.parent)}
    assert read_secret(SecretFile("credential:token"), around) == "s3cret"
    with pytest.raises(DeliveryError, match="LoadCredential=token:"):
        read_secret(SecretFile("credential:token"), {})


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (b"s3cret", 0o644, "everybody can read or change: chmod o-rwx"),
        (b"", 0o600, "does not hold a credential"),
        (b"a\nb\n", 0o600, "does not hold a credential"),
        (b"\xff\xfe", 0o600, "does not hold a credential"),
        (b"x" * 70000, 0o600, "does not hold a credential"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_and_not_shown(file: Path, content: bytes, mode: int, why: str) -> None:
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(DeliveryError, match=why) as caught:
        read_secret(SecretFile(file), {})
    assert "s3cret" not in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_there_or_is_none_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "away", tmp_path):
        with pytest.raises(DeliveryError, match=str(path)):
            read_secret(SecretFile(path), {})
