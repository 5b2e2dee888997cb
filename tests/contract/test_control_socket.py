"""The control socket of a running daemon: what it says to those who may ask, and that nobody else's manners matter to them.

One daemon serves all of these tests: what any of its peers does to it, it has to bear for the next one.
"""

from __future__ import annotations

import grp
import json
import os
import resource
import socket
import stat
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from driftd.cli.record import AskedRecord
from driftd.model.event import sequence_of
from driftd.store.errors import StoreError
from tests.contract.command import CLEAN, DEADLINE_S, USAGE, Daemon, Sandbox, command, environment, eventually
from tests.contract.shapes import Json

NOBODY = 65534
MEMBER_GID = os.getgid() if os.getuid() else 4
"""adm: a group that every Debian has and root is not in; without root only one of our own will do."""

needs_root = pytest.mark.usefixtures("root")


@pytest.fixture
def root(require_real: Callable[[str], None]) -> None:
    """Root, who may become other users."""
    require_real("root")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Daemon, Path]]:
    """A host whose daemon listens where everybody may look, for root and one group."""
    sandbox = Sandbox(tmp_path_factory.mktemp("host"))
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        address = Path(place) / "control.sock"
        sandbox.settings(control={"socket": str(address), "group": grp.getgrgid(MEMBER_GID).gr_name})
        sandbox.approve()
        with sandbox.daemon() as daemon:
            daemon.wait_for_action("audit-completed")
            yield sandbox, daemon, address


class Socket:
    """The socket as a peer sees it who knows nothing of driftd's own code."""

    def __init__(self, address: Path) -> None:
        self.address = address

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(DEADLINE_S), 0))
        connection.connect(str(self.address))  # without a timeout of Python's, which does not wait for a full queue
        connection.settimeout(DEADLINE_S)
        return connection

    def say(self, line: bytes) -> Json:
        """Send a line and return the whole answer."""
        with self.connect() as connection:
            connection.sendall(line)
            return answer(connection)

    def ask(self, operation: str, **args: Json) -> Json:
        return self.say(json.dumps({"v": 1, "op": operation, "args": args}).encode() + b"\n")


def answered(door: Socket) -> bool:
    """Whether there is an answer to who asks now; whoever came meanwhile may have taken the place."""
    try:
        return bool(door.ask("status")["ok"])
    except ConnectionResetError:
        return False


def answer(connection: socket.socket) -> Json:
    data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    reply = json.loads(data)
    assert reply["v"] == 1
    return reply


@pytest.fixture
def door(host: tuple[Sandbox, Daemon, Path]) -> Iterator[Socket]:
    """The socket; after the test the daemon must still answer, from its loop."""
    _, daemon, address = host
    yield Socket(address)
    assert daemon.running, daemon.errors
    told = Socket(address).ask("status")
    assert told["ok"] is True, told
    assert "partial" not in told["result"], told
    assert "Traceback" not in daemon.errors


def test_it_answers_one_line_with_one_line(door: Socket) -> None:
    told = door.ask("status")
    assert told["ok"] is True
    assert told["result"]["coverage"]["items"] == 1


NONSENSE = {
    "nothing": b"",
    "an empty line": b"\n",
    "bytes": b"\xff\xfe\x00\n",
    "another protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a line of JSON": b'{"v": 1, "op": "sta\n',
    "deep nesting": b"[" * 100_000 + b"\n",
    "an endless number": b"1" * 100_000 + b"\n",
    "a list": b'["v", 1]\n',
    "no operation": b'{"v": 1}\n',
    "an operation that is none": b'{"v": 1, "op": ["status"]}\n',
    "an unknown operation": b'{"v": 1, "op": "restart"}\n',
    "arguments that are none": b'{"v": 1, "op": "status", "args": 7}\n',
    "half a character": b'{"v": 1, "op": "\\ud800"}\n',
    "a place that is none": b'{"v": 1, "op": "diff", "args": {"after": [99999999999999999999999, "", ""]}}\n',
    "an item with a zero byte": b'{"v": 1, "op": "propose", "args": {"selection": ["/etc/\\u0000"]}}\n',
    "an item that is half a character": b'{"v": 1, "op": "diff", "args": {"items": ["/\\ud800"]}}\n',
    "an item that is not audited": b'{"v": 1, "op": "propose", "args": {"selection": ["/not/audited"]}}\n',
    "a depth that is none": b'{"v": 1, "op": "audit", "args": {"depth": "abyss"}}\n',
}


