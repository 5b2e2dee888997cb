"""Events as logs of OpenTelemetry, over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from driftd.model.document import Json
from driftd.model.event import Event
from driftd.outputs.otlp_record import record, record_json, request, request_json, resource
from driftd.outputs.posting import Poster
from driftd.outputs.protobuf import fields
from driftd.outputs.visible import visible
from driftd.ports import DeliveryError

PATH: Final = "/v1/logs"
MOST: Final = 2 * 1024 * 1024
"""Bytes of records in one request; a single larger record goes alone. Collectors refuse more than some megabytes."""


class Encoding(Protocol):
    """One of the two spellings of OTLP."""

    content_type: str

    def record(self, event: Event) -> bytes:
        """Return one record."""

    def request(self, records: Sequence[bytes], event: Event) -> bytes:
        """Return a request with records of the host that an event names."""

    def rejected(self, answer: bytes) -> tuple[int, str]:
        """Return how many records an answer says were not taken, and why; ValueError where it cannot be read."""


class ProtobufEncoding:
    """Protocol Buffers."""

    content_type = "application/x-protobuf"

    def __init__(self, version: str) -> None:
        self._version = version

    def record(self, event: Event) -> bytes:
        """Return one record."""
        return record(event)

    def request(self, records: Sequence[bytes], event: Event) -> bytes:
        """Return a request."""
        return request(records, resource(event, self._version), self._version)

    def rejected(self, answer: bytes) -> tuple[int, str]:
        """Read the field `partial_success`."""
        for number, partial in fields(answer):
            if number == 1 and isinstance(partial, bytes):
                told = dict(fields(partial))
                count, why = told.get(1, 0), told.get(2, b"")
                if isinstance(count, int) and isinstance(why, bytes):
                    return count, why.decode("utf-8", "replace")
        return 0, ""


class JsonEncoding:
    """The JSON of Protocol Buffers."""

    content_type = "application/json"

    def __init__(self, version: str) -> None:
        self._version = version

    def record(self, event: Event) -> bytes:
        """Return one record."""
        return json.dumps(record_json(event), separators=(",", ":")).encode()

    def request(self, records: Sequence[bytes], event: Event) -> bytes:
        """Return a request."""
        frame = json.dumps(request_json([], resource(event, self._version), self._version), separators=(",", ":"))
        before, _, after = frame.encode().rpartition(b"[]")
        return before + b"[" + b",".join(records) + b"]" + after

    def rejected(self, answer: bytes) -> tuple[int, str]:
        """Read the member `partialSuccess`."""
        told: Json = json.loads(answer or b"{}")
        match told:
            case {"partialSuccess": {"rejectedLogRecords": int() | str() as count, **more}}:
                return int(count), str(more.get("errorMessage", ""))
            case _:
                return 0, ""


class OtlpOutput:
    """Posts events in batches. Acknowledged: they have arrived when the receiver has answered that it took all of them."""

    def __init__(self, poster: Poster, encoding: Encoding, *, compress: bool) -> None:
        self._poster = poster
        self._encoding = encoding
        self._compress = compress

    def send(self, events: Sequence[Event]) -> None:
        """Post the events in order."""
        done = 0
        for group, body in self._requests(events):
            try:
                self._post(body, len(group))
            except DeliveryError as error:
                error.delivered = done
                raise
            done += len(group)

    def close(self) -> None:
        """End the connection; the next `send` makes another."""
        self._poster.close()

    def _requests(self, events: Sequence[Event]) -> Iterator[tuple[list[Event], bytes]]:
        """Yield requests with the events in them: of one host each, and of bounded size."""
        group: list[Event] = []
        records: list[bytes] = []
        size = 0
        for event in events:
            one = self._encoding.record(event)
            if group and (size + len(one) > MOST or event.get("host") != group[0].get("host")):
                yield group, self._encoding.request(records, group[0])
                group, records, size = [], [], 0
            group.append(event)
            records.append(one)
            size += len(one)
        if group:
            yield group, self._encoding.request(records, group[0])

    def _post(self, body: bytes, count: int) -> None:
        headers = {"Content-Type": self._encoding.content_type}
        if self._compress:
            import zlib

            packer = zlib.compressobj(wbits=31)
            body = packer.compress(body) + packer.flush()
            headers["Content-Encoding"] = "gzip"
        answer = self._poster.post(body, headers)
        try:
            rejected, why = self._encoding.rejected(answer.body)
        except (ValueError, TypeError):
            return  # it has said that it took them, in whatever words
        if rejected > 0:
            message = f"{rejected} of {count} records were rejected: {visible(why)[:200] or 'no reason was given'}"
            raise DeliveryError(message, permanent=True)
