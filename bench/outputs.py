"""What delivering costs: a backlog through each output to a receiver on this machine. Run: python bench/outputs.py [EVENTS].

Each output is measured in a process of its own that reads the real journal and moves the real cursor; what is beside it in the daemon is
not in its memory. Receivers are plain programs that take everything at once (a file, sockets), so that the rate is that of driftd.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from auditing.processes import memory
from store import Clock, drift
from watching.tables import heading

from driftd.daemon.standing import StandingDrifts
from driftd.model.event import Event
from driftd.outputs.delivery import Delivery
from driftd.outputs.journald import JournaldOutput
from driftd.outputs.registry import Surroundings, build
from driftd.ports import Output
from driftd.settings.addresses import SyslogAddress
from driftd.settings.outputs import (
    AlertmanagerSettings,
    EventFilter,
    JsonLinesSettings,
    OtlpSettings,
    SyslogSettings,
    WebhookSettings,
)
from driftd.store.store import Store

EVENTS = 2000
KINDS = {
    "jsonl": "a file, made durable batch by batch",
    "journald": "a socket that reads as journald does",
    "syslog unix": "a Unix socket",
    "syslog udp": "UDP",
    "syslog tcp": "TCP, each batch confirmed",
    "webhook": "a request an event, signed",
    "otlp protobuf": "100 events a request, gzip",
    "otlp json": "100 events a request, gzip",
    "alertmanager": "alerts of 100 events a request",
}
OPEN = 5000
"""Drifts that stand open, of which the events tell."""


def event(number: int) -> Event:
    told = drift(number)
    body = told["event"]
    assert isinstance(body, dict)
    body["id"] = f"01887656-a29c-7000-8000-{number:012x}"
    return told


def fill(state: Path, number: int) -> None:
    """Record so many events."""
    store = Store.open(state, Clock(), "bench")
    for begin in range(0, number, 1000):
        store.record([event(one) for one in range(begin, min(begin + 1000, number))])
    store.close()


def receiver_of(kind: str) -> str:
    return {"syslog unix": "unix", "syslog udp": "udp", "syslog tcp": "tcp", "journald": "unix"}.get(
        kind, kind.split(maxsplit=1)[0]
    )


def output(kind: str, directory: Path, port: int, store: Store) -> Output:
    around = Surroundings(sys.stdout, {}, drifts=StandingDrifts(store), host=lambda: "api-1")
    url = f"http://127.0.0.1:{port}"
    settings: EventFilter
    match kind.split():
        case ["journald"]:
            return JournaldOutput(str(directory / "socket"))
        case ["jsonl"]:
            settings = JsonLinesSettings(path=directory / "events.jsonl")
        case ["syslog", way]:
            places = {
                "unix": f"unix:{directory / 'socket'}",
                "udp": f"udp://127.0.0.1:{port}",
                "tcp": f"tcp://127.0.0.1:{port}",
            }
            settings = SyslogSettings(address=SyslogAddress(places[way]))
        case ["webhook"]:
            settings = WebhookSettings(url=url)
        case ["otlp", "json"]:
            settings = OtlpSettings(url=url, encoding="json")
        case ["otlp", _]:
            settings = OtlpSettings(url=url)
        case _:
            settings = AlertmanagerSettings(url=url)
    return build(kind.split(maxsplit=1)[0], settings, around)


def send(kind: str, state: Path, directory: Path, port: int) -> None:
    """Deliver the backlog, and print what it took."""
    store = Store.open(state, Clock(), "bench")
    name, last = kind.replace(" ", "-"), store.journal.last_sequence
    store.delivered(name, 0, 0)
    before, begun, used = memory([os.getpid()]), time.monotonic(), time.process_time()
    delivery = Delivery(
        name,
        output(kind, directory, port, store),
        read=store.journal.read,
        acknowledge=partial(store.delivered, name),
        cursor=0,
        head=last,
        clock=Clock(),
    )
    delivery.start()
    most = before
    while not delivery.wait(0.2):
        most = max(most, memory([os.getpid()]))
        shown = delivery.snapshot()
        assert shown.last_error is None, shown.last_error
    took, used = time.monotonic() - begun, time.process_time() - used
    most = max(most, memory([os.getpid()]))
    shown = delivery.snapshot()
    delivery.stop(5)
    counted = store.number(name)
    store.close()
    print(
        json.dumps(
            {"took": took, "cpu": used, "before": before, "most": most, "backlog": shown.backlog, "number": counted}
        )
    )


def measure(kind: str, state: Path) -> dict[str, Any]:
    directory = Path(tempfile.mkdtemp(prefix="driftd-outputs-"))
    here = Path(__file__)
    path = str(directory / "socket") if receiver_of(kind) == "unix" else ""
    words = [sys.executable, str(here.parent / "delivering" / "receivers.py"), receiver_of(kind), path]
    try:
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as receiver:
            assert receiver.stdin is not None
            assert receiver.stdout is not None
            port = int(receiver.stdout.readline())
            sender = [sys.executable, str(here), "--send", kind, str(state), str(directory), str(port)]
            done = subprocess.run(sender, check=True, stdout=subprocess.PIPE, text=True)
            receiver.stdin.close()
            arrived = int(receiver.stdout.readline())
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        file = directory / "events.jsonl"
        result["arrived"] = sum(1 for _ in file.open("rb")) if kind == "jsonl" else arrived
        return result
    finally:
        shutil.rmtree(directory)


def main() -> None:
    if sys.argv[1:2] == ["--send"]:
        kind, state, directory, port = sys.argv[2:]
        send(kind, Path(state), Path(directory), int(port))
        return
    number = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    top = Path(tempfile.mkdtemp(prefix="driftd-outputs-"))
    try:
        begun = time.monotonic()
        fill(top / "state", number)
        rate = number / (time.monotonic() - begun)
        title = f"{datetime.now(UTC):%Y-%m-%d}, {number:,} events of about 1.4 kB, recorded at {rate:,.0f} a second"
        heading(
            title, *("output", "to", "events/s", "CPU ms/1,000", "memory before", "most", "arrived", "backlog left")
        )
        for kind, to in KINDS.items():
            found = measure(kind, top / "state")
            print(
                f"| {kind} | {to} | {number / found['took']:,.0f} | {found['cpu'] / number * 1e6:,.0f} "
                f"| {found['before']:.1f} MiB | {found['most']:.1f} MiB "
                f"| {found['arrived']:,} | {found['backlog']} |",
                flush=True,
            )
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    main()