@pytest.mark.parametrize("line", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_answered_with_what_is_wrong(line: bytes, door: Socket) -> None:
    with door.connect() as connection:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        told = answer(connection)
    assert told["ok"] is False
    assert told["error"]
    assert "unexpected" not in told["error"]


def test_another_version_is_named(door: Socket) -> None:
    told = door.say(b'{"v": 2, "op": "status"}\n')
    assert "version 1" in told["error"]


def test_one_who_says_no_more_still_gets_the_answer(door: Socket) -> None:
    with door.connect() as connection:
        connection.sendall(b'{"v": 1, "op": "propose", "args": {"selection": []}}\n')
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection)["ok"] is True


def test_a_gigabyte_on_one_line_is_cut_off(door: Socket, host: tuple[Sandbox, Daemon, Path]) -> None:
    with door.connect() as connection:
        sent = 0
        with suppress(BrokenPipeError, ConnectionResetError):
            while sent < 1 << 30:
                sent += connection.send(b"x" * 65536)
        assert sent < 1 << 24
        with suppress(ConnectionResetError):
            assert "too long" in answer(connection)["error"]
    assert peak_memory(host[1].process.pid) < 200 << 20


def peak_memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def test_those_who_keep_it_waiting_leave_for_those_who_ask(door: Socket) -> None:
    """Some send a byte and never the rest, some never read their answer, a thousand do nothing at all."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096 if most == resource.RLIM_INFINITY else min(4096, most), most))
    with ExitStack() as held:
        for number in range(1000):
            connection = held.enter_context(door.connect())
            if number % 3:
                connection.sendall(b"{" if number % 3 == 1 else b'{"v": 1, "op": "status"}\n')
            if number % 100 == 99:
                eventually(lambda: answered(door), "somebody who asks is answered")


def test_hanging_up_in_the_middle_of_an_approval_approves_nothing(
    door: Socket, host: tuple[Sandbox, Daemon, Path]
) -> None:
    sandbox = host[0]
    before = sandbox.journal()
    for _ in range(20):
        with door.connect() as connection:
            connection.sendall(b'{"v": 1, "op": "propose", "args": {"selection": []}}\n')
    assert door.ask("propose", selection=[])["ok"] is True  # after those, in order
    assert sandbox.journal() == before


@pytest.mark.usefixtures("door")
def test_who_approved_is_recorded_as_the_kernel_says(host: tuple[Sandbox, Daemon, Path]) -> None:
    sandbox, daemon, _ = host
    before = sandbox.journal()[-1]["event"]["sequence"]
    sandbox.write("a.yml", "x: 2\n")
    daemon.wait_for_action("drift-opened", "a.yml")
    words = ["approve", "--config", str(sandbox.config), "--reason", "reviewed", "--yes"]
    with subprocess.Popen([*command(), *words], stdout=subprocess.DEVNULL, env=environment()) as approving:
        assert approving.wait(DEADLINE_S) == CLEAN
    told = daemon.wait_for_action("baseline-approved", after=before)["driftd"]["asked_by"]
    assert (told["uid"], told["pid"]) == (os.getuid(), approving.pid)
    assert daemon.wait_for_action("drift-resolved", "a.yml", after=before)["driftd"]["resolution"] == "approved"


def test_events_are_told_to_those_who_may_ask_and_may_not_read_the_files(
    door: Socket, host: tuple[Sandbox, Daemon, Path]
) -> None:
    closed = StoreError(host[0].state, "closed", "ask")
    record = AskedRecord(door.address, closed)
    assert list(record.read(0)) == host[0].journal()
    assert sequence_of(next(record.read(1))) == 2
    with pytest.raises(StoreError):
        next(AskedRecord(host[0].directory / "nobody.sock", closed).read(0))


def test_who_asked_for_a_reload_is_recorded(door: Socket, host: tuple[Sandbox, Daemon, Path]) -> None:
    assert door.ask("reload")["ok"] is True
    told = host[1].wait_for_action("daemon-reloaded")["driftd"]["asked_by"]
    assert (told["uid"], told["pid"]) == (os.getuid(), os.getpid())


ASK = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(60)
connection.connect(sys.argv[1])
try:
    connection.sendall(b'{"v": 1, "op": "%s"}\\n' % sys.argv[2].encode())
except BrokenPipeError:
    pass  # it hung up, and said why
print(connection.recv(65536).decode())
"""


