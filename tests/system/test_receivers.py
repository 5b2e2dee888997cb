"""Receivers that are down, slow, overloaded, broken or hostile: afterwards every event has arrived, in order, by its id."""

from __future__ import annotations

import itertools
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from driftd.daemon.control import ask
from driftd.model.change import Severity
from driftd.model.event import Action, Event, action_of
from driftd.outputs.filters import Filter
from driftd.outputs.otlp import OtlpOutput, ProtobufEncoding
from driftd.outputs.posting import Poster
from driftd.outputs.webhook import WebhookOutput
from driftd.ports import Output
from driftd.settings.outputs import HttpSettings
from driftd.settings.scalars import Duration
from tests.contracts.certificates import Authority
from tests.contracts.listening import Datagrams
from tests.contracts.otlp import attributes_of, export_request
from tests.contracts.web import OK, Behaviour, Request, Web, answering, status
from tests.system.daemon_process import PATIENCE, ScratchHost
from tests.system.deliveries import Journal, first_occurrences

EVENTS = 150


def resets(_web: Web, _request: Request, connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def slow(_web: Web, _request: Request, connection: socket.socket) -> bool:
    time.sleep(0.02)
    connection.sendall(OK)
    return True


def hangs(_web: Web, _request: Request, _connection: socket.socket) -> bool:
    threading.Event().wait(0.3)
    return False


TROUBLES: list[Behaviour] = [
    answering(status(500)),
    answering(status(429, "Retry-After: 0")),
    answering(status(503, "Retry-After: Thu, 01 Jun 2023 10:00:00 GMT")),
    resets,
    lambda *_: False,
    hangs,
    slow,
    answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nnot that many"),
    answering(status(200, body=b"x" * (1 << 20))),
    answering(b"\x00\x01\x02 no HTTP at all"),
]


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


def poster(web: Web, path: str = "") -> Poster:
    settings = HttpSettings(url=web.url, timeout=Duration(0.2))
    return Poster(settings, {}, lambda: datetime.now(UTC), time.monotonic, path=path)


def webhook(web: Web) -> Output:
    return WebhookOutput(poster(web), lambda: datetime.now(UTC), None)


def otlp(web: Web) -> Output:
    return OtlpOutput(poster(web, "/v1/logs"), ProtobufEncoding("1"), compress=True)


def id_of(event: Event) -> str:
    body = event["event"]
    assert isinstance(body, dict)
    return str(body["id"])


def ids_in(request: Request) -> list[str]:
    if request.headers["content-type"] == "application/json":
        return [json.loads(request.body)["event"]["id"]]
    logs = export_request(request).resource_logs[0].scope_logs[0].log_records
    return [attributes_of(one)["event.id"] for one in logs]


@pytest.mark.parametrize("build", [webhook, otlp])
def test_whatever_a_receiver_does_every_event_arrives(
    build: Callable[[Web], Output], web: Web, require_real: Callable[[str], None]
) -> None:
    require_real("opentelemetry-proto")
    taken: list[str] = []

    def kept(behave: Behaviour) -> Behaviour:
        """Keep what the receiver says that it has."""

        def outer(web: Web, request: Request, connection: socket.socket) -> bool:
            if behave in takes:
                taken.extend(ids_in(request))
            return behave(web, request, connection)

        return outer

    good: Behaviour = answering(OK)
    takes = {good, slow, TROUBLES[7], TROUBLES[8]}
    web.behave = kept(good)
    chance = random.Random(7)
    web.script = [
        kept(one) for one in itertools.chain.from_iterable(chance.sample([*TROUBLES, good, good], 12) for _ in range(2))
    ]
    web.away()
    journal = Journal(build(web), batch=10)
    try:
        wanted = journal.write(EVENTS // 3)
        journal.wait(lambda: "nobody listens" in (journal.delivery.snapshot().last_error or ""), "it is told")
        web.back()
        wanted += journal.write(EVENTS // 3)
        journal.wait(lambda: journal.cursor >= EVENTS // 2, "half of them are delivered")
        web.away()
        wanted += journal.write(EVENTS // 3)
        web.back()
        journal.wait(lambda: journal.cursor == EVENTS, "all of them are delivered")
    finally:
        journal.delivery.stop(1)
    assert first_occurrences(taken) == [f"0188-{number}" for number in wanted]
    assert journal.delivery.snapshot().skipped == 0


def test_the_daemon_says_what_is_wrong_with_each_receiver_and_goes_on(
    tmp_path: Path, web: Web, require_real: Callable[[str], None]
) -> None:
    require_real("openssl")
    authority, strange = Authority(tmp_path / "authority"), Authority(tmp_path / "strange")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(strange.issue("strange", "IP:127.0.0.1"))
    secure, token = Web(context), tmp_path / "token"
    token.write_text("wrong-token")
    token.chmod(0o600)
    web.behave = answering(status(401, body=b"wrong-token is unknown"))
    log = Datagrams(tmp_path / "log")
    outputs: list[object] = [
        {"jsonl": {"path": str(tmp_path / "events.jsonl")}},
        {"syslog": {"address": f"unix:{log.path}"}},
        {"webhook": {"url": web.url, "token_file": str(token)}},
        {"otlp": {"url": secure.url, "ca_file": str(authority.ca)}},
        {"alertmanager": {"url": "http://127.0.0.1:9"}},
        {"webhook": {"url": "http://127.0.0.1:9", "token_file": str(tmp_path / "away")}},
    ]
    host = ScratchHost(tmp_path / "host", outputs=outputs)
    file = host.write("a.yml")
    host.approve()
    try:
        with host.daemon() as daemon:
            file.write_text("x: 2\n")
            daemon.wait_event(Action.DRIFT_OPENED)

            def states() -> dict[str, str]:
                shape: Any = ask(host.socket, "status", {}, timeout=PATIENCE)
                return {one["name"]: one["last_error"] or one["state"] for one in shape["outputs"]}

            daemon.wait(lambda: list(states().values()).count("ok") == 2, "two of them work, the others have failed")
            told = states()
            assert told["webhook"] == f"{web.url}: does not accept our credentials (HTTP 401: *** is unknown)"
            assert "signed by an authority that is not believed here: name that in `ca_file`" in told["otlp"]
            assert "nobody listens there" in told["alertmanager"]
            assert "the credential cannot be read" in told["webhook-2"]
            web.behave = answering(OK)
            token.write_text("right-token")
            daemon.wait(lambda: states()["webhook"] == "ok", "a new token is used without a reload")
            assert daemon.stop() == 0
            assert "wrong-token" not in daemon.errors
        events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
        recorded = [event["event"]["id"] for event in events]
        assert recorded == [id_of(event) for event in daemon.journal.read()][-len(recorded) :]
        assert len(recorded) >= 4
        assert [event["driftd"]["output"]["sequence"] for event in events] == list(range(1, len(events) + 1))
        assert len(log.drain()) == len(events)
        posted = [json.loads(request.body)["event"]["id"] for request in web.requests]
        assert first_occurrences(posted) == recorded[: len(set(posted))]
    finally:
        secure.close()
        log.close()


def test_numbers_are_without_holes_and_the_same_on_every_delivery_through_kills_of_the_daemon(
    tmp_path: Path, web: Web
) -> None:
    outputs = [{"webhook": {"url": web.url, "min_severity": "low", "timeout": "2s"}}]
    host = ScratchHost(tmp_path, outputs=outputs)
    files = [host.write(f"{number}.yml") for number in range(15)]
    host.approve()
    web.behave = slow
    for value in (2, 3):
        with host.daemon() as daemon:
            for file in files:
                file.write_text(f"x: {value}\n")
            begun = len(web.requests)
            daemon.wait(lambda begun=begun: len(web.requests) > begun + 5, "some of them arrive")  # type: ignore[misc]
            daemon.kill()
    web.behave = answering(OK)
    with host.daemon() as daemon:
        daemon.wait_audit()

        def backlog() -> int:
            shape: Any = ask(host.socket, "status", {}, timeout=PATIENCE)
            return int(shape["outputs"][0]["backlog"])

        daemon.wait(lambda: backlog() == 0, "all arrive")
        assert daemon.stop() == 0
    told = [json.loads(request.body) for request in web.requests]
    numbers: dict[str, int] = {}
    for event in told:
        number = event["driftd"]["output"]["sequence"]
        assert numbers.setdefault(event["event"]["id"], number) == number
    assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))
    first = [numbers[one] for one in first_occurrences([event["event"]["id"] for event in told])]
    assert first == sorted(first), "in order"
    wanted = [id_of(event) for event in daemon.journal.read() if Filter(Severity.LOW).takes(event)]
    assert set(wanted[-len(numbers) :]) == set(numbers)
    assert len(numbers) >= 30


def test_what_a_receiver_refuses_for_good_is_told_and_still_counted_after_a_restart(tmp_path: Path, web: Web) -> None:
    def picky(_web: Web, request: Request, connection: socket.socket) -> bool:
        refused = json.loads(request.body)["event"]["action"] == Action.DRIFT_OPENED
        connection.sendall(status(413) if refused else OK)
        return True

    web.behave = picky
    host = ScratchHost(
        tmp_path, outputs=[{"webhook": {"url": web.url}}], metrics={"textfile": str(tmp_path / "m.prom")}
    )
    file = host.write("a.yml")
    host.approve()

    def refused() -> int:
        shape: Any = ask(host.socket, "status", {}, timeout=PATIENCE)
        return int(shape["outputs"][0]["skipped"])

    with host.daemon() as daemon:
        file.write_text("x: 2\n")
        opened = daemon.wait_event(Action.DRIFT_OPENED)
        assert refused() == 0, "nothing is given up before the receiver takes what follows"
        file.write_text("x: 1\n")
        told = daemon.wait_event(Action.DELIVERY_REFUSED)
        assert told["driftd"]["refused"] == {"webhook": 1}
        (refusal,) = told["driftd"]["refusals"]
        assert (refusal["output"], refusal["sequence"]) == ("webhook", opened["event"]["sequence"])
        assert "413" in refusal["reason"]
        daemon.kill()
    with host.daemon() as daemon:
        daemon.wait_audit()
        assert refused() == 1
        daemon.wait(lambda: 'refused_total{output="webhook"} 1' in (tmp_path / "m.prom").read_text(), "metrics tell it")
        assert daemon.stop() == 0
        assert sum(action_of(event) == Action.DELIVERY_REFUSED for event in daemon.journal.read()) == 1
    (output,) = json.loads(host.run("status", "--json").stdout)["outputs"]
    assert (output["state"], output["skipped"], output["lost"]) == ("stopped", 1, 0), "also without a daemon"


NOBODY_READS = """
import os, sys
read, write = os.pipe()
os.close(read)
os.dup2(write, 2)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_a_daemon_whose_diagnostics_nobody_takes_delivers_and_works_on(tmp_path: Path, web: Web) -> None:
    host = ScratchHost(tmp_path, outputs=[{"webhook": {"url": web.url}}])
    file = host.write("a.yml")
    host.approve()
    web.away()

    def state() -> str:
        shape: Any = ask(host.socket, "status", {}, timeout=PATIENCE)
        return str(shape["outputs"][0]["state"])

    with host.daemon(before=(sys.executable, "-c", NOBODY_READS)) as daemon:
        daemon.wait(lambda: state() == "failing", "what is wrong was logged, or was to be")
        web.back()
        daemon.wait(lambda: state() == "ok", "the receiver is back")
        host.config.write_text(host.config.read_text() + "\nnonsense: 1\n")  # which the loop logs
        daemon.wait_event(Action.DAEMON_RELOAD_FAILED)
        file.write_text("x: 2\n")
        daemon.wait_event(Action.DRIFT_OPENED)
        assert daemon.stop() == 0


def test_an_output_with_a_name_keeps_its_place_where_another_is_put_before_it(tmp_path: Path) -> None:
    old: dict[str, object] = {"jsonl": {"path": str(tmp_path / "away" / "old.jsonl"), "name": "siem"}}
    host = ScratchHost(tmp_path / "host", outputs=[old])
    file = host.write("a.yml")
    host.approve()
    with host.daemon() as daemon:
        file.write_text("x: 2\n")
        opened = daemon.wait_event(Action.DRIFT_OPENED)
        assert daemon.stop() == 0
    (tmp_path / "away").mkdir()
    host.configure(outputs=[{"jsonl": {"path": str(tmp_path / "new.jsonl")}}, old])
    with host.daemon() as daemon:
        daemon.wait_audit()
        assert daemon.stop() == 0
    told = [json.loads(line) for line in (tmp_path / "away" / "old.jsonl").read_text().splitlines()]
    assert opened["event"]["id"] in [event["event"]["id"] for event in told]
    assert {event["driftd"]["output"]["name"] for event in told} == {"siem"}
    assert opened["event"]["id"] not in (tmp_path / "new.jsonl").read_text()
