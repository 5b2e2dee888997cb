"""Requests of OTLP, read with the messages that OpenTelemetry publishes."""

from __future__ import annotations

import gzip
from typing import Any

from tests.contracts.web import Request


def export_request(request: Request) -> Any:
    """Return an ExportLogsServiceRequest."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
    message = ExportLogsServiceRequest()
    if request.headers["content-type"] == "application/json":
        json_format.Parse(body, message)
    else:
        assert request.headers["content-type"] == "application/x-protobuf"
        message.ParseFromString(body)
        known = ExportLogsServiceRequest()
        known.CopyFrom(message)
        known.DiscardUnknownFields()
        assert known == message, "it holds fields that nobody knows"
    return message


def plain(value: Any) -> Any:
    """Return what an AnyValue holds."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(member) for member in value.array_value.values]
    if kind == "kvlist_value":
        return {member.key: plain(member.value) for member in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


def attributes_of(holder: Any) -> dict[str, Any]:
    """Return the attributes of a record or a resource."""
    return {one.key: plain(one.value) for one in holder.attributes}
