"""HTTP requests to a receiver: within a time, over a verified connection that is kept open, answers read in bounds.

A receiver may be slow, hang, break the connection, redirect, lie about the length of what it says or say megabytes of it: all
of that is a DeliveryError in words, or no trouble at all where it has said before that it has the events.
"""

from __future__ import annotations

import base64
import io
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from driftd.outputs.credentials import read_secret
from driftd.outputs.tls import TlsFiles, connect, explain
from driftd.outputs.visible import visible
from driftd.ports import DeliveryError
from driftd.settings.addresses import Place, SecretFile, WebAddress
from driftd.settings.outputs import HttpSettings

if TYPE_CHECKING:
    import http.client

MOST_READ: Final = 64 * 1024
"""Bytes of an answer that are read; a longer one ends the connection."""
_QUOTED: Final = 200
_TELLING: Final = 6
"""Characters from which on a part of a secret URL is taken for the secret in it."""
_REFUSED: Final = frozenset({400, 413, 422})
"""Statuses that speak of what was sent; all others of the way there, or of the receiver: RFC 9110 section 15."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said that has what was sent."""

    status: int
    body: bytes


class Poster:
    """Posts to the receiver that the settings describe, on one connection. Building opens nothing."""

    def __init__(
        self,
        settings: HttpSettings,
        environment: Mapping[str, str],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        path: str = "",
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._now = now
        self._monotonic = monotonic
        self._path = path
        self._files = TlsFiles(settings.ca_file, settings.cert_file, settings.key_file)
        self._line: _Line | None = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the answer of a receiver that took it (2xx); DeliveryError says why another did not."""
        address = self._address()
        secret = {name: self._secret(file) for name, file in self._settings.header_files.items()}
        authorization = self._authorization()
        if authorization is not None:
            secret["Authorization"] = authorization
        from driftd import __version__

        ours = {"User-Agent": f"driftd/{__version__}", **self._settings.headers, **headers, **secret}
        status, said, after = self._exchange(address, body, ours)
        if 200 <= status < 300:
            return Answer(status, said)
        raise self._refusal(address, status, _quote(said, self._hidden(address, secret)), after)

    def _hidden(self, address: WebAddress, secret: Mapping[str, str]) -> list[str]:
        """Return what no answer may repeat to us, the longest first: a receiver may name a part of what it does not accept."""
        hidden = [part for value in secret.values() for part in (value, value.rpartition(" ")[2])]
        if self._settings.password_file is not None:
            hidden.append(self._secret(self._settings.password_file))
        if self._settings.url_file is not None:
            words = re.split(r"[/?&=]", address.target)
            hidden += [address.target, *(word for word in words if len(word) >= _TELLING)]
        return sorted((text for text in hidden if len(text) > 1), key=len, reverse=True)

    def close(self) -> None:
        """End the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _address(self) -> WebAddress:
        text = self._settings.url
        if text is None:
            assert self._settings.url_file is not None
            text = self._secret(self._settings.url_file)
        try:
            address = WebAddress.from_text(text)
        except ValueError as refused:
            raise DeliveryError(f"{self._settings.url_file or 'url'}: {refused}") from None
        if address.target in ("", "/"):
            return WebAddress(address.scheme, address.place, self._path or "/")
        return address

    def _secret(self, file: SecretFile) -> str:
        return read_secret(file, self._environment)

    def _authorization(self) -> str | None:
        settings = self._settings
        if settings.token_file is not None:
            return f"Bearer {self._secret(settings.token_file)}"
        if settings.username is not None and settings.password_file is not None:
            pair = f"{settings.username}:{self._secret(settings.password_file)}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return None

    def _exchange(self, address: WebAddress, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, str | None]:
        """Send and read, once more on a fresh connection where one that was kept turns out to be gone."""
        import http.client

        until = self._monotonic() + float(self._settings.timeout)
        kept = self._line is not None and self._line.leads_to(address)
        while True:
            try:
                return self._open(address, until).exchange(address, body, headers, until)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                if not kept or isinstance(error, TimeoutError):
                    raise DeliveryError(_why(error, str(address))) from error
                kept = False

    def _open(self, address: WebAddress, until: float) -> _Line:
        if self._line is not None and not self._line.leads_to(address):
            self.close()
        if self._line is None:
            context = self._files.context() if address.scheme == "https" else None
            left = max(0.001, until - self._monotonic())
            self._line = _Line(address, connect(address.place, left, context), self._monotonic)
        return self._line

    def _refusal(self, address: WebAddress, status: int, quoted: str, after: str | None) -> DeliveryError:
        match status:
            case _ if 300 <= status < 400:
                why = "redirects elsewhere; redirects are not followed: name the place it leads to"
            case 401 | 403 | 407:
                why = "does not accept our credentials"
            case 404 | 405 | 410:
                why = "takes nothing at this path: is the URL right?"
            case 413:
                why = "finds it too large"
            case _ if status in _REFUSED:
                why = "refuses what was sent"
            case 408 | 425 | 429:
                why = "asks us to wait"
            case _:
                why = "cannot take it now" if status >= 500 else "does not take it"
        message = f"{address}: {why} (HTTP {status}{quoted})"
        return DeliveryError(message, permanent=status in _REFUSED, retry_after=self._wish(after))

    def _wish(self, after: str | None) -> float | None:
        """Return the seconds of a `Retry-After`: a number, or a date (RFC 9110 section 10.2.3)."""
        if after is None:
            return None
        if after.strip().isdecimal():
            return float(after.strip()[:9])
        from email.utils import parsedate_to_datetime

        try:
            at = parsedate_to_datetime(after)
        except (ValueError, TypeError, OverflowError):
            return None
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - self._now()).total_seconds())


