"""Where receivers are reached, and where the secrets stand that they ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from driftd.secrets.names import Secrecy, is_header, secrecy

_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_SYSLOG_PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
"""RFC 5426, RFC 6587, RFC 5425."""
_WEB_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _place(text: str, port: int) -> Place:
    found = re.fullmatch(rf"({_HOST.pattern})(?::([0-9]{{1,5}}))?", text)
    number = int(found[2] or port) if found else 0
    if found is None or not 0 < number < 65536:
        raise ValueError("write a host and a port, as in logs.example:6514 or [2001:db8::1]:6514")
    return Place(found[1].strip("[]"), number)


class SyslogAddress(str):
    """Where syslog is spoken: `unix:/dev/log`, `udp://HOST:514`, `tcp://HOST:601`, `tls://HOST:6514`."""

    __slots__ = ()
    noun: ClassVar[str] = "an address of syslog"
    wanted: ClassVar[str] = "an address such as unix:/dev/log, udp://HOST:514, tcp://HOST:601 or tls://HOST:6514"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the address; ValueError where it is none."""
        address = cls(text)
        if address.transport == "unix":
            if not re.fullmatch(r"unix:/[^\0]+", text) or len(text.encode()) > 107 + len("unix:"):
                raise ValueError("write unix: and the absolute path of a socket, at most 107 bytes")
        elif address.transport in _SYSLOG_PORTS and "://" in text:
            _ = address.place
        else:
            raise ValueError(f"write {cls.wanted}")
        return address

    @property
    def transport(self) -> str:
        """`unix`, `udp`, `tcp` or `tls`."""
        return self.partition(":")[0]

    @property
    def path(self) -> str:
        """Of the socket, where the transport is `unix`."""
        return self.removeprefix("unix:")

    @property
    def place(self) -> Place:
        """Host and port, where it is not."""
        return _place(self.partition("://")[2], _SYSLOG_PORTS[self.transport])


class SecretFile(str):
    """Where a secret stands: the absolute path of a file, or `credential:NAME` for what systemd gives the unit."""

    __slots__ = ()
    hidden: ClassVar[bool] = True
    """A problem never repeats it: who writes the secret itself there finds it in no log and no event."""
    noun: ClassVar[str] = "where a secret stands"
    wanted: ClassVar[str] = "the absolute path of a file, or credential:NAME (LoadCredential= of the unit)"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return it; ValueError where it is neither."""
        if not re.fullmatch(r"/[^\0]+|credential:[A-Za-z0-9_-][A-Za-z0-9_.-]*", text):
            raise ValueError(f"write {cls.wanted}")
        return cls(text)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A URL, taken apart. What may be secret in it (path and query) is never shown."""

    scheme: str
    place: Place
    target: str
    """Path and query, as a request names them; empty where the URL has none."""

    @classmethod
    def from_text(cls, text: str) -> WebAddress:
        """Return what a URL says; ValueError, which does not repeat the URL, says why it is none."""
        found = re.fullmatch(r"(https?)://([^/?#]*)([/?][\x21-\x7e]*)?", text)
        if found is None or "#" in text:
            raise ValueError("is not a URL: write http://HOST:PORT/PATH or https://HOST/PATH, percent-encoded")
        scheme, authority, target = found[1], found[2], found[3] or ""
        if "@" in authority:
            raise ValueError("holds credentials: remove USER:PASSWORD@, and name a file with them in `password_file`")
        return cls(scheme, _place(authority, _WEB_PORTS[scheme]), target)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}"

    @property
    def is_secret(self) -> bool:
        """Whether the query carries a secret by the name of a parameter: `?token=...`."""
        parameters = self.target.partition("?")[2].split("&")
        return any(
            secrecy(name) >= Secrecy.STRONG for name, equals, _ in (one.partition("=") for one in parameters) if equals
        )


def trouble_with_url(text: str | None) -> str | None:
    """Return why a URL cannot stand in the settings, without repeating it; None: it can."""
    if text is None:
        return None
    try:
        address = WebAddress.from_text(text)
    except ValueError as refused:
        return str(refused)
    if address.is_secret:
        return "holds a secret: put the whole URL into a file and name that in `url_file`"
    return None


def trouble_with_headers(headers: dict[str, str]) -> str | None:
    """Return why headers cannot stand in the settings, without repeating their values; None: they can."""
    for name, value in headers.items():
        if (trouble := trouble_with_name(name)) is not None:
            return trouble
        if is_header(name) or secrecy(name) >= Secrecy.STRONG:
            return f"{name} is a credential: put its value into a file and name that in `header_files`"
        if not value.isascii() or not value.isprintable():
            return f"the value of {name} holds what no header can hold"
    return None


_OURS: Final = frozenset(
    {"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection"}
)


def trouble_with_name(name: str) -> str | None:
    """Return why something cannot be the name of a header; None: it can. RFC 9110 section 5.6.2."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        return f"{name!r} is not the name of a header"
    if name.lower() in _OURS:
        return f"{name} is set by driftd itself"
    return None
