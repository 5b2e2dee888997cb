"""A receiver in a process of its own: `python receivers.py KIND PATH` prints its port, then `COUNT SECONDS` at the end of its input."""

from __future__ import annotations

import gzip
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Count:
    """Events that have arrived; several connections may say so."""

    def __init__(self) -> None:
        self.events = 0
        self.last = time.monotonic()

    def add(self, number: int) -> None:
        self.events += number
        self.last = time.monotonic()


def web(count: Count, events_in: Callable[[bytes], int]) -> int:
    """Answer every request at once."""

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                length, packed = 0, False
                while (line := stream.readline().strip().lower()) != b"":
                    name, _, value = line.partition(b":")
                    length = int(value) if name == b"content-length" else length
                    packed = packed or (name == b"content-encoding" and value.strip() == b"gzip")
                body = stream.read(length)
                connection.sendall(ANSWER)
                count.add(events_in(gzip.decompress(body) if packed else body))

    return listen(serve)


def octets(count: Count) -> int:
    """Read messages of syslog by their lengths."""

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb", buffering=1 << 16) as stream:
            while first := stream.read(1):
                while (more := stream.read(1)) != b" ":
                    first += more
                stream.read(int(first))
                count.add(1)

    return listen(serve)


def listen(serve: Callable[[socket.socket], None]) -> int:
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listening.getsockname()[1]
    return port


def datagrams(count: Count, path: str) -> int:
    """Read datagrams of a Unix socket, or of a port where there is no path."""
    receiver = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    receiver.bind(path or ("127.0.0.1", 0))

    def read() -> None:
        ready = selectors.DefaultSelector()
        ready.register(receiver, selectors.EVENT_READ)
        while True:
            ready.select()
            receiver.recv(1 << 20)
            count.add(1)

    threading.Thread(target=read, daemon=True).start()
    return 0 if path else int(receiver.getsockname()[1])


def main() -> None:
    kind, path = sys.argv[1:]
    count = Count()
    match kind:
        case "webhook":
            port = web(count, lambda _body: 1)
        case "otlp":
            port = web(count, lambda body: body.count(b"event.sequence"))
        case "alertmanager":
            port = web(count, lambda body: body.count(b'"startsAt"'))
        case "tcp":
            port = octets(count)
        case _:
            port = datagrams(count, path)
    print(port, flush=True)
    sys.stdin.read()
    print(count.events, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
