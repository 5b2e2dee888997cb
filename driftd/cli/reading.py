"""Reading a file that is named on the command line, with its secrets masked."""

from __future__ import annotations

import os
import secrets as random
import sys
from dataclasses import dataclass
from pathlib import Path

from driftd.cli.refusals import UsageError
from driftd.formats import registry
from driftd.model.document import Document, Problem
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import mask, masked_problem
from driftd.secrets.whole_files import by_digest_alone, looks_like_private_key

MAX_BYTES = 64 * 1024 * 1024


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


def keeper_for(config: str | None) -> SecretKeeper:
    """Return the keeper with the host's key where it can be read, else with a key for this run alone."""
    from driftd.app import Surroundings, secret_key, settings_of
    from driftd.settings.problems import ConfigurationError

    around = Surroundings.of_process()
    try:
        _, settings = settings_of(config, around)
        return SecretKeeper(secret_key(settings.key_file, around.trust(), make=False))
    except ConfigurationError:
        if config is not None:
            raise
        return SecretKeeper(random.token_bytes(32))


def read_file(
    file: str, as_path: str | None, format: str | None, config: str | None = None, keeper: SecretKeeper | None = None
) -> ReadFile:
    """Return what a file says; UsageError where it cannot be read or the format is not known."""
    keeper = keeper or keeper_for(config)
    try:
        if format is not None:
            registry.by_name(format)
    except registry.UnknownFormat as error:
        raise UsageError(str(error)) from error
    content = _content(file)
    path = as_path or ("stdin" if file == "-" else os.path.abspath(file))
    if by_digest_alone(path) or looks_like_private_key(content):
        return ReadFile(path, content, None, None, [], failed=False)
    reading = registry.read(content, path, format)
    problems = [] if reading.problem is None else [masked_problem(reading.problem, keeper)]
    if reading.document is not None:
        mask(reading.document, keeper)
        problems.extend(reading.document.problems)
    return ReadFile(path, content, reading.format, reading.document, problems, failed=reading.problem is not None)


def _content(file: str) -> bytes:
    try:
        content = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else _read(Path(file))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{file}: larger than {MAX_BYTES} bytes")
    return content


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
