"""An event as a log record of OpenTelemetry: https://opentelemetry.io/docs/specs/otel/logs/data-model/.

Two spellings of the same message (opentelemetry.proto.logs.v1): Protocol Buffers, and their JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Event, action_of, severity_of
from driftd.outputs.protobuf import field_bytes, field_double, field_fixed64, field_text, field_varint
from driftd.outputs.visible import visible

SEVERITIES: Final = {
    Severity.INFO: 9,
    Severity.LOW: 10,
    Severity.MEDIUM: 13,
    Severity.HIGH: 17,
    Severity.CRITICAL: 21,
}
"""INFO, INFO2, WARN, ERROR, FATAL."""
SCOPE: Final = "driftd"
_ELSEWHERE: Final = frozenset({"@timestamp", "message", "host"})
_INT64: Final = range(-(1 << 63), 1 << 63)
Attribute = tuple[str, Json]


def attributes(event: Event) -> Iterator[Attribute]:
    """Yield what an event says beyond time, message and host, by dotted names: `event.id`, `driftd.drift_id`."""
    for name, value in event.items():
        if name not in _ELSEWHERE:
            yield from _flat(name, value)


def _flat(name: str, value: Json) -> Iterator[Attribute]:
    if isinstance(value, dict):
        for below, member in value.items():
            yield from _flat(f"{name}.{below}", member)
    elif value is not None:
        yield visible(name), value


def resource(event: Event, version: str) -> list[Attribute]:
    """Return what stands behind all events of a host."""
    host = event.get("host")
    who = host if isinstance(host, dict) else {}
    known: list[Attribute] = [(f"host.{name}", value) for name, value in who.items() if value is not None]
    return [("service.name", "driftd"), ("service.version", version), *known]


def nanoseconds(event: Event) -> int:
    """Return when an event happened, since 1970."""
    moment = datetime.fromisoformat(str(event["@timestamp"]))
    return round(moment.timestamp() * 1_000_000) * 1000


# --- Protocol Buffers


def record(event: Event) -> bytes:
    """Return a LogRecord."""
    severity, at = severity_of(event), nanoseconds(event)
    parts = [
        field_fixed64(1, at),
        field_varint(2, SEVERITIES[severity]),
        field_text(3, severity.word),
        field_bytes(5, _any(str(event.get("message", "")))),
        *(field_bytes(6, _key_value(name, value)) for name, value in attributes(event)),
        field_fixed64(11, at),
        field_text(12, action_of(event)),
    ]
    return b"".join(parts)


def request(records: Sequence[bytes], about: Sequence[Attribute], version: str) -> bytes:
    """Return an ExportLogsServiceRequest with records of one resource."""
    scope = field_text(1, SCOPE) + field_text(2, version)
    logs = field_bytes(1, scope) + b"".join(field_bytes(2, one) for one in records)
    whose = b"".join(field_bytes(1, _key_value(name, value)) for name, value in about)
    return field_bytes(1, field_bytes(1, whose) + field_bytes(2, logs))


def _key_value(name: str, value: Json) -> bytes:
    return field_text(1, name) + field_bytes(2, _any(value))


def _any(value: Json) -> bytes:
    match value:
        case str():
            return field_text(1, visible(value))
        case bool():
            return field_varint(2, value)
        case int() if value in _INT64:
            return field_varint(3, value)
        case int():
            return field_text(1, str(value))
        case float():
            return field_double(4, value)
        case list():
            return field_bytes(5, b"".join(field_bytes(1, _any(member)) for member in value))
        case dict():
            return field_bytes(6, b"".join(field_bytes(1, _key_value(visible(k), v)) for k, v in value.items()))
        case None:
            return b""


# --- JSON


def record_json(event: Event) -> dict[str, Json]:
    """Return a LogRecord in the JSON of Protocol Buffers, where numbers of 64 bits are strings."""
    severity, at = severity_of(event), str(nanoseconds(event))
    return {
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": SEVERITIES[severity],
        "severityText": severity.word,
        "eventName": action_of(event),
        "body": _any_json(str(event.get("message", ""))),
        "attributes": [_key_value_json(name, value) for name, value in attributes(event)],
    }


def request_json(records: Sequence[dict[str, Json]], about: Sequence[Attribute], version: str) -> dict[str, Json]:
    """Return an ExportLogsServiceRequest with records of one resource."""
    scope: dict[str, Json] = {"name": SCOPE, "version": version}
    whose: dict[str, Json] = {"attributes": [_key_value_json(name, value) for name, value in about]}
    return {"resourceLogs": [{"resource": whose, "scopeLogs": [{"scope": scope, "logRecords": [*records]}]}]}


def _key_value_json(name: str, value: Json) -> dict[str, Json]:
    return {"key": name, "value": _any_json(value)}


def _any_json(value: Json) -> dict[str, Json]:
    match value:
        case str():
            return {"stringValue": visible(value)}
        case bool():
            return {"boolValue": value}
        case int() if value in _INT64:
            return {"intValue": str(value)}
        case int():
            return {"stringValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_any_json(member) for member in value]}}
        case dict():
            return {"kvlistValue": {"values": [_key_value_json(visible(k), v) for k, v in value.items()]}}
        case None:
            return {}
