"""Events on standard output: blocks for people on a terminal, lines of JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from driftd.model.event import Event
from driftd.outputs.line import json_line
from driftd.outputs.pretty import render
from driftd.ports import DeliveryError


class StdoutOutput:
    """Writes to a stream that somebody else opened and closes.

    `width` tells how wide the terminal is now; without it, events are lines of JSON.
    """

    def __init__(self, stream: BinaryIO, *, width: Callable[[], int] | None = None, color: bool = False) -> None:
        self._stream = stream
        self._width = width
        self._color = color

    def send(self, events: Sequence[Event]) -> None:
        """Write the events and flush."""
        try:
            self._stream.write(self._text(events))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            raise DeliveryError(f"standard output cannot be written: {error}") from error

    def close(self) -> None:
        """Nothing: the stream is not ours."""

    def _text(self, events: Sequence[Event]) -> bytes:
        if self._width is None:
            return b"".join(map(json_line, events))
        width = self._width()
        return "".join(render(event, width=width, color=self._color) for event in events).encode()
