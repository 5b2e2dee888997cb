"""The ways in which syslog is carried. Each raises OSError where it is broken, and waits no longer than it was told to."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import termios
import time
from typing import Final, Protocol

from driftd.outputs.tls import TlsFiles, connect
from driftd.settings.addresses import SyslogAddress

_SETTLE: Final = 1.0
"""Seconds in which a receiver may say, after the handshake, that it does not believe our certificate (TLS 1.3)."""
_GOODBYE: Final = 0.5
_SAYS_NOTHING: Final = 64
"""Pieces of 4 KiB that are read of a receiver at once: it speaks no syslog when it says more."""
_SEND_BUFFER: Final = 1024 * 1024


class Wire(Protocol):
    """One way to a receiver; opened again after it was dropped."""

    where: str
    """For messages to people."""

    def open(self) -> None:
        """Reach the receiver."""

    def send(self, messages: list[bytes]) -> None:
        """Hand over messages; returns when the receiver's machine has them, as far as can be known."""

    def stands(self) -> bool:
        """Whether nothing says that it is broken."""

    def finish(self) -> bool:
        """End it in order; whether the receiver has said that it had everything."""

    def drop(self) -> None:
        """End it at once."""


def wire_to(address: SyslogAddress, seconds: float, files: TlsFiles) -> Wire:
    """Return the way to an address; it is opened later."""
    if address.transport == "unix":
        return UnixWire(address.path, seconds)
    if address.transport == "udp":
        return UdpWire(address, seconds)
    return StreamWire(address, seconds, files)


class _Datagrams:
    """What Unix sockets and UDP have in common: a message is a datagram, and silence is all that a receiver says."""

    def __init__(self, where: str, seconds: float) -> None:
        self.where = where
        self._seconds = seconds
        self._socket: socket.socket | None = None

    def send(self, messages: list[bytes]) -> None:
        """Hand over each; an error that the network has told by the end is raised."""
        assert self._socket is not None
        for message in messages:
            self._socket.send(message)
        _raise_pending(self._socket)

    def finish(self) -> bool:
        """Nobody says that it arrived."""
        self.drop()
        return False

    def drop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class UnixWire(_Datagrams):
    """A socket of datagrams such as /dev/log."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(path, seconds)
        self._path = path
        self._file: tuple[int, int] | None = None

    def open(self) -> None:
        """Connect to the socket."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            connection.settimeout(self._seconds)
            connection.connect(self._path)
            self._file = self._identity()
        except BaseException:
            connection.close()
            raise
        self._socket = connection

    def stands(self) -> bool:
        """Whether the socket is the one that stands at the path now."""
        return self._socket is not None and self._file == self._identity()

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino


class UdpWire(_Datagrams):
    """Datagrams over a network; what is lost on the way nobody knows."""

    def __init__(self, address: SyslogAddress, seconds: float) -> None:
        super().__init__(f"udp://{address.place}", seconds)
        self._address = address

    def open(self) -> None:
        """Resolve the name; an unreachable port is told by what is sent."""
        place = self._address.place
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, there = found[0]
        connection = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
        try:
            connection.settimeout(self._seconds)
            connection.connect(there)
        except BaseException:
            connection.close()
            raise
        self._socket = connection

    def stands(self) -> bool:
        """Whether the network has not said that nobody listens there."""
        if self._socket is None:
            return False
        try:
            _raise_pending(self._socket)
        except OSError:
            return False
        return True


class StreamWire:
    """TCP, encrypted or not, with octet counting: each message after its length."""

    def __init__(self, address: SyslogAddress, seconds: float, files: TlsFiles, settle: float = _SETTLE) -> None:
        self.where = f"{address.transport}://{address.place}"
        self._place = address.place
        self._encrypted = address.transport == "tls"
        self._seconds = seconds
        self._files = files
        self._settle = settle
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect and, over TLS, verify who is there and wait a moment for what it says of us."""
        context = self._files.context() if self._encrypted else None
        self._socket = connect(self._place, self._seconds, context)
        if context is not None and select.select([self._socket], [], [], self._settle)[0] and not self._quiet():
            raise ConnectionResetError

    def send(self, messages: list[bytes]) -> None:
        """Hand over the messages; returns when the other machine has confirmed every byte."""
        assert self._socket is not None
        self._socket.settimeout(self._seconds)
        self._socket.sendall(b"".join(b"%d %b" % (len(message), message) for message in messages))
        self._wait_until_taken(self._socket)
        if not self._quiet():
            raise ConnectionResetError

    def stands(self) -> bool:
        """Whether the other side has not ended it."""
        try:
            return self._socket is not None and self._quiet()
        except OSError:
            return False

    def finish(self) -> bool:
        """Say that nothing more comes, and wait a moment for the other side to say the same."""
        if self._socket is None:
            return False
        try:
            self._socket.settimeout(_GOODBYE)
            if self._encrypted:
                self._socket = self._socket.unwrap()  # type: ignore[attr-defined]
            self._socket.shutdown(socket.SHUT_WR)
            until = time.monotonic() + _GOODBYE
            while self._socket.recv(4096):
                self._socket.settimeout(max(0.001, until - time.monotonic()))
                if time.monotonic() > until:
                    return False
        except (OSError, ValueError):
            return False
        finally:
            self.drop()
        return True

    def drop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _quiet(self) -> bool:
        """Whether the connection stands: receivers of syslog say nothing, so all that can come is its end."""
        assert self._socket is not None
        self._socket.settimeout(0)
        try:
            for _ in range(_SAYS_NOTHING):
                if not self._socket.recv(4096):
                    break
        except OSError as error:
            if not _would_block(error):
                raise
            return True
        finally:
            self._socket.settimeout(self._seconds)
        return False

    def _wait_until_taken(self, connection: socket.socket) -> None:
        """Wait until the other machine has confirmed what the kernel sent: SIOCOUTQ, see tcp(7)."""
        until, pause = time.monotonic() + self._seconds, 0.0001
        while _unconfirmed(connection):
            _raise_pending(connection)
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(pause)
            pause = min(pause * 2, 0.05)


def _unconfirmed(connection: socket.socket) -> int:
    number: int = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
    return number


def _would_block(error: OSError) -> bool:
    if isinstance(error, BlockingIOError):
        return True
    import ssl

    return isinstance(error, ssl.SSLWantReadError)


def _raise_pending(connection: socket.socket) -> None:
    """Raise what the network has said about what was sent."""
    pending = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if pending:
        raise OSError(pending, os.strerror(pending))
