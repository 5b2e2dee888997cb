"""Standard output of commands whose exit status says something: it says so also where nobody reads, or nothing can be written."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from driftd.cli.refusals import UsageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def outlasting(stream: TextIO) -> TextIO:
    """Return a stream that writes where this one does, and lets go of what a closed pipe does not take any more.

    `driftd check | head` audits everything, and `driftd approve --yes | head` approves: with what status a command ends does not
    hang on who reads it.
    """
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # a test's
    stream.flush()
    raw = _Unread(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=stream.line_buffering
    )


def three_streams() -> None:
    """Have standard input, output and error where whoever started us closed them: no file of driftd's takes their numbers."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process


class _Unread(io.FileIO):
    _lost = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write; where nobody reads, say that it is written. UsageError where it cannot be, once."""
        if self._lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            self._lost = True
            return memoryview(data).nbytes
        except OSError as error:
            self._lost = True
            raise UsageError(f"standard output cannot be written: {error.strerror}") from error
