"""Settings as a file says them, or every reason why not."""

from __future__ import annotations

from pathlib import Path

from driftd.model.document import Document
from driftd.settings.problems import ConfigProblem, ConfigurationError
from driftd.settings.regular import read_regular
from driftd.settings.trust import Trust
from driftd.settings.typed import convert
from driftd.settings.types import SETTINGS, Settings


def load(path: Path, *, trust: Trust) -> Settings:
    """Return the settings of a file that only trusted people can write; raise ConfigurationError otherwise."""
    problems = trust.check(path)
    if problems:
        raise ConfigurationError(problems)
    document, _, problems = read_yaml(path)
    if document is None:
        raise ConfigurationError(problems)
    settings, wrong = convert(document.root, Settings, str(path), SETTINGS)
    if settings is None or problems:
        raise ConfigurationError(in_order([*problems, *wrong]))
    return settings


def read_yaml(path: Path) -> tuple[Document | None, bytes, list[ConfigProblem]]:
    """Return what a YAML file says, its bytes, and what in it could not be taken at its word (a key written twice)."""
    from driftd.formats.reading import read

    file = str(path)
    try:
        content = read_regular(path)
    except OSError as refused:
        problem = ConfigProblem(file, None, f"cannot be read: {refused.strerror}", "check the path and its mode")
        return None, b"", [problem]
    reading = read(content, file, "yaml")
    if reading.problem is not None or reading.document is None:
        line, message = (reading.problem.line, reading.problem.message) if reading.problem else (None, "not text")
        return None, content, [ConfigProblem(file, line, f"is not YAML: {message}")]
    document = reading.document
    return document, content, [ConfigProblem(file, problem.line, problem.message) for problem in document.problems]


def in_order(problems: list[ConfigProblem]) -> list[ConfigProblem]:
    """Return problems in the order in which an editor meets them, each once."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line or 0))