class _Line:
    """One connection to one place, used for one request after the other."""

    def __init__(self, address: WebAddress, connected: socket.socket, monotonic: Callable[[], float]) -> None:
        import http.client

        self._scheme, self._place = address.scheme, address.place
        self._bounded = _Bounded(connected, monotonic)
        self._http = http.client.HTTPConnection(address.place.host, address.place.port)
        self._http.auto_open = 0
        self._http.sock = self._bounded  # all that it uses of a socket

    def leads_to(self, address: WebAddress) -> bool:
        """Whether it is open, and to there."""
        place: tuple[str, Place] = address.scheme, address.place
        return self._http.sock is not None and (self._scheme, self._place) == place

    def exchange(
        self, address: WebAddress, body: bytes, headers: Mapping[str, str], until: float
    ) -> tuple[int, bytes, str | None]:
        """Return status, the beginning of the answer and its `Retry-After`."""
        self._bounded.until = until
        standard = {"Host": _host(address), "Content-Length": str(len(body))}
        self._http.putrequest("POST", address.target, skip_host=True, skip_accept_encoding=True)
        for name, value in (standard | dict(headers)).items():
            self._http.putheader(name, value.encode("ascii"))
        self._http.endheaders(body)
        response = self._http.getresponse()
        said = self._read(response)
        return response.status, said, response.headers.get("Retry-After")

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """Return the beginning of an answer; the status is known, so that what befalls the rest only ends the connection."""
        import http.client

        try:
            said = response.read(MOST_READ)
            ended = response.isclosed() or not response.read(1)
        except (OSError, http.client.HTTPException, ValueError):
            said, ended = b"", False
        if not ended:
            self.close()
        return said

    def close(self) -> None:
        """Close it."""
        self._http.close()
        self._bounded.close()


class _Bounded:
    """What http.client uses of a socket, with one deadline for all that is sent and read."""

    def __init__(self, connected: socket.socket, monotonic: Callable[[], float]) -> None:
        self._socket = connected
        self._monotonic = monotonic
        self.until = 0.0

    def sendall(self, data: Any) -> None:
        """Send everything in time."""
        self.hurry()
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what answers are read from."""
        return io.BufferedReader(_Reader(self, self._socket))

    def hurry(self) -> None:
        """Have the next step take no longer than what is left."""
        left = self.until - self._monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, bounded: _Bounded, connected: socket.socket) -> None:
        self._bounded = bounded
        self._socket = connected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._bounded.hurry()
        return self._socket.recv_into(buffer)


def _host(address: WebAddress) -> str:
    usual = {"http": 80, "https": 443}[address.scheme] == address.place.port
    whole = str(address.place)
    return whole.rpartition(":")[0] if usual else whole


def _why(error: Exception, where: str) -> str:
    if isinstance(error, OSError) and not type(error).__module__.startswith("http"):
        return explain(error, where)
    if isinstance(error, ConnectionResetError):  # RemoteDisconnected
        return f"{where}: the connection was ended without an answer"
    return f"{where}: does not speak HTTP as it should ({type(error).__name__})"


def _quote(said: bytes, hidden: list[str]) -> str:
    """Return the beginning of what was said, for people; a secret of ours in it is not repeated."""
    text = said[: _QUOTED * 8].decode("utf-8", "replace").strip()
    for secret in hidden:
        text = text.replace(secret, "***")
    text = visible(" ".join(text.split()))
    return f": {text[:_QUOTED]}" if text else ""
