"""The file of the secret key: read, made where there is none, and replaced so that a crash loses neither key.

While a key is being replaced the next one stands beside it as `FILE.next`. What was interrupted goes on with that one.
"""

from __future__ import annotations

import os
import secrets as random
from pathlib import Path

from driftd.settings.problems import ConfigProblem, ConfigurationError
from driftd.settings.regular import read_regular
from driftd.settings.trust import Trust
from driftd.store.errors import translated
from driftd.store.files import fsync_directory

KEY_BYTES = 32


def secret_key(file: Path, trust: Trust, *, make: bool) -> bytes:
    """Return the key that secrets are fingerprinted with; ConfigurationError where it is there and cannot be used."""
    try:
        return existing_key(file, trust)
    except FileNotFoundError:
        key = random.token_bytes(KEY_BYTES)
        return _placed(file, key) if make else key
    except PermissionError:
        return random.token_bytes(KEY_BYTES)  # values masked with the real one will be gaps, not drifts


def existing_key(file: Path, trust: Trust) -> bytes:
    """Return the key that stands there. Raises FileNotFoundError, PermissionError, or ConfigurationError with all else."""
    problems = trust.check_secret(file) if file.exists() else []
    if problems:
        raise ConfigurationError(problems)
    try:
        key = read_regular(file)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise ConfigurationError([ConfigProblem(str(file), None, f"cannot be read: {error.strerror}")]) from error
    if len(key) < 16:
        raise ConfigurationError([ConfigProblem(str(file), None, "is too short to be a key: 32 random bytes")])
    return key


def next_key(file: Path, trust: Trust, given: Path | None) -> bytes:
    """Return the key that is to replace the one in a file: the given one, that of an interrupted replacement, or a new one.

    Nothing is written. ConfigurationError where a replacement with another key than the given one was interrupted.
    """
    begun = _beside(file, "next")
    try:
        waiting = existing_key(begun, trust)
    except FileNotFoundError:
        return existing_key(given, trust) if given is not None else random.token_bytes(KEY_BYTES)
    if given is not None and existing_key(given, trust) != waiting:
        remedy = f"finish it without --key, or remove {begun} where nothing was approved with it"
        raise ConfigurationError([ConfigProblem(str(begun), None, "is of a replacement that was interrupted", remedy)])
    return waiting


def keep_next(file: Path, key: bytes) -> None:
    """Put the next key beside the one in use, durably, before anything is made with it."""
    begun = _beside(file, "next")
    if not begun.exists():
        _placed(begun, key)


def use_next(file: Path) -> Path:
    """Replace the key by the next one; return where the one before is kept."""
    former = _beside(file, "old")
    with translated(file, "replace the secret key"):
        former.unlink(missing_ok=True)
        os.link(file, former)
        os.replace(_beside(file, "next"), file)
        fsync_directory(file.parent)
    return former


def _beside(file: Path, word: str) -> Path:
    return file.with_name(f"{file.name}.{word}")


def _placed(file: Path, key: bytes) -> bytes:
    fresh = file.with_name(f"{file.name}.{random.token_hex(8)}")
    with translated(file, "make the secret key"):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(key)
                out.flush()
                os.fsync(descriptor)
            os.link(fresh, file)  # whole or not at all, and never over another one
        finally:
            fresh.unlink(missing_ok=True)
        fsync_directory(file.parent)
    return key
