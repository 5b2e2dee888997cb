from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.daemon.notify import UNWATCHED_INTERVAL, Notifier


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def notifier(listening: socket.socket) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": listening.getsockname()})


def test_each_state_is_one_message(supervisor: socket.socket) -> None:
    told = notifier(supervisor)
    told.ready("watching 3 items")
    told.reloading(12.5)
    told.status("two\nlines")
    told.stopping()
    assert [supervisor.recv(1000) for _ in range(4)] == [
        b"READY=1\nSTATUS=watching 3 items",
        b"RELOADING=1\nMONOTONIC_USEC=12500000",
        b"STATUS=two lines",
        b"STOPPING=1",
    ]


def test_the_socket_may_be_in_the_abstract_name_space() -> None:
    name = f"driftd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        listening.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@" + name}).stopping()
        assert listening.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "/absent/socket", "relative", "vsock:2:1"])
def test_without_a_supervisor_nothing_happens(address: str) -> None:
    Notifier({"NOTIFY_SOCKET": address}).ready("on my own")
    Notifier({}).ready("on my own")


def test_a_supervisor_that_does_not_read_holds_nobody_up(supervisor: socket.socket) -> None:
    told = notifier(supervisor)
    for _ in range(1000):
        told.status("busy")
    assert supervisor.recv(100) == b"STATUS=busy"


def test_the_watchdog_is_fed_at_its_pace_however_often_the_daemon_offers(supervisor: socket.socket) -> None:
    now = 100.0
    environment = {"NOTIFY_SOCKET": supervisor.getsockname(), "WATCHDOG_USEC": "60000000"}
    told = Notifier(environment, monotonic=lambda: now)
    for now in (100.0, 100.1, 114.9, 115.0, 115.1, 145.0):  # noqa: B007
        told.watchdog()
    told.stopping()
    assert [supervisor.recv(100) for _ in range(4)] == [b"WATCHDOG=1"] * 3 + [b"STOPPING=1"]


def test_more_time_is_asked_for_before_what_was_asked_for_is_over(supervisor: socket.socket) -> None:
    now = 100.0
    told = Notifier({"NOTIFY_SOCKET": supervisor.getsockname()}, monotonic=lambda: now)
    for now in (100.0, 100.1, 114.9, 115.0, 115.1):  # noqa: B007
        told.take_longer()
    told.stopping()
    assert [supervisor.recv(100) for _ in range(3)] == [b"EXTEND_TIMEOUT_USEC=60000000"] * 2 + [b"STOPPING=1"]


def test_as_long_as_a_reload_makes_progress_more_time_is_asked_for(supervisor: socket.socket) -> None:
    now = 100.0
    told = Notifier({"NOTIFY_SOCKET": supervisor.getsockname()}, monotonic=lambda: now)
    told.watchdog()
    told.reloading(now)
    for now in (100.0, 100.1, 115.0):  # noqa: B007
        told.watchdog()
    told.ready("reloaded")
    now = 200.0
    told.watchdog()
    told.stopping()
    said = [supervisor.recv(100).split(b"\n")[0] for _ in range(5)]
    assert said == [b"RELOADING=1", *[b"EXTEND_TIMEOUT_USEC=60000000"] * 2, b"READY=1", b"STOPPING=1"]


def test_a_watchdog_that_does_not_look_is_not_fed(supervisor: socket.socket) -> None:
    told = notifier(supervisor)
    told.watchdog()
    told.stopping()
    assert supervisor.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, UNWATCHED_INTERVAL),
        ({"WATCHDOG_USEC": "0"}, UNWATCHED_INTERVAL),
        ({"WATCHDOG_USEC": "soon"}, UNWATCHED_INTERVAL),
        ({}, UNWATCHED_INTERVAL),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_looks(environment: dict[str, str], interval: float) -> None:
    assert Notifier(environment, process=7).interval == interval
