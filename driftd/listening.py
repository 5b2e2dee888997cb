"""Listening: connections are taken on a thread of their own, from the moment that somebody listens until nobody does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

BREATH: Final = 0.5
"""Seconds until it is listened again after the process had no descriptor left for a peer."""


class Listening:
    """Passes each connection to `admit`, which must not wait. `thread` names the thread; `waited` is logged when none could be taken."""

    def __init__(self, admit: Callable[[socket.socket], None], thread: str, waited: str) -> None:
        self._admit = admit
        self._thread = thread
        self._waited = waited
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, where it is an address of the network."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    def start(self, listening: socket.socket) -> None:
        """Take connections from a socket that listens; it is closed by `stop`."""
        self._socket = listening
        threading.Thread(target=self._accept, args=(listening,), name=self._thread, daemon=True).start()

    def stop(self) -> bool:
        """Stop listening; say whether anybody did."""
        listening, self._socket = self._socket, None
        if listening is None:
            return False
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        return True

    def _accept(self, listening: socket.socket) -> None:
        while self._socket is listening:
            try:
                connection, _ = listening.accept()
            except OSError as error:
                if self._socket is not listening:
                    return  # we are stopping
                log.warning(self._waited, reason=error.strerror or str(error))
                time.sleep(BREATH)
                continue
            self._admit(connection)
