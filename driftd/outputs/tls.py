"""Connections to receivers: opened within a time, verified where they are encrypted, their errors told in words."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from driftd.outputs.credentials import check_private
from driftd.ports import DeliveryError
from driftd.settings.addresses import Place

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Whom we believe, and who we are."""

    ca_file: Path | None = None
    """None: the authorities of the system."""
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what connections are made with: the certificate and the name of the other side are always verified."""
        import ssl

        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise DeliveryError(f"{self.ca_file}: does not hold certificates of authorities: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file is not None:
            check_private(self.key_file or self.cert_file)
            try:
                context.load_cert_chain(self.cert_file, self.key_file, password=_no_password)
            except (OSError, ssl.SSLError, ValueError) as error:
                files = " and ".join(str(file) for file in (self.cert_file, self.key_file) if file)
                raise DeliveryError(f"{files}: is not a certificate with its key: {error}") from error
        return context


def _no_password() -> bytes:
    raise ValueError("the key is encrypted, and nobody is there to ask for its password")


def connect(place: Place, seconds: float, context: ssl.SSLContext | None = None) -> socket.socket:
    """Return a connection to a place, encrypted where there is a context. Raises OSError; see `explain`."""
    plain = socket.create_connection((place.host, place.port), seconds)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(max(seconds, 1.0) * 3000))
        return plain if context is None else context.wrap_socket(plain, server_hostname=place.host)
    except BaseException:
        plain.close()
        raise


_VERIFY: Final = {
    9: "is not valid yet: does the clock of this host go right?",
    10: "has expired",
    18: "is signed by itself, and not believed here: name it in `ca_file`",
    19: "is signed by an authority that is not believed here: name that in `ca_file`",
    20: "is signed by an authority that is not believed here: name that in `ca_file`",
    62: "is for another name",
    64: "is for another address",
}
"""X509_V_ERR_* of OpenSSL, as people meet them."""


def explain(error: OSError, where: str) -> str:
    """Return what is wrong with the way to a receiver, and what to do about it."""
    import ssl

    match error:
        case ssl.SSLCertVerificationError():
            why = _VERIFY.get(error.verify_code, f"cannot be believed: {error.verify_message}")
            return f"{where}: its certificate {why}"
        case ssl.SSLError():
            return f"{where}: TLS failed: {_tls_reason(error)}"
        case socket.gaierror():
            return f"{where}: the name cannot be resolved: {error.strerror}"
        case ConnectionRefusedError():
            return f"{where}: nobody listens there"
        case TimeoutError():
            return f"{where}: no answer in time"
        case ConnectionResetError() | BrokenPipeError():
            return f"{where}: the connection was broken by the other side"
        case PermissionError():
            return f"{where}: {error.strerror} (systemd: RestrictAddressFamilies=, IPAddressDeny=; a firewall)"
        case _:
            return f"{where}: {error.strerror or os.strerror(error.errno) if error.errno else str(error) or type(error).__name__}"


def _tls_reason(error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "certificate required" in reason or "handshake failure" in reason:
        return f"{reason}: does it ask for a certificate of ours (`cert_file`)?"
    if "alert" in reason and ("unknown ca" in reason or "certificate" in reason):
        return f"{reason}: it does not believe our certificate"
    if "wrong version number" in reason or "record layer failure" in reason:
        return f"{reason}: it does not speak TLS on this port"
    return reason
