"""Secrets that receivers ask for, read from files or from what systemd gives the unit; never kept, never shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Final

from driftd.ports import DeliveryError
from driftd.settings.addresses import SecretFile

_MOST: Final = 64 * 1024


def read_secret(where: SecretFile, environment: Mapping[str, str]) -> str:
    """Return a secret as its file has it now, without white space around it; DeliveryError says what is wrong with the file."""
    path = _path(where, environment)
    check_private(path)
    try:
        with open(path, "rb", opener=_open) as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise DeliveryError(f"{path}: the credential cannot be read: {error.strerror}") from error
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > _MOST or not text.isprintable():
        raise DeliveryError(f"{path}: does not hold a credential: one line of ASCII")
    return text


def check_private(path: str | os.PathLike[str]) -> None:
    """Make sure that not everybody can read a file that holds a secret; DeliveryError gives the chmod."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise DeliveryError(f"{path}: the credential cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise DeliveryError(f"{path}: is not a regular file")
    if status.st_mode & 0o007:
        raise DeliveryError(f"{path}: is a secret that everybody can read or change: chmod o-rwx {path}")


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)


def _path(where: SecretFile, environment: Mapping[str, str]) -> str:
    if where.startswith("/"):
        return where
    name = where.removeprefix("credential:")
    directory = environment.get("CREDENTIALS_DIRECTORY")
    if not directory:
        raise DeliveryError(
            f"no credential {name} was given: add LoadCredential={name}:/path to the unit (systemctl edit driftd)"
        )
    return f"{directory}/{name}"
