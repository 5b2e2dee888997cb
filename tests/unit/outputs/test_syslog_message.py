"""Messages, held to RFC 5424."""

from __future__ import annotations

import json
import re

import pytest

from driftd.model.change import Severity
from driftd.model.event import Event
from driftd.outputs.syslog_message import SyslogFormat
from tests.contracts.output_suite import HOSTILE, an_event

MESSAGE = re.compile(
    rb"<(\d+)>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) "
    rb'(\[[^ =\]"]{1,32}(?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\]) (.*)',
    re.DOTALL,
)
"""The grammar of section 6, as far as driftd uses it."""


def parts(message: bytes) -> tuple[bytes, ...]:
    found = MESSAGE.fullmatch(message)
    assert found, message
    return found.groups()


def parameters(message: bytes) -> dict[str, str]:
    found = re.findall(rb' ([a-z_]+)="((?:[^"\\\]]|\\["\\\]])*)"', parts(message)[6])
    return {name.decode(): re.sub(rb'\\(["\\\]])', rb"\1", value).decode() for name, value in found}


def test_a_message_says_what_happened_in_the_fields_of_the_standard() -> None:
    event = an_event(7, output={"name": "syslog", "sequence": 3}) | {"host": {"name": "api-1"}}
    priority, at, host, program, process, kind, _, text = parts(SyslogFormat("local3").message(event))
    assert (priority, at, host, program) == (b"155", b"2023-06-01T10:00:00.007Z", b"api-1", b"driftd")
    assert (process, kind) == (b"-", b"DRIFT-1001")
    assert text == b"high: /etc/app.conf $.a is '2', approved '1'"
    told = parameters(SyslogFormat().message(event))
    assert told.items() >= {
        "event_id": "0188-7", "sequence": "7", "output_sequence": "3", "action": "drift-opened", "severity": "high",
        "status": "unapproved", "drift_id": "d1", "baseline": "app", "item": "/etc/app.conf", "key": "$.a", "rule": "APP-1",
    }.items()  # fmt: skip


@pytest.mark.parametrize("severity", list(Severity))
def test_severities_are_those_of_syslog(severity: Severity) -> None:
    priority = parts(SyslogFormat("daemon").message(an_event(severity=severity.word)))[0]
    assert int(priority) == 3 * 8 + {"info": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}[severity.word]


def test_the_name_of_the_data_carries_the_number_of_the_enterprise() -> None:
    assert parts(SyslogFormat(enterprise=12345).message(an_event()))[6].startswith(b"[driftd@12345 ")


def test_what_is_beyond_ascii_is_marked_as_utf_8_and_what_is_not_is_not() -> None:
    assert parts(SyslogFormat().message(an_event(message="é is new")))[7] == b"\xef\xbb\xbf\xc3\xa9 is new"
    assert parts(SyslogFormat().message(an_event(message="e is new")))[7] == b"e is new"


def test_quotes_brackets_and_backslashes_in_values_are_escaped() -> None:
    event = an_event(drift_id=r'a"b]c\d')
    assert parameters(SyslogFormat().message(event))["drift_id"] == r'a"b]c\d'


def test_nothing_in_a_message_is_a_control_character_or_no_utf_8() -> None:
    event = an_event(message=HOSTILE, drift_id=HOSTILE) | {"host": {"name": HOSTILE}, "@timestamp": HOSTILE}
    for form in (SyslogFormat(), SyslogFormat(as_json=True)):
        text = form.message(event).decode("utf-8")
        assert all(char.isprintable() or char == "\ufeff" for char in text)
        parts(form.message(event))


def large() -> Event:
    return an_event(1, message="é" * 5000, drift_id="d" * 3000, status="s" * 900, resolution="r" * 900)


@pytest.mark.parametrize("size", [480, 2048, 8192])
def test_a_message_is_never_larger_than_it_may_be_and_says_that_it_was_cut(size: int) -> None:
    for event in (large(), large() | {"host": {"name": "h" * 400}}):
        message = SyslogFormat(max_size=size).message(event)
        assert len(message) <= size
        assert parameters(message)["truncated"] == "true"
        assert parts(message)[7].decode("utf-8").endswith("...")
    assert "truncated" not in parameters(SyslogFormat(max_size=2048).message(an_event()))


def test_the_whole_event_can_be_the_message() -> None:
    event = an_event(3, message="é")
    message = SyslogFormat(as_json=True).message(event)
    assert json.loads(parts(message)[7]) == event
    assert parts(message)[7].isascii()


def test_an_event_that_is_too_large_for_a_message_stays_json_without_its_lists() -> None:
    event = an_event(3, changes=[{"key": "k" * 200}] * 100, output={"name": "syslog", "sequence": 9})
    message = SyslogFormat(as_json=True, max_size=2048).message(event)
    assert len(message) <= 2048
    told = json.loads(parts(message)[7])
    assert told["driftd"]["truncated"] is True
    assert told["driftd"]["output"] == {"name": "syslog", "sequence": 9}
    assert told["event"] == event["event"]
    assert "changes" not in told["driftd"]
