"""Diagnostics: what driftd says about itself, on standard error. Events go to outputs, not here."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TextIO

import structlog


class _Lines:
    """Writes lines to a stream as long as it takes them: nothing that driftd does depends on whether somebody reads these.

    The other end may be gone (journald was stopped, a pipe was closed), or its disk be full.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._guard = threading.Lock()

    def msg(self, line: str) -> None:
        with self._guard, suppress(OSError, ValueError):
            print(line, file=self._stream, flush=True)

    info = warning = error = critical = msg


def configure(stream: TextIO) -> None:
    """Send diagnostics to a stream: readable lines on a terminal, JSON elsewhere. Values of variables are never shown.

    A stream that takes them no more is no error.
    """
    lines = _Lines(stream)
    terminal = stream.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if terminal else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
