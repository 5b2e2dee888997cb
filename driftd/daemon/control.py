"""The control socket: how commands ask the running daemon. One line of JSON each way, versioned.

{"v": 1, "op": "status", "args": {}}  ->  {"v": 1, "ok": true, "result": {...}}  |  {"v": 1, "ok": false, "error": "..."}
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from driftd.daemon.peers import Peer
from driftd.model.document import Json

VERSION: Final = 1
MAX_REQUEST: Final = 256 * 1024
"""Bytes of a request."""
ANSWER_TIME: Final = 600.0
TASK_TIME: Final = 3600.0
"""Seconds for what goes through everything that is audited: a hundred thousand items on a busy machine take ten minutes."""
ROOM_TIME: Final = 3.0
"""Seconds to wait for those who came before; the daemon lets somebody in within milliseconds, whoever asks."""
LOOK_AGAIN: Final = 1.0
"""Seconds without an answer until it is looked whether the daemon can run at all."""


class ControlError(Exception):
    """A request that cannot be answered; the message is for the one who asked."""


def read_line(connection: socket.socket, most: int, seconds: float) -> bytes:
    """Return one line of at most `most` bytes; TimeoutError where it is not whole after so many seconds."""
    end = time.monotonic() + seconds
    data = bytearray()
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        piece = connection.recv(65536)
        data += piece
        if len(data) > most:
            raise ControlError(f"too long: a request has at most {most} bytes")
        if not piece or b"\n" in piece:
            return bytes(data.partition(b"\n")[0])
    raise TimeoutError


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


class DaemonLeftError(ControlError):
    """The daemon ended while it was asked."""


class NoAnswerError(ControlError):
    """The daemon is there and does not answer."""

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


def ask(path: Path, operation: str, args: dict[str, Json] | None = None, timeout: float = ANSWER_TIME) -> Json:
    """Return the running daemon's answer. Raises DaemonAbsentError, or ControlError with what the daemon said."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
        try:
            _connect(connection, path, min(timeout, ROOM_TIME))
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
            connection.settimeout(timeout)
            with suppress(BrokenPipeError):  # it has hung up already, and said why
                connection.sendall(json.dumps(request).encode("ascii") + b"\n")
            reply = json.loads(_answer_line(connection, timeout))
        except (OSError, ValueError) as error:
            raise DaemonLeftError(f"the daemon went away while it was asked ({error})") from error
    if not reply.get("ok"):
        raise ControlError(str(reply.get("error")))
    answer: Json = reply["result"]
    return answer


def _connect(connection: socket.socket, path: Path, seconds: float) -> None:
    """Connect, waiting for so long where many others want to: see SO_SNDTIMEO in socket(7); BlockingIOError after that."""
    whole = int(seconds)
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", whole, int((seconds - whole) * 1_000_000))
    )
    with address(path) as short:
        connection.connect(short)


def _answer_line(connection: socket.socket, seconds: float) -> bytes:
    """Return the line with the answer; NoAnswerError where it does not come, at once where the daemon cannot even run."""
    pid = Peer.of(connection).pid
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
