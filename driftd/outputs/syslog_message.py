"""An event as a message of syslog: RFC 5424, with structured data, cut where it is too large."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from driftd.model.change import as_text
from driftd.model.document import Json
from driftd.model.event import SYSLOG_SEVERITY, Event, action_of, namespace, severity_of
from driftd.outputs.filters import baseline_of
from driftd.outputs.visible import visible

FACILITIES: Final = {"user": 1, "daemon": 3, "auth": 4, "authpriv": 10} | {f"local{n}": 16 + n for n in range(8)}
_BOM: Final = b"\xef\xbb\xbf"
_CUT: Final = "..."
_LONGEST_VALUE: Final = 1024
"""Bytes of one value of the structured data."""
_LEAST_TEXT: Final = 64
"""Bytes that are left for the message, however much structured data there is."""


@dataclass(frozen=True, slots=True)
class SyslogFormat:
    """How messages are made. Control characters are escaped, so that no line ends where it should not."""

    facility: str = "daemon"
    max_size: int = 8192
    as_json: bool = False
    enterprise: int = 32473

    def message(self, event: Event) -> bytes:
        """Return the message of an event, of at most `max_size` bytes; `truncated` in it says that something was cut."""
        header = self._header(event)
        room = self.max_size - len(header) - 2
        text = self._json(event, room) if self.as_json else _text(event)
        kept = len(text) if self.as_json else min(len(text), _LEAST_TEXT)
        data, whole = self._data(event, room - kept)
        if not whole or len(text) > room - len(data):
            data, _ = self._data(event, room - kept, truncated=True)
            text = _shortened(text, room - len(data))
        return header + b" " + data + b" " + text

    def _header(self, event: Event) -> bytes:
        priority = FACILITIES[self.facility] * 8 + SYSLOG_SEVERITY[severity_of(event)]
        body, host = _members(event, "event"), _members(event, "host")
        name = _token(host.get("name"), 255)
        return f"<{priority}>1 {_token(event.get('@timestamp'), 48)} {name} driftd - {_token(body.get('code'), 32)}".encode()

    def _data(self, event: Event, room: int, *, truncated: bool = False) -> tuple[bytes, bool]:
        """Return the structured data that fits, the most telling first, and whether that is all of it."""
        data = bytearray(f"[driftd@{self.enterprise}".encode())
        if truncated:
            data += b' truncated="true"'
        for name, value in _parameters(event):
            escaped = _escaped(value)
            parameter = f' {name}="'.encode() + escaped + b'"'
            if len(data) + len(parameter) + 1 > room:
                return bytes(data + b"]"), False
            data += parameter
        return bytes(data + b"]"), True

    def _json(self, event: Event, room: int) -> bytes:
        """Return the event as JSON in ASCII; without its lists where it is too large, so that it stays JSON."""
        whole = json.dumps(event, separators=(",", ":")).encode().replace(b"\x7f", b"\\u007f")
        if len(whole) <= room - 512:
            return whole
        kept = ("baseline", "output", "previous")
        ours: dict[str, Json] = {
            name: value
            for name, value in namespace(event).items()
            if name in kept or not isinstance(value, list | dict)
        }
        small: dict[str, Json] = {
            name: event[name] for name in ("@timestamp", "ecs", "event", "host", "file") if name in event
        }
        return json.dumps(small | {"driftd": ours | {"truncated": True}}, separators=(",", ":")).encode()


def _text(event: Event) -> bytes:
    """Return the sentence; UTF-8 beyond ASCII begins with a mark (section 6.4)."""
    text = visible(str(event.get("message", action_of(event)))).encode("utf-8", "backslashreplace")
    return text if text.isascii() else _BOM + text


def _shortened(text: bytes, room: int) -> bytes:
    if len(text) <= room:
        return text
    return text[: max(0, room - len(_CUT))].decode("utf-8", "ignore").encode() + _CUT.encode()


def _parameters(event: Event) -> Iterator[tuple[str, str]]:
    """Yield the parameters of the structured data; what does not apply is absent."""
    body, ours = _members(event, "event"), namespace(event)
    changes = ours.get("changes")
    worst = changes[0] if isinstance(changes, list) and changes else {}
    told: dict[str, Json] = {
        "event_id": body.get("id"),
        "sequence": body.get("sequence"),
        "output_sequence": _members(ours, "output").get("sequence"),
        "action": action_of(event),
        "severity": ours.get("severity"),
        "drift_id": ours.get("drift_id"),
        "status": ours.get("status"),
        "resolution": ours.get("resolution"),
        "episode": ours.get("episode"),
        "group": ours.get("group"),
        "baseline": baseline_of(event),
        "change_count": ours.get("change_count"),
        "item": _members(event, "file").get("path") or ours.get("item"),
        "key": worst.get("key") if isinstance(worst, dict) else None,
        "rule": _members(event, "rule").get("id"),
        "reason": body.get("reason"),
        "reference": body.get("reference"),
        "chain": ours.get("chain"),
    }
    yield from ((name, visible(as_text(value))) for name, value in told.items() if value is not None)


def _escaped(value: str) -> bytes:
    """Return the value of a parameter: section 6.3.3."""
    data = value.encode("utf-8", "backslashreplace")
    if len(data) > _LONGEST_VALUE:
        data = data[: _LONGEST_VALUE - len(_CUT)].decode("utf-8", "ignore").encode() + _CUT.encode()
    return data.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"]", b"\\]")


def _token(value: Json, most: int) -> str:
    """Return a field of the header: printable ASCII without spaces, or `-`."""
    text = "".join(char if "!" <= char <= "~" else "?" for char in value) if isinstance(value, str) else ""
    return text[:most] or "-"


def _members(holder: dict[str, Json], name: str) -> dict[str, Json]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}
