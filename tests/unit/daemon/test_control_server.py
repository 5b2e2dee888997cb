"""The server of the control socket by itself, with little patience: its deadlines, and the places of its peers."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.cli.record import AskedRecord
from driftd.daemon.control import ControlError, DaemonAbsentError, ask
from driftd.daemon.control_server import BUSY, ControlServer
from driftd.daemon.peers import Access, Peer
from driftd.daemon.reception import MOST_EACH, MOST_OTHERS, Reception
from driftd.daemon.requests import OPERATIONS
from driftd.model.document import Json
from driftd.store.errors import StoreError

DEADLINE_S = 30.0


class Held:
    """Answers to `wait` come when these are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.arrived = threading.Semaphore(0)

    def wait(self) -> None:
        self.arrived.release()
        self.go.wait(DEADLINE_S)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def address(tmp_path: Path, held: Held) -> Iterator[Path]:
    """A server that echoes what it is asked."""
    path = tmp_path / "control.sock"

    def answer(operation: str, args: dict[str, Json], peer: Peer) -> Json:
        if operation == "wait":
            held.wait()
        if operation == "much":
            return "x" * (8 << 20)
        return {"op": operation, "args": args, "uid": peer.uid}

    server = ControlServer(path, answer, patience=0.3)
    server.start()
    yield path
    held.go.set()
    server.stop()


def connect(address: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(DEADLINE_S)
    connection.connect(str(address))
    return connection


def readable(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0.02)[0])


def test_who_asks_gets_an_answer(address: Path) -> None:
    told = ask(address, "status", {"a": [1]})
    assert isinstance(told, dict)
    assert (told["op"], told["args"]) == ("status", {"a": [1]})


def test_a_byte_at_a_time_has_the_deadline_of_a_whole_request(address: Path) -> None:
    end = time.monotonic() + DEADLINE_S
    with connect(address) as connection:
        while not readable(connection) and time.monotonic() < end:
            connection.sendall(b" ")
        assert "nothing was asked within" in json.loads(connection.recv(4096))["error"]


def test_who_does_not_take_the_answer_is_left(address: Path) -> None:
    with connect(address) as connection:
        connection.sendall(b'{"v": 1, "op": "much"}\n')
        poll = select.poll()
        poll.register(connection, select.POLLHUP)
        assert poll.poll(DEADLINE_S * 1000), "the server does not wait for ever"
        got = b"".join(iter(lambda: connection.recv(1 << 20), b""))
    assert 0 < len(got) < 8 << 20


def test_a_user_who_waits_for_many_answers_is_told_to_try_again(address: Path, held: Held) -> None:
    waiting = []
    for _ in range(MOST_EACH):
        waiting.append(connect(address))
        waiting[-1].sendall(b'{"v": 1, "op": "wait"}\n')
        assert held.arrived.acquire(timeout=DEADLINE_S)
    with pytest.raises(ControlError, match=re.escape(BUSY)):
        ask(address, "status")
    held.go.set()
    for connection in waiting:
        assert json.loads(connection.recv(4096))["ok"] is True
        connection.close()


def test_nobody_listens_after_the_end(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "control.sock", lambda *_: None)
    server.start()
    server.stop()
    assert not (tmp_path / "control.sock").exists()
    with pytest.raises(DaemonAbsentError):
        ask(tmp_path / "control.sock", "status")


def test_who_follows_events_waits_for_a_daemon_that_is_started_again(tmp_path: Path) -> None:
    path, closed = tmp_path / "control.sock", StoreError(tmp_path, "closed to you", "ask")
    record = AskedRecord(path, closed)
    with pytest.raises(StoreError, match="closed to you"):
        list(record.read(0))
    page: dict[str, Json] = {"events": [{"event": {"sequence": 1}}], "next": None}
    for _ in range(2):
        server = ControlServer(path, lambda *_: page)
        server.start()
        assert list(record.read(0)) == page["events"]
        server.stop()
        record.patient = True
        assert list(record.read(1)) == []


def test_a_socket_that_nobody_listens_at_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    server = ControlServer(path, lambda *_: "here")
    server.start()
    assert ask(path, "status") == "here"
    server.stop()


@pytest.mark.parametrize(
    ("uid", "gids", "allowed"), [(0, {0}, True), (7, {7}, True), (8, {8}, False), (8, {8, 50}, True), (8, {51}, False)]
)
def test_root_the_daemon_itself_and_the_group_may_ask(uid: int, gids: set[int], *, allowed: bool) -> None:
    assert Access(own_uid=7, gid=50).allows(Peer(1, uid, frozenset(gids))) is allowed


def test_without_a_group_nobody_else_may() -> None:
    assert not Access(own_uid=7).allows(Peer(1, 8, frozenset({0, 7, 8})))


class Guests:
    """A reception, and the connections of those who came."""

    def __init__(self) -> None:
        self.reception = Reception()
        self.ends: list[socket.socket] = []

    def come(self, uid: int, *, answered: bool = False) -> bool:
        ours, theirs = socket.socketpair()
        self.ends += [ours, theirs]
        guest = self.reception.admit(ours, uid, is_owner=uid == 0)
        if guest is not None and answered:
            self.reception.turn(guest, keeps_waiting=False)
        return guest is not None

    def close(self) -> None:
        for end in self.ends:
            end.close()


@pytest.fixture
def guests() -> Iterator[Guests]:
    made = Guests()
    yield made
    made.close()


def test_who_keeps_waiting_longest_makes_room(guests: Guests) -> None:
    for _ in range(MOST_EACH + 1):
        assert guests.come(5)
    first, second = guests.ends[1], guests.ends[3]
    assert readable(first)
    assert first.recv(1) == b""
    assert not readable(second)


def test_who_waits_for_the_daemon_does_not(guests: Guests) -> None:
    for _ in range(MOST_EACH):
        assert guests.come(5, answered=True)
    assert not guests.come(5)
    assert guests.come(6), "another user does"


def test_the_owners_find_room_whatever_others_do(guests: Guests) -> None:
    for number in range(MOST_OTHERS):
        assert guests.come(100 + number, answered=True)
    assert not guests.come(99)
    for _ in range(MOST_EACH):
        assert guests.come(0, answered=True)
    assert not guests.come(0)


def test_the_reference_names_every_operation() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "control-socket.md"
    assert tuple(re.findall(r"^\| `(\w+)` \|", page.read_text(), re.MULTILINE)) == OPERATIONS
