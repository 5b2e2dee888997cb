"""Receivers on sockets, for the stands of outputs: what arrives is kept, and they can be away and back at the same place."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import socket
import ssl
import struct
import termios
import threading
from collections.abc import Callable
from pathlib import Path


class Listener:
    """Accepts connections of a port on a thread of its own, and has each served on one; can be away and back."""

    def __init__(self, serve: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._serve = serve
        self._context = context
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.back()

    def back(self) -> None:
        """Listen, where it listened before."""
        listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listening.getsockname()[1]
        self._listening = listening
        self._start(self._accept, listening)

    def away(self) -> None:
        """Listen no more, and break what is open."""
        if self._listening is None:
            return
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._listening = None
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._threads.clear()

    close = away

    def unread(self) -> int:
        """Return how many bytes have arrived that nobody has read yet."""
        waiting = 0
        for connection in list(self._open):
            with contextlib.suppress(OSError, ValueError):
                waiting += struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, b"\0" * 4))[0]
        return waiting

    def _start(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(connection,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                self._open.add(connection)
                self._start(self._served, connection)

    def _served(self, connection: socket.socket) -> None:
        plain = connection
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.add(connection)
                self._open.discard(plain)
            self._serve(connection)
        except OSError:
            pass
        finally:
            self._open.discard(plain)
            self._open.discard(connection)
            connection.close()


class Datagrams:
    """A socket of datagrams, at a path or on a port, that can be away and back."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.port = 0
        self.received: list[bytes] = []
        self._socket: socket.socket | None = None
        self.back()

    def back(self) -> None:
        family = socket.AF_INET if self.path is None else socket.AF_UNIX
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(("127.0.0.1", self.port) if self.path is None else str(self.path))
        if self.path is None:
            self.port = self._socket.getsockname()[1]
        self._socket.setblocking(False)

    def away(self) -> None:
        self.drain()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            if self.path is not None:
                os.unlink(self.path)

    close = away

    def drain(self) -> list[bytes]:
        if self._socket is not None:
            with contextlib.suppress(BlockingIOError), selectors.DefaultSelector() as ready:
                ready.register(self._socket, selectors.EVENT_READ)
                while ready.select(0):
                    self.received.append(self._socket.recv(1 << 20))
        return self.received
