"""The endpoint and the textfile for monitoring: whether the daemon can offer them, and to whom."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from driftd.doctor.finding import Finding, failed, fine, warning
from driftd.doctor.writing import Writer, written
from driftd.metrics.endpoint import EndpointError, listen_at, split_address
from driftd.settings.types import MetricsSettings

_SECONDS: Final = 3.0
_MOST: Final = 64 << 10
_OURS: Final = b"driftd/health/"
"""What the health page of a driftd begins with."""


def metrics(
    settings: MetricsSettings, as_service: Callable[[], AbstractContextManager[None]], writer: Writer, file: Path
) -> Iterator[Finding]:
    """Yield how each of the two is; nothing where none is wanted. `file`: where the settings are written."""
    if settings.listen is not None:
        with as_service():
            yield _endpoint(settings.listen, file)
    if settings.textfile is not None:
        with as_service():
            yield written("metrics", "textfile", settings.textfile, writer, replaced=True)


def _endpoint(address: str, file: Path) -> Finding:
    host, port = split_address(address)
    try:
        listen_at(address).close()
        told = f"{address} can be listened on"
    except EndpointError as error:
        cause = error.__cause__
        number = cause.errno if isinstance(cause, OSError) and not isinstance(cause, socket.gaierror) else None
        if number != errno.EADDRINUSE or not _answers(host, port):
            return failed("metrics", str(error), _mend(number, address, file))
        told = f"driftd answers at {address}"
    if _public(host):
        told += ": from any network, and without a password"
        return warning("metrics", told, f'metrics.listen: "127.0.0.1:{port}" in {file}, or a firewall before it')
    return fine("metrics", told)


def _mend(number: int | None, address: str, file: Path) -> str:
    host, port = split_address(address)
    match number:
        case errno.EADDRINUSE:
            return f"ss -ltnp 'sport = :{port}' (who listens there); or another port for metrics.listen in {file}"
        case errno.EACCES:
            return f"metrics.listen with a port above 1023 in {file}"
        case None:
            return f"getent ahosts {host}; or a number for metrics.listen in {file}"
        case _:
            return f"ip -brief address; then one of these for metrics.listen in {file}"


def _public(host: str) -> bool:
    """Whether an address is everybody's: all there are on this host, or one of the Internet."""
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return any(address.is_unspecified or address.is_global for address in addresses)


def _answers(host: str, port: int) -> bool:
    """Whether it is a driftd that listens there."""
    try:
        with socket.create_connection((host, port), _SECONDS) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while _OURS not in answer and len(answer) < _MOST and (piece := connection.recv(4096)):
                answer += piece
    except OSError:
        return False
    return _OURS in answer
