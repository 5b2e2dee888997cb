"""A receiver that speaks HTTP, well or badly: requests are kept, and what is answered can be told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from tests.contracts.listening import Listener


@dataclass
class Request:
    target: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Behaviour = Callable[["Web", Request, socket.socket], bool]
"""Answers a request; False ends the connection."""


def answering(answer: bytes) -> Behaviour:
    """Return a behaviour: these bytes."""

    def behave(_web: Web, _request: Request, connection: socket.socket) -> bool:
        connection.sendall(answer)
        return True

    return behave


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {code} Whatever", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Web:
    """Listens, keeps what it is sent, and behaves as `behave` says; `script` says it for the next requests, one each."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.changed = threading.Condition()
        self.behave: Behaviour = answering(OK)
        self.script: list[Behaviour] = []
        self.listener = Listener(self._serve, context)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.listener.port}"

    def away(self) -> None:
        self.listener.away()

    def back(self) -> None:
        self.listener.back()

    close = away

    def _serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while (request := self._read(stream)) is not None:
                behave = self.script.pop(0) if self.script else self.behave
                with self.changed:
                    self.requests.append(request)
                    self.changed.notify_all()
                if not behave(self, request, connection):
                    return

    def _read(self, stream: BinaryIO) -> Request | None:
        """Return the next request; None where the connection ends, also in the middle of one."""
        first = stream.readline()
        headers = {}
        while (line := stream.readline()).strip() != b"":
            name, _, value = line.decode("ascii").partition(":")
            headers[name.lower()] = value.strip()
        if not line.endswith(b"\n"):
            return None
        length = int(headers["content-length"])
        body = stream.read(length)
        return Request(first.decode("ascii").split(" ")[1], headers, body) if len(body) == length else None
