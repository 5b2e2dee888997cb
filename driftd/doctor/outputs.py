"""Outputs: whether the daemon can write or reach what they name. Nothing is sent."""

from __future__ import annotations

import grp
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from driftd.doctor.finding import Finding, failed, fine, hidden, warning
from driftd.doctor.writing import Writer, shut, written
from driftd.outputs.credentials import check_private, read_secret
from driftd.ports import DeliveryError
from driftd.settings.addresses import Place, SecretFile, SyslogAddress, WebAddress
from driftd.settings.outputs import (
    HttpSettings,
    JournaldSettings,
    JsonLinesSettings,
    OutputSettings,
    SyslogSettings,
    WebhookSettings,
    names_of,
)

JOURNAL: Final = Path("/run/systemd/journal/socket")
_SECONDS: Final = 3.0

AsService = Callable[[], AbstractContextManager[None]]
"""Around what is tried as the account of the service, where we are root."""


def outputs(
    chosen: Sequence[OutputSettings], as_service: AsService, writer: Writer, journal: Path = JOURNAL
) -> Iterator[Finding]:
    """Yield how each output is. `writer`: who writes to it."""
    if not chosen:
        yield warning(
            "outputs", "none: events stay in driftd's own journal", "driftd init (adds `outputs` as a comment)"
        )
    for name, entry in zip(names_of(chosen), chosen, strict=True):
        match entry.options:
            case JsonLinesSettings() as options:
                with as_service():
                    yield from _file(name, options, writer)
            case SyslogSettings() as options:
                yield _syslog(name, options.address)
            case HttpSettings() as options:
                yield from _web(name, options)
            case JournaldSettings():
                yield _journal(journal)
            case _:
                yield fine("outputs", name)


def _journal(journal: Path) -> Finding:
    if journal.exists():
        return fine("outputs", "journald listens")
    return failed("outputs", "journald does not listen", "systemctl start systemd-journald.socket")


def _file(name: str, options: JsonLinesSettings, writer: Writer) -> Iterator[Finding]:
    if options.group is not None and not _group_exists(options.group):
        yield failed("outputs", f"{name}: there is no group {options.group}", f"groupadd --system {options.group}")
    yield written("outputs", name, options.path, writer, replaced=False)


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
    for file in (options.ca_file, options.cert_file):
        if file is not None and not shut(file) and not file.exists():
            yield failed("outputs", f"{name}: {file} is not there", f"ls -l {file.parent}")
    signed = options.secret_file if isinstance(options, WebhookSettings) else None
    named = (options.key_file or options.cert_file, options.token_file, options.password_file, options.url_file, signed)
    for secret in (*named, *options.header_files.values()):
        if secret is not None and not _of_the_unit(secret):
            yield from _private(name, Path(secret))
    yield from _receiver(name, options)


def _of_the_unit(file: Path | SecretFile) -> bool:
    return str(file).startswith("credential:")


def _private(name: str, file: Path) -> Iterator[Finding]:
    """Whether a file with a secret is there and closed."""
    if shut(file):
        yield hidden("outputs", f"{name}: {file}")
        return
    try:
        check_private(file)
    except DeliveryError as error:
        yield failed("outputs", f"{name}: {error}", f"chmod 0600 {file}" if file.exists() else f"ls -l {file.parent}")


def _receiver(name: str, options: HttpSettings) -> Iterator[Finding]:
    url = options.url
    if url is None and options.url_file is not None:
        if _of_the_unit(options.url_file):
            yield fine("outputs", f"{name}: its URL is given to the unit alone, and not to be seen from here")
            return
        try:
            url = read_secret(options.url_file, {})
        except DeliveryError:
            return  # said above, or not ours to read
    try:
        address = WebAddress.from_text(url or "")
    except ValueError as error:
        yield failed("outputs", f"{name}: the URL in {options.url_file} {error}", f"${{EDITOR:-vi}} {options.url_file}")
        return
    yield _reach(name, address.place, str(address), datagram=False)


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
