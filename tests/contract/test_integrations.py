"""What ships for log aggregation: rsyslog with the real server; for the others, that they ask for what events have."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

import driftd
from driftd.model.event import Action
from tests.contract.command import Sandbox
from tests.contract.shapes import Json
from tests.contract.test_state import BAD

PROJECT = Path(driftd.__file__).parent.parent
INTEGRATIONS = PROJECT / "integrations"
PRIORITY = {"info": 182, "low": 181, "medium": 180, "high": 179, "critical": 178}


def fields(schema: Json, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every field that an event may have, by its dotted name."""
    for name, inner in schema.get("properties", {}).items():
        yield ".".join((*path, name))
        yield from fields(inner, (*path, name))


def test_rsyslog_sends_every_event_on_with_its_severity(
    shop: Sandbox, tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("rsyslogd")
    shop.write("database.yml", BAD)
    shop.run("run", "--once")
    events = {event["event"]["id"]: event for event in shop.events()}
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        shipped = (INTEGRATIONS / "rsyslog" / "60-driftd.conf").read_text()
        changed = (
            shipped.replace("/var/log/driftd/events.jsonl", str(shop.log))
            .replace("logs.example.com", "127.0.0.1", 1)
            .replace('port="514"', f'port="{receiver.getsockname()[1]}"')
        )
        assert changed.count(str(shop.log)) == 1
        file = tmp_path / "rsyslog.conf"
        file.write_text(f'global(workDirectory="{tmp_path}")\n{changed}')
        process = subprocess.Popen(
            ["rsyslogd", "-n", "-f", str(file), "-i", str(tmp_path / "pid")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            receiver.settimeout(60)
            connection, _ = receiver.accept()
            with connection:
                connection.settimeout(60)
                frames = received(connection, len(events))
        finally:
            process.terminate()
            said = process.communicate()[0].decode()
    assert "error" not in said, said
    got = {}
    for frame in frames:
        head, _, body = frame.partition(b" - {")
        event = json.loads(b"{" + body)
        got[event["event"]["id"]] = event
        pri, host, app, _, code = re.fullmatch(rb"<(\d+)>1 \S+Z (\S+) (\S+) (\S+) (\S+) -", head + b" -").groups()  # type: ignore[union-attr]
        assert int(pri) == PRIORITY[event["driftd"]["severity"]]
        assert (host, app, code) == (b"api-1", b"driftd", event["event"]["code"].encode())
    assert got == events


def received(connection: socket.socket, count: int) -> list[bytes]:
    """Return so many octet-counted messages; see RFC 6587, 3.4.1."""
    data = b""
    frames: list[bytes] = []
    while len(frames) < count:
        while (found := re.match(rb"(\d+) ", data)) is None or len(data) < found.end() + int(found[1]):
            piece = connection.recv(65536)
            assert piece, "the connection ended early"
            data += piece
        frames.append(data[found.end() : found.end() + int(found[1])])
        data = data[found.end() + int(found[1]) :]
    return frames


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Every field of an event."""
    return {*fields(json.loads((PROJECT / "driftd" / "schemas" / "events.json").read_text()))}


def actions(text: str) -> set[str]:
    """Return what looks like an action in a query."""
    return {word for word in re.findall(r"[a-z]+-[a-z]+(?:-[a-z]+)*", text) if word.split("-")[0] in PARTS}


PARTS = {action.value.split("-")[0] for action in Action}


def test_elastic_rules_ask_for_fields_and_actions_that_there_are(known: set[str]) -> None:
    lines = (INTEGRATIONS / "elastic" / "detection-rules.ndjson").read_text().splitlines()
    rules = [json.loads(line) for line in lines]
    assert len({rule["rule_id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert {*re.findall(r"([a-z_.]+) :", rule["query"])} - known == set()
        assert actions(rule["query"]) - {action.value for action in Action} == set()


def test_loki_rules_ask_for_fields_and_actions_that_there_are(known: set[str]) -> None:
    groups = yaml.safe_load((INTEGRATIONS / "loki" / "driftd.rules.yml").read_text())["groups"]
    flat = {name.replace(".", "_") for name in known}
    for rule in (rule for group in groups for rule in group["rules"]):
        assert {*re.findall(r"\b((?:event|driftd|host)_[a-z_]+)\b", rule["expr"])} - flat - {"driftd"} == set()
        assert actions(rule["expr"]) - {action.value for action in Action} == set()


@pytest.mark.parametrize("file", ["vector/driftd.yaml", "fluent-bit/driftd.yaml"])
def test_the_agents_follow_the_file_that_the_settings_propose(file: str) -> None:
    text = (INTEGRATIONS / file).read_text()
    assert yaml.safe_load(text)
    assert "/var/log/driftd/events.jsonl" in text
    assert "/var/log/driftd/events.jsonl" in (PROJECT / "docs" / "reference" / "settings.md").read_text()
