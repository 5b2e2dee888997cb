"""Reading a file that is named on the command line, with its secrets masked."""

from __future__ import annotations

import os
import secrets as random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftd.cli.refusals import UsageError
from driftd.formats import registry
from driftd.formats.reading import read
from driftd.model.document import Document, Problem
from driftd.model.item import shown_path
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import mask, masked_problem
from driftd.secrets.whole_files import by_digest_alone, looks_like_private_key

MAX_BYTES: Final = 64 * 1024 * 1024
STDIN: Final = "-"
PRIVATE: Final = "holds secrets alone"
BINARY: Final = "binary"
_CONFIGURATION: Final = "/etc/"


@dataclass(slots=True)
class ReadFile:
    """A file as its parser read it."""

    path: str
    content: bytes
    format: str | None
    document: Document | None
    problems: list[Problem]
    failed: bool
    """It is not of its format; the document holds its lines as text."""
    withheld: str | None = None
    """Why its digest is all there is to compare, in a word or two."""


def keeper_for(config: str | None) -> SecretKeeper:
    """Return the keeper with the host's key where it can be read, else with a key for this run alone."""
    from driftd.settings.locate import locate
    from driftd.settings.problems import ConfigurationError

    try:
        locate(config, os.environ, Path.cwd())
        from driftd.app import settings_of  # late: most who compare have no settings
        from driftd.keyfile import secret_key
        from driftd.surroundings import Surroundings

        around = Surroundings.of_process()
        _, settings = settings_of(config, around)
        return SecretKeeper(secret_key(settings.key_file, around.key_trust(settings.state), make=False))
    except ConfigurationError:
        if config is not None:
            raise
        return SecretKeeper(random.token_bytes(32))


def known_format(format: str | None) -> None:
    """UsageError, naming the nearest, where no format has this name."""
    try:
        if format is not None:
            registry.by_name(format)
    except registry.UnknownFormat as error:
        raise UsageError(f"{error}; `driftd parse --formats` lists them") from error


def read_file(file: str, as_path: str | None, format: str | None, keeper: SecretKeeper) -> ReadFile:
    """Return what a file says; UsageError where it cannot be read or the format is not known."""
    known_format(format)
    path = as_path or ("stdin" if file == STDIN else os.path.abspath(file))
    return read_content(content_of(file), path, format, keeper, stands_at=as_path or standing(path))


def read_content(
    content: bytes, path: str, format: str | None, keeper: SecretKeeper, *, stands_at: str | None = None
) -> ReadFile:
    """Return what bytes say: as the file that stands at `stands_at`, shown as `path`."""
    shown = shown_path(os.fsencode(path))
    stands_at = stands_at or standing(path)
    if by_digest_alone(path) or by_digest_alone(stands_at) or looks_like_private_key(content):
        return ReadFile(shown, content, None, None, [], failed=False, withheld=PRIVATE)
    reading = read(content, stands_at, format)
    problems = [] if reading.problem is None else [masked_problem(reading.problem, keeper)]
    if reading.document is not None:
        mask(reading.document, keeper)
        problems.extend(problem for problem in reading.document.problems if problem not in problems)
    return ReadFile(
        shown,
        content,
        reading.format,
        reading.document,
        problems,
        failed=reading.problem is not None,
        withheld=BINARY if reading.document is None else None,
    )


def standing(path: str) -> str:
    """Return where a file would stand on a host: `/etc/fstab` for the copy `/srv/backup/web-1/etc/fstab`."""
    _, found, below = path.rpartition(_CONFIGURATION)
    return found + below


def content_of(file: str) -> bytes:
    """Return the bytes of a file, or of standard input; UsageError where it cannot be read or is too large."""
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1) if file == STDIN else _read(Path(file))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{file}: larger than {MAX_BYTES} bytes")
    return content


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
