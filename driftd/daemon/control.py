"""The control socket: how commands ask the running daemon. One line of JSON each way, versioned.

{"v": 1, "op": "status", "args": {}}  ->  {"v": 1, "ok": true, "result": {...}}  |  {"v": 1, "ok": false, "error": "..."}
"""

from __future__ import annotations

import grp
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from driftd.model.document import Json

log = structlog.get_logger(__name__)

VERSION: Final = 1
MAX_REQUEST: Final = 256 * 1024
MAX_PEERS: Final = 16
PATIENCE: Final = 10.0
"""Seconds a peer may take to say what it wants."""
ANSWER_TIME: Final = 600.0
LOOK_AGAIN: Final = 1.0
"""Seconds without an answer until it is looked whether the daemon can run at all."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the kernel says."""

    pid: int
    uid: int


class ControlError(Exception):
    """A request that cannot be answered; the message is for the one who asked."""


Answer = Callable[[str, dict[str, Json], Peer], Json]


class ControlServer:
    """Listens, and passes each request to `answer` on a thread of its own."""

    def __init__(self, path: Path, answer: Answer, group: str | None = None) -> None:
        self._path = path
        self._answer = answer
        self._group = group
        self._socket: socket.socket | None = None
        self._peers = threading.BoundedSemaphore(MAX_PEERS)

    def start(self) -> None:
        """Bind and listen; ControlError where that is not possible. A stale socket is replaced."""
        try:
            self._listen()
        except (OSError, KeyError) as error:
            why = getattr(error, "strerror", None) or str(error)
            remedy = (
                "set control.socket to a short path in a directory of driftd's own, control.group to a group there is"
            )
            raise ControlError(f"{self._path}: cannot listen for commands: {why} ({remedy})") from error

    def _listen(self) -> None:
        self._path.unlink(missing_ok=True)  # the lock on the state says that nobody else listens there
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        before = os.umask(0o177)
        try:
            with address(self._path) as short:
                listening.bind(short)
        finally:
            os.umask(before)
        if self._group is not None:
            os.chown(self._path, -1, grp.getgrnam(self._group).gr_gid)
            os.chmod(self._path, 0o660)
        listening.listen(MAX_PEERS)
        self._socket = listening
        threading.Thread(target=self._accept, args=(listening,), name="driftd-control", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and remove the socket."""
        listening, self._socket = self._socket, None
        if listening is not None:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            self._path.unlink(missing_ok=True)

    def _accept(self, listening: socket.socket) -> None:
        while self._socket is listening:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # closed: we are stopping
            if not self._peers.acquire(blocking=False):
                connection.close()  # sixteen slow peers do not make a seventeenth thread
                continue
            threading.Thread(target=self._serve, args=(connection,), name="driftd-peer", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(PATIENCE)
                peer = peer_of(connection)
                reply = self._reply(connection, peer)
                connection.settimeout(PATIENCE)
                connection.sendall(json.dumps(reply, separators=(",", ":")).encode("ascii") + b"\n")
        except OSError as error:
            log.info("a peer of the control socket went away", reason=str(error))
        finally:
            self._peers.release()

    def _reply(self, connection: socket.socket, peer: Peer) -> dict[str, Json]:
        try:
            request = json.loads(read_line(connection, MAX_REQUEST))
            if not isinstance(request, dict) or request.get("v") != VERSION:
                raise ControlError(f"this daemon speaks version {VERSION} of the control protocol")
            operation, args = request.get("op"), request.get("args") or {}
            if not isinstance(operation, str) or not isinstance(args, dict):
                raise ControlError("a request has an op and args")
            return {"v": VERSION, "ok": True, "result": self._answer(operation, args, peer)}
        except ControlError as error:
            return {"v": VERSION, "ok": False, "error": str(error)}
        except (ValueError, RecursionError):
            return {"v": VERSION, "ok": False, "error": "not a line of JSON"}


def peer_of(connection: socket.socket) -> Peer:
    """Return the process at the other end; see SO_PEERCRED in unix(7)."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    return Peer(pid, uid)


def read_line(connection: socket.socket, most: int) -> bytes:
    """Return one line of at most `most` bytes."""
    data = bytearray()
    while not data.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
        if len(data) > most:
            raise ControlError("too long")
    return bytes(data)


@contextmanager
def address(path: Path) -> Iterator[str]:
    """Yield a name for a socket's path that fits the 107 bytes of unix(7), however deep the directory is."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}" if os.path.isdir("/proc/self/fd") else str(path)
    finally:
        os.close(directory)


class DaemonAbsentError(Exception):
    """Nobody listens on the control socket."""


class NoAnswerError(ControlError):
    """The daemon is there and does not answer."""

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


def ask(path: Path, operation: str, args: dict[str, Json] | None = None, timeout: float = ANSWER_TIME) -> Json:
    """Return the running daemon's answer. Raises DaemonAbsentError, or ControlError with what the daemon said."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        connection.settimeout(timeout)
        try:
            with address(path) as short:
                connection.connect(short)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
            raise DaemonAbsentError(str(path)) from error
        except PermissionError as error:
            raise ControlError(f"{path}: you may not talk to the daemon (run as root, or see control.group)") from error
        except (BlockingIOError, TimeoutError) as error:
            raise NoAnswerError("the daemon takes no questions any more: it is stuck", None) from error
        except OSError as error:
            raise ControlError(f"{path}: cannot be asked: {error}") from error
        request = {"v": VERSION, "op": operation, "args": args or {}}
        try:
            connection.sendall(json.dumps(request).encode("ascii") + b"\n")
            reply = json.loads(_answer_line(connection, timeout))
        except (OSError, ValueError) as error:
            raise ControlError(f"the daemon went away while it was asked ({error})") from error
    if not reply.get("ok"):
        raise ControlError(str(reply.get("error")))
    answer: Json = reply["result"]
    return answer


def _answer_line(connection: socket.socket, seconds: float) -> bytes:
    """Return the line with the answer; NoAnswerError where it does not come, at once where the daemon cannot even run."""
    pid = peer_of(connection).pid
    end = time.monotonic() + seconds
    data = bytearray()
    while not data.endswith(b"\n"):
        connection.settimeout(min(LOOK_AGAIN, max(0.01, end - time.monotonic())))
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            if is_stopped(pid):
                raise NoAnswerError(
                    f"process {pid} is stopped by a signal: kill -CONT {pid} lets it go on", pid
                ) from None
            if time.monotonic() >= end:
                message = f"the daemon did not answer within {seconds:.0f} s: it may be stuck"
                raise NoAnswerError(message, pid) from None
            continue
        if not piece:
            break
        data += piece
    return bytes(data)


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, or by a debugger."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read(4096).rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in (b"T", b"t")
