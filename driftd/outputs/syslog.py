"""Events to a syslog server: over a Unix socket, UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).

Syslog does not acknowledge. What a connection took counts as delivered once the other machine has confirmed the bytes; what it
was given shortly before it broke is given again to the next one, since nobody knows what became of it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from driftd.model.event import Event
from driftd.outputs.syslog_message import SyslogFormat
from driftd.outputs.syslog_wire import Wire
from driftd.outputs.tls import explain
from driftd.ports import DeliveryError

DOUBTFUL: Final = 60.0
"""Seconds for which what a connection took may be lost with it: in buffers, in the memory of the receiver."""
MOST: Final = 1000
"""Messages that are remembered to be given again."""
MOST_BYTES: Final = 1024 * 1024
LOOK_EVERY: Final = 5.0
"""Seconds between two looks at a connection that was given something a short time ago."""


class SyslogOutput:
    """Sends one message an event, and again what may have been lost with a connection."""

    def __init__(
        self,
        wire: Wire,
        form: SyslogFormat,
        monotonic: Callable[[], float],
        doubtful: float = DOUBTFUL,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._wire = wire
        self._form = form
        self._monotonic = monotonic
        self._doubtful = doubtful
        self._look_every = look_every
        self._sent: deque[tuple[float, bytes]] = deque(maxlen=MOST)
        self._sent_bytes = 0
        self._open = False

    def send(self, events: Sequence[Event]) -> None:
        """Send the events in order, after what may have been lost before."""
        if not events:
            return
        messages = [self._form.message(event) for event in events]
        try:
            self._connect()
            self._wire.send(messages)
        except OSError as error:
            raise self._broken(error) from error
        self._remember(messages)

    @property
    def every(self) -> float:
        """Seconds between two looks; none is due where nothing was sent lately."""
        return self._look_every if self._sent else math.inf

    def refresh(self) -> None:
        """Look whether the connection still stands, where something would have to be sent again if not."""
        if not self._sent or not self._open:
            return
        try:
            self._connect()
        except OSError as error:
            raise self._broken(error) from error

    def close(self) -> None:
        """End the connection in order: what was sent has then arrived, where the other side says so."""
        if self._open and self._wire.finish():
            self._forget(len(self._sent))
        self._open = False

    def _connect(self) -> None:
        """Have a connection that stands, which was given what the one before may have lost."""
        if self._open and self._wire.stands():
            before = self._monotonic() - self._doubtful
            self._forget(sum(at < before for at, _ in self._sent))
            return
        self._wire.drop()
        self._open = False
        self._wire.open()
        self._open = True
        if self._sent:
            self._wire.send([message for _, message in self._sent])

    def _remember(self, messages: list[bytes]) -> None:
        now = self._monotonic()
        for message in messages:
            if len(self._sent) == MOST:
                self._forget(1)
            self._sent.append((now, message))
            self._sent_bytes += len(message)
        while self._sent_bytes > MOST_BYTES:
            self._forget(1)

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._sent_bytes -= len(self._sent.popleft()[1])

    def _broken(self, error: OSError) -> DeliveryError:
        self._wire.drop()
        self._open = False
        return DeliveryError(explain(error, f"syslog at {self._wire.where}"))
