"""Outputs: whether the daemon can write or reach what they name. Nothing is sent."""

from __future__ import annotations

import grp
import os
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from driftd.doctor.finding import Finding, failed, fine, hidden, warning
from driftd.settings.addresses import Place, SecretFile, SyslogAddress, WebAddress
from driftd.settings.outputs import HttpSettings, JsonLinesSettings, OutputSettings, SyslogSettings

JOURNAL: Final = Path("/run/systemd/journal/socket")
_SECONDS: Final = 3.0

AsService = Callable[[], AbstractContextManager[None]]
"""Around what is tried as the account of the service, where we are root."""


def outputs(
    chosen: Sequence[OutputSettings], as_service: AsService, service: str, journal: Path = JOURNAL
) -> Iterator[Finding]:
    """Yield how each output is. `service`: the account that writes to it."""
    if not chosen:
        yield warning(
            "outputs", "none: events stay in driftd's own journal", "driftd init (adds `outputs` as a comment)"
        )
    for entry in chosen:
        for name, options in entry.chosen.items():
            match options:
                case JsonLinesSettings():
                    with as_service():
                        yield from _file(name, options, service)
                case SyslogSettings():
                    yield _syslog(name, options.address)
                case HttpSettings():
                    yield from _web(name, options)
                case _ if name == "journald":
                    yield _journal(journal)
                case _:
                    yield fine("outputs", name)


def _journal(journal: Path) -> Finding:
    if journal.exists():
        return fine("outputs", "journald listens")
    return failed("outputs", "journald does not listen", "systemctl start systemd-journald.socket")


def _file(name: str, options: JsonLinesSettings, service: str) -> Iterator[Finding]:
    path = options.path
    if options.group is not None and not _group_exists(options.group):
        yield failed("outputs", f"{name}: there is no group {options.group}", f"groupadd --system {options.group}")
    place = path if path.exists() else path.parent
    if not path.parent.is_dir():
        if not _may_look(path.parent.parent):
            yield hidden("outputs", f"{name}: {path.parent}")
            return
        yield failed("outputs", f"{name}: {path.parent} is not there", f"install -d -m 0750 -o {service} {path.parent}")
    elif path.exists() and not stat.S_ISREG(path.stat().st_mode):
        yield failed("outputs", f"{name}: {path} is no file", f"mv {path} {path}.aside")
    elif not os.access(place, os.W_OK | (os.X_OK if place.is_dir() else 0), effective_ids=True):
        yield failed("outputs", f"{name}: {place} cannot be written by {service}", f"chown {service} {place}")
    else:
        yield fine("outputs", f"{name}: {path}")


def _may_look(directory: Path) -> bool:
    return not directory.is_dir() or os.access(directory, os.X_OK, effective_ids=True)


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _syslog(name: str, address: SyslogAddress) -> Finding:
    if address.transport == "unix":
        if Path(address.path).is_socket():
            return fine("outputs", f"{name}: {address.path}")
        return failed("outputs", f"{name}: nobody listens at {address.path}", "systemctl start rsyslog")
    return _reach(name, address.place, str(address), datagram=address.transport == "udp")


def _web(name: str, options: HttpSettings) -> Iterator[Finding]:
    for file in (options.ca_file, options.cert_file, options.key_file, options.token_file, options.password_file):
        if (problem := _unreadable(file)) is not None:
            yield failed("outputs", f"{name}: {problem}", f"ls -l {file}")
    if options.url is not None:
        address = WebAddress.from_text(options.url)
        yield _reach(name, address.place, str(address), datagram=False)


def _unreadable(file: Path | SecretFile | None) -> str | None:
    """Return what is wrong with a file that settings name; what systemd gives the unit is not to be seen from here."""
    if file is None or str(file).startswith("credential:"):
        return None
    try:
        with open(file, "rb"):
            return None
    except PermissionError:
        return f"{file}: cannot be read by you" if os.geteuid() == 0 else None
    except OSError as error:
        return f"{file}: {error.strerror}"


def _reach(name: str, place: Place, shown: str, *, datagram: bool) -> Finding:
    try:
        if datagram:
            socket.getaddrinfo(place.host, place.port, type=socket.SOCK_DGRAM)
            return fine("outputs", f"{name}: {shown} has an address (nobody confirms what is sent there)")
        with socket.create_connection((place.host, place.port), _SECONDS):
            return fine("outputs", f"{name}: {shown} can be reached")
    except OSError as error:
        why = error.strerror or str(error) or "no answer in time"
        return failed("outputs", f"{name}: {shown}: {why}", f"curl -sv telnet://{place} </dev/null")
