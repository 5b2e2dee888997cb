from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.outputs.otlp import MOST, Encoding, JsonEncoding, OtlpOutput, ProtobufEncoding
from driftd.outputs.posting import Poster
from driftd.outputs.protobuf import fields, varint
from driftd.ports import DeliveryError
from driftd.settings.addresses import SecretFile
from driftd.settings.outputs import HttpSettings
from tests.contracts.otlp import attributes_of, export_request
from tests.contracts.output_suite import an_event
from tests.contracts.web import Web, answering, status

BOTH = pytest.mark.parametrize("encoding", [ProtobufEncoding("1.0"), JsonEncoding("1.0")], ids=["protobuf", "json"])


@pytest.fixture
def web(require_real: Callable[[str], None]) -> Iterator[Web]:
    require_real("opentelemetry-proto")
    web = Web()
    yield web
    web.close()


def otlp(web: Web, encoding: Encoding, *, compress: bool = True, **more: Any) -> OtlpOutput:
    poster = Poster(HttpSettings(url=web.url, **more), {}, lambda: datetime.now(UTC), time.monotonic, path="/v1/logs")
    return OtlpOutput(poster, encoding, compress=compress)


@BOTH
@pytest.mark.parametrize("compress", [False, True])
def test_a_collector_reads_what_the_event_says(web: Web, encoding: Encoding, compress: bool) -> None:
    event = an_event(7, output={"name": "otlp", "sequence": 3}, nothing=None, controls=["CM-6", "11.5.2"], whole=True)
    event |= {"host": {"id": "h1", "name": "api-1"}, "labels": {"role": "api"}}
    output = otlp(web, encoding, compress=compress)
    output.send([event])
    output.close()
    assert web.requests[0].target == "/v1/logs"
    (logs,) = export_request(web.requests[0]).resource_logs
    assert attributes_of(logs.resource) == {
        "service.name": "driftd", "service.version": "1.0", "host.id": "h1", "host.name": "api-1",
    }  # fmt: skip
    (scope,) = logs.scope_logs
    assert (scope.scope.name, scope.scope.version) == ("driftd", "1.0")
    (one,) = scope.log_records
    at = int(datetime(2023, 6, 1, 10, 0, 0, 7000, UTC).timestamp() * 1000) * 1_000_000
    assert (one.time_unix_nano, one.observed_time_unix_nano) == (at, at)
    assert (one.severity_number, one.severity_text, one.event_name) == (17, "high", "drift-opened")
    assert one.body.string_value == event["message"]
    told = attributes_of(one)
    assert told["event.id"] == "0188-7"
    assert told["event.sequence"] == 7
    assert told["driftd.output.sequence"] == 3
    assert told["driftd.baseline.name"] == "app"
    assert told["labels.role"] == "api"
    assert told["driftd.controls"] == ["CM-6", "11.5.2"]
    assert told["driftd.whole"] is True
    assert told["driftd.changes"][0]["key"] == "$.a"
    assert told["driftd.changes"][0]["rule"] is None
    assert "driftd.nothing" not in told
    assert not any(name.startswith(("host.", "message")) for name in told)


@pytest.mark.parametrize("severity", list(Severity))
def test_severities_are_those_of_opentelemetry(web: Web, severity: Severity) -> None:
    output = otlp(web, ProtobufEncoding("1"))
    output.send([an_event(1, severity=severity.word)])
    output.close()
    one = export_request(web.requests[0]).resource_logs[0].scope_logs[0].log_records[0]
    assert one.severity_number == {"info": 9, "low": 10, "medium": 13, "high": 17, "critical": 21}[severity.word]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["C", "Z"])),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("abc", min_size=1), below, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_value_comes_back_from_both_encodings(require_real: Callable[[str], None], value: Json) -> None:
    require_real("opentelemetry-proto")
    from tests.contracts.web import Request

    event = an_event(1, value=[value])
    for encoding in (ProtobufEncoding("1"), JsonEncoding("1")):
        body = encoding.request([encoding.record(event)], event)
        message = export_request(Request("/", {"content-type": encoding.content_type}, body))
        (told,) = attributes_of(message.resource_logs[0].scope_logs[0].log_records[0])["driftd.value"]
        assert told == spelled(value)


def spelled(value: Json) -> Json:
    match value:
        case bool():
            return value
        case int() if not -(1 << 63) <= value < 1 << 63:
            return str(value)
        case list():
            return [spelled(member) for member in value]
        case dict():
            return {name: spelled(member) for name, member in value.items()}
        case _:
            return value


@given(st.binary(max_size=40))
def test_an_answer_of_any_bytes_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        list(fields(data))
    assert list(fields(b"\x08" + varint(len(data)))) == [(1, len(data))]


def rejecting(encoding: Encoding, count: int, why: str) -> bytes:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

    message = ExportLogsServiceResponse()
    message.partial_success.rejected_log_records = count
    message.partial_success.error_message = why
    if isinstance(encoding, JsonEncoding):
        return status(200, body=json_format.MessageToJson(message).encode())
    return status(200, body=message.SerializeToString())


@BOTH
def test_records_that_are_rejected_are_refusals_and_a_warning_is_none(web: Web, encoding: Encoding) -> None:
    web.script = [answering(rejecting(encoding, 1, "too \x1b old")), answering(rejecting(encoding, 0, "be careful"))]
    output = otlp(web, encoding)
    with pytest.raises(DeliveryError, match=r"1 of 2 records were rejected: too \\x1b old") as caught:
        output.send([an_event(1), an_event(2)])
    assert caught.value.permanent
    output.send([an_event(1)])
    web.script = [answering(status(200, body=b"thanks"))]
    output.send([an_event(2)])
    output.close()


def test_requests_are_of_one_host_and_of_bounded_size(web: Web) -> None:
    big = "x" * (MOST // 2)
    hosts: list[dict[str, Json]] = [{"name": "a"}, {"name": "a"}, {"name": "b"}]
    events = [an_event(number, note=big if number > 3 else "") for number in range(1, 7)]
    events = [event | {"host": hosts[min(index, 2)]} for index, event in enumerate(events)]
    output = otlp(web, ProtobufEncoding("1"), compress=False)
    output.send(events)
    output.close()
    assert [len(export_request(request).resource_logs[0].scope_logs[0].log_records) for request in web.requests] == [
        2,
        2,
        1,
        1,
    ]


def test_what_was_taken_before_a_failure_is_not_sent_again(web: Web) -> None:
    web.script = [answering(status(200)), answering(status(503))]
    output = otlp(web, ProtobufEncoding("1"))
    with pytest.raises(DeliveryError) as caught:
        output.send([an_event(1) | {"host": {"name": "a"}}, an_event(2) | {"host": {"name": "b"}}])
    output.close()
    assert (caught.value.delivered, caught.value.permanent) == (1, False)


def test_a_collector_that_asks_for_a_token_gets_it(web: Web, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken")
    token.chmod(0o600)
    output = otlp(web, ProtobufEncoding("1"), token_file=SecretFile(token))
    output.send([an_event(1)])
    output.close()
    assert web.requests[0].headers["authorization"] == "Bearer t0ken"
