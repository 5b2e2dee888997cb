"""The HTTP endpoint for metrics and health: GET and HEAD of a few pages, nothing else.

The library's HTTP server costs more memory than all of driftd's own code; what is asked here is one line.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

from driftd.listening import Listening

log = structlog.get_logger(__name__)

MAX_REQUEST: Final = 8 * 1024
MAX_PEERS: Final = 8
PATIENCE: Final = 5.0
"""Seconds a peer may take to ask, and again to take the answer."""
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


class Page(NamedTuple):
    """An answer."""

    status: int
    content_type: str
    body: str


class EndpointError(Exception):
    """The address cannot be listened on; the message says which and why."""


def split_address(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:9469` or `[::1]:9469`."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def listen_at(address: str) -> socket.socket:
    """Return a socket that listens there; EndpointError, with the OSError as its cause, where that is not possible."""
    host, port = split_address(address)
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(place)
            listening.listen(MAX_PEERS)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise EndpointError(f"{address}: cannot listen for metrics: {error.strerror or error}") from error
    return listening


class Endpoint:
    """Listens, and answers each request on a thread of its own with what `pages(path)` returns; None: there is none."""

    def __init__(self, address: str, pages: Callable[[str], Page | None], patience: float = PATIENCE) -> None:
        self._address = address
        self._pages = pages
        self._patience = patience
        self._listening = Listening(self._admit, "driftd-metrics", "a peer of the metrics endpoint had to wait")
        self._peers = threading.BoundedSemaphore(MAX_PEERS)

    def start(self) -> None:
        """Bind and listen; EndpointError where that is not possible."""
        self._listening.start(listen_at(self._address))

    @property
    def port(self) -> int:
        """The port that is listened on; 0 in the address lets the kernel choose."""
        return self._listening.port

    def stop(self) -> None:
        """Stop listening."""
        self._listening.stop()

    def _admit(self, connection: socket.socket) -> None:
        if not self._peers.acquire(blocking=False):
            connection.close()  # slow peers do not make more threads
            return
        try:
            threading.Thread(target=self._serve, args=(connection,), name="driftd-scrape", daemon=True).start()
        except RuntimeError as error:  # there can be no more threads
            self._peers.release()
            connection.close()
            log.warning("a peer of the metrics endpoint could not be served", reason=str(error))

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                answer = self._answer(_request(connection, self._patience))
                connection.settimeout(self._patience)
                connection.sendall(answer)
        except OSError as error:
            log.debug("a peer of the metrics endpoint went away", reason=str(error))
        finally:
            self._peers.release()

    def _answer(self, request: bytes) -> bytes:
        """Return the whole response to a request's first line; see RFC 9112."""
        words = request.split(b"\r\n", 1)[0].split(b" ")
        method = words[0]
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
            page: Page = _plain(400, "not a request of HTTP/1.1")
        elif method not in (b"GET", b"HEAD"):
            page = _plain(405, "GET or HEAD")
        else:
            path = words[1].split(b"?", 1)[0].decode("ascii", "replace")
            page = self._pages(path) or _plain(404, "there are /metrics and /health")
        body = page.body.encode()
        head = (
            f"HTTP/1.1 {page.status} {_REASONS[page.status]}\r\nContent-Type: {page.content_type}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        return head.encode("ascii") + (b"" if method == b"HEAD" else body)


def _plain(status: int, text: str) -> Page:
    return Page(status, "text/plain; charset=utf-8", text + "\n")


def _request(connection: socket.socket, patience: float) -> bytes:
    """Return what a peer sends up to the end of its headers, or as much as one may send."""
    end = time.monotonic() + patience
    data = bytearray()
    while b"\r\n\r\n" not in data and len(data) <= MAX_REQUEST:
        connection.settimeout(max(0.001, end - time.monotonic()))
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return bytes(data) if len(data) <= MAX_REQUEST else b""
