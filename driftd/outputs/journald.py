"""Events in the system's journal, by its native protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
import struct
import uuid
from collections.abc import Iterator, Sequence
from typing import Final

from driftd.model.change import as_text
from driftd.model.document import Json
from driftd.model.event import CODES, SYSLOG_SEVERITY, Event, action_of, namespace, severity_of
from driftd.outputs.filters import baseline_of
from driftd.outputs.line import json_text
from driftd.outputs.visible import visible
from driftd.ports import DeliveryError

SOCKET: Final = "/run/systemd/journal/socket"
MESSAGE_ID_NAMESPACE: Final = uuid.UUID("6e1f1f3c-9b0a-4a57-8c3f-0d8f6f6b7a11")
"""`MESSAGE_ID` of a code is the UUIDv5 of the code in this namespace; neither is ever changed."""
_SEND_BUFFER: Final = 8 * 1024 * 1024
_PATIENCE: Final = 5.0
_TOO_LARGE: Final = {errno.EMSGSIZE, errno.ENOBUFS}
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def message_id(code: str) -> str:
    """Return the `MESSAGE_ID` of an event code."""
    return uuid.uuid5(MESSAGE_ID_NAMESPACE, code).hex


MESSAGE_IDS: Final = {code: message_id(code) for code in CODES.values()}


class JournaldOutput:
    """Sends one journal entry an event. What journald has accepted counts as delivered: it does not answer."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def send(self, events: Sequence[Event]) -> None:
        """Send the events in order."""
        try:
            for event in events:
                self._send(encode(fields(event)))
        except TimeoutError as error:
            raise DeliveryError(f"journald does not read from {self._path}: is it overloaded or stopped?") from error
        except OSError as error:
            self.close()
            raise DeliveryError(f"journald cannot be reached at {self._path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the socket; the next `send` opens it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, entry: bytes) -> None:
        if self._socket is None:
            self._socket = _connect()
        try:
            self._socket.sendto(entry, self._path)
        except OSError as error:
            if error.errno not in _TOO_LARGE:
                raise
            self._send_large(self._socket, entry)

    def _send_large(self, connection: socket.socket, entry: bytes) -> None:
        """Hand over a sealed memory file, as the protocol wants it for what no datagram holds."""
        file = os.memfd_create("driftd-event", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with open(file, "wb", closefd=False) as whole:
                whole.write(entry)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))
            connection.sendmsg([], [rights], 0, self._path)
        finally:
            os.close(file)


def _connect() -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    connection.settimeout(_PATIENCE)
    return connection


def fields(event: Event) -> Iterator[tuple[str, str]]:
    """Return the journal fields of an event; what does not apply is absent."""
    body, ours, file = _members(event, "event"), namespace(event), _members(event, "file")
    code = str(body.get("code", ""))
    yield "MESSAGE", visible(str(event.get("message", action_of(event))))
    if code:
        yield "MESSAGE_ID", MESSAGE_IDS.get(code) or message_id(code)
    yield "PRIORITY", str(SYSLOG_SEVERITY[severity_of(event)])
    yield "SYSLOG_IDENTIFIER", "driftd"
    changes = ours.get("changes")
    worst = changes[0] if isinstance(changes, list) and changes else {}
    shown: dict[str, Json] = {
        "ACTION": action_of(event),
        "CODE": code or None,
        "EVENT_ID": body.get("id"),
        "SEQUENCE": body.get("sequence"),
        "CHAIN": ours.get("chain"),
        "OUTPUT_SEQUENCE": _members(ours, "output").get("sequence"),
        "SEVERITY": ours.get("severity"),
        "STATUS": ours.get("status"),
        "BASELINE": baseline_of(event),
        "ITEM": file.get("path") or ours.get("item"),
        "DRIFT_ID": ours.get("drift_id"),
        "EPISODE": ours.get("episode"),
        "RESOLUTION": ours.get("resolution"),
        "KEY": worst.get("key") if isinstance(worst, dict) else None,
        "RULE": _members(event, "rule").get("id"),
        "REASON": body.get("reason"),
        "REFERENCE": body.get("reference"),
    }
    for name, value in shown.items():
        if value is not None:
            yield f"DRIFTD_{name}", visible(as_text(value))
    yield "DRIFTD_EVENT", json_text(event)


def encode(pairs: Iterator[tuple[str, str]]) -> bytes:
    """Return fields in the form of the native protocol."""
    entry = bytearray()
    for name, text in pairs:
        value = text.encode("utf-8", "backslashreplace")
        if b"\n" in value:
            entry += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        else:
            entry += name.encode() + b"=" + value + b"\n"
    return bytes(entry)


def _members(event: Event, name: str) -> dict[str, Json]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}