def asked_as(address: Path, user: int, groups: list[int], operation: str = "status") -> str:
    """Return what another user gets for an answer, or why it does not get one."""
    done = subprocess.run(
        ["/usr/bin/python3", "-c", ASK, str(address), operation],
        user=user,
        group=user,
        extra_groups=groups,
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return done.stdout + done.stderr


@needs_root
def test_the_socket_is_for_root_and_the_group_alone(door: Socket) -> None:
    status = door.address.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o660, 0, MEMBER_GID)
    assert '"ok":true' in asked_as(door.address, NOBODY, [MEMBER_GID])
    assert "only root and the daemon's own user approve" in asked_as(door.address, NOBODY, [MEMBER_GID], "propose")
    assert "PermissionError" in asked_as(door.address, NOBODY, [])


@needs_root
def test_a_user_who_gets_past_the_mode_is_refused_all_the_same(
    door: Socket, host: tuple[Sandbox, Daemon, Path]
) -> None:
    door.address.chmod(0o666)
    try:
        told = json.loads(asked_as(door.address, NOBODY, []))
    finally:
        door.address.chmod(0o660)
    assert told["ok"] is False
    assert told["error"].startswith(f"user {NOBODY} may not ask this daemon: root and the daemon's own user and group")
    assert "refused" in host[1].errors


@needs_root
def test_others_who_take_all_the_room_there_is_leave_some_for_root(door: Socket) -> None:
    """Every member of the group together: the owners of the daemon do not wait for them."""
    with ExitStack() as running:
        for user in range(NOBODY, NOBODY - 3, -1):
            process = running.enter_context(
                subprocess.Popen(
                    ["/usr/bin/python3", "-c", HOLD, str(door.address)],
                    user=user,
                    group=user,
                    extra_groups=[MEMBER_GID],
                    cwd="/",
                    env={},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
        assert door.ask("status")["ok"] is True


HOLD = """
import socket, sys
held = []
for number in range(20):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(sys.argv[1])
    held.append(connection)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_daemon_does_not_take_the_socket_of_the_first(door: Socket, tmp_path: Path) -> None:
    """Of another host in the same machine, whose settings name the same socket."""
    other = Sandbox(tmp_path)
    other.write("a.yml", "x: 1\n")
    other.baseline(items=[{"path": other.item("*.yml")}])
    other.settings(control={"socket": str(door.address)})
    told = other.run("run", status=USAGE)
    assert "another daemon listens there" in told.err


def test_a_file_that_is_no_socket_is_left_alone(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    precious = sandbox.directory / "precious"
    precious.write_text("precious")
    sandbox.settings(control={"socket": str(precious)})
    told = sandbox.run("run", status=USAGE)
    assert "no socket is in its place" in told.err
    assert precious.read_text() == "precious"


def test_a_group_that_is_not_there_stops_a_start_in_words(sandbox: Sandbox) -> None:
    sandbox.baseline(items=[{"path": sandbox.item("*")}])
    sandbox.settings(control={"group": "no-such-group"})
    told = sandbox.run("run", status=USAGE).err
    assert "cannot listen for commands: there is no group no-such-group (" in told
