"""Reading a file: by the parser of its format; what that cannot read, as lines of text."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.formats import text
from driftd.formats.detection import detect, is_binary
from driftd.formats.registry import UnknownFormat, by_name
from driftd.model.document import Document, ParseError, Problem


@dataclass(slots=True)
class Reading:
    """What became of a file's bytes; `document` is None where only a digest can tell them apart."""

    format: str | None
    reading: str | None
    """The parser that read the document: `text/1` where the format's own could not."""
    document: Document | None
    problem: Problem | None
    """Why the format's parser could not read the file."""


def read(data: bytes, path: str, format: str | None = None) -> Reading:
    """Return what a file says. Never raises: what its format cannot read is a problem, and is read as lines."""
    try:
        chosen = by_name(format) if format is not None else detect(path, data)
    except UnknownFormat as error:
        return _as_text(data, path, format, Problem(None, error.message))
    if chosen is None:
        return Reading(None, None, None, None)
    try:
        return Reading(chosen.name, chosen.reading, chosen.parse(data, path), None)
    except ParseError as error:
        problem = Problem(error.line, error.message)
    except RecursionError:
        problem = Problem(None, "nested too deep")
    except Exception as error:  # noqa: BLE001 - a mistake in one parser is a problem of this file, not the end of the audit
        problem = Problem(None, f"the {chosen.name} parser failed ({type(error).__name__}); please report it")
    return _as_text(data, path, chosen.name, problem)


def _as_text(data: bytes, path: str, format: str | None, problem: Problem) -> Reading:
    """The reading of what could not be parsed: lines of text where it is text within the bounds."""
    if is_binary(data):
        return Reading(format, None, None, problem)
    try:
        document = text.parse(data, path)
    except ParseError:
        return Reading(format, None, None, problem)
    document.format = format or text.NAME
    document.problems.append(problem)
    return Reading(format, by_name(text.NAME).reading, document, problem)
