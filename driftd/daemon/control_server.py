"""The daemon's end of the control socket: whoever may ask gets one answer; nobody's slowness is anybody else's."""

from __future__ import annotations

import grp
import json
import os
import socket
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from driftd.daemon.control import MAX_REQUEST, VERSION, ControlError, address, read_line
from driftd.daemon.peers import Access, Peer
from driftd.daemon.reception import MOST_EACH, Guest, Reception
from driftd.listening import Listening
from driftd.model.document import Json

log = structlog.get_logger(__name__)

PATIENCE: Final = 10.0
"""Seconds that a peer may take to say all of what it wants, and as many to take its answer."""
QUEUE: Final = 128
"""Peers whom the kernel has wait until they are let in."""
REFUSED_NAMED: Final = 1000
"""Users of whom it is logged that they were refused; a log is no place for an attack."""
BUSY: Final = f"too many ask at once (each user may {MOST_EACH} times): try again in a moment"

Answer = Callable[[str, dict[str, Json], Peer], Json]


class ControlServer:
    """Listens, and passes each request to `answer` on a thread of its own."""

    def __init__(self, path: Path, answer: Answer, group: str | None = None, patience: float = PATIENCE) -> None:
        self._path = path
        self._answer = answer
        self._group = group
        self._patience = patience
        self._access = Access(os.geteuid())
        self._listening = Listening(self._admit, "driftd-control", "a peer of the control socket had to wait")
        self._reception = Reception()
        self._refused: set[int] = set()
        """Users who were refused, of whom it is logged once."""

    def start(self) -> None:
        """Bind and listen; ControlError where that is not possible. A stale socket is replaced."""
        try:
            self._listen()
        except (OSError, KeyError) as error:
            missing = f"there is no group {self._group}" if isinstance(error, KeyError) else None
            why = missing or getattr(error, "strerror", None) or str(error)
            remedy = (
                "set control.socket to a short path in a directory of driftd's own, control.group to a group there is"
            )
            raise ControlError(f"{self._path}: cannot listen for commands: {why} ({remedy})") from error

    def _listen(self) -> None:
        gid = None if self._group is None else grp.getgrnam(self._group).gr_gid
        self._access = Access(os.geteuid(), gid)
        _remove_stale(self._path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            with address(self._path) as short:
                listening.bind(short)
            if gid is not None:
                os.chown(self._path, -1, gid)
            os.chmod(self._path, 0o600 if gid is None else 0o660)
            listening.listen(QUEUE)  # not before: until now nobody can connect, whatever the mode was
        except BaseException:
            listening.close()
            raise
        self._listening.start(listening)

    def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._listening.stop():
            self._path.unlink(missing_ok=True)

    def _admit(self, connection: socket.socket) -> None:
        try:
            peer = Peer.of(connection)
            connection.settimeout(self._patience)
            if not self._access.allows(peer):
                self._refuse(connection, peer)
                return
            guest = self._reception.admit(connection, peer.uid, is_owner=self._access.is_owner(peer.uid))
            if guest is None:
                _turn_away(connection, BUSY)
                return
            threading.Thread(target=self._serve, args=(guest, peer), name="driftd-peer", daemon=True).start()
        except (OSError, RuntimeError) as error:  # gone already, or there can be no more threads
            log.info("a peer of the control socket could not be served", reason=str(error))
            connection.close()

    def _refuse(self, connection: socket.socket, peer: Peer) -> None:
        if peer.uid not in self._refused and len(self._refused) < REFUSED_NAMED:
            self._refused.add(peer.uid)
            log.warning("a user who may not use the control socket was refused", **peer.to_json())
        who = "root and the daemon's own user" + (f" and group {self._group}" if self._group else "")
        _turn_away(connection, f"user {peer.uid} may not ask this daemon: {who} may (see control.group)")

    def _serve(self, guest: Guest, peer: Peer) -> None:
        try:
            with guest.connection as connection:
                reply = self._reply(guest, peer)
                connection.settimeout(self._patience)
                connection.sendall(_line(reply))
        except OSError:
            pass  # it hung up, was too slow, or had to make room
        finally:
            self._reception.leave(guest)

    def _reply(self, guest: Guest, peer: Peer) -> dict[str, Json]:
        try:
            operation, args = _question(read_line(guest.connection, MAX_REQUEST, self._patience))
        except TimeoutError:
            return _refusal(f"nothing was asked within {self._patience:.0f} s")
        except ControlError as error:
            return _refusal(str(error))
        self._reception.turn(guest, keeps_waiting=False)
        try:
            return {"v": VERSION, "ok": True, "result": self._answer(operation, args, peer)}
        except ControlError as error:
            return _refusal(str(error))
        except Exception as error:
            log.exception("a question could not be answered")
            return _refusal(f"unexpected {type(error).__name__}: see the daemon's log")
        finally:
            self._reception.turn(guest, keeps_waiting=True)


def _question(line: bytes) -> tuple[str, dict[str, Json]]:
    """Return the operation and its arguments; ControlError where a line asks for none."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise ControlError("not a line of JSON") from None
    if not isinstance(request, dict) or request.get("v") != VERSION:
        raise ControlError(f"this daemon speaks version {VERSION} of the control protocol: restart it after an upgrade")
    operation, args = request.get("op"), request.get("args") or {}
    if not isinstance(operation, str) or not isinstance(args, dict):
        raise ControlError("a request has an op and args")
    return operation, args


def _refusal(why: str) -> dict[str, Json]:
    return {"v": VERSION, "ok": False, "error": why}


def _line(reply: dict[str, Json]) -> bytes:
    return json.dumps(reply, separators=(",", ":")).encode("ascii") + b"\n"


def _turn_away(connection: socket.socket, why: str) -> None:
    """Say why and hang up; a line fits into the buffer of the kernel, so that this waits for nobody."""
    with connection, suppress(OSError):
        connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
        connection.sendall(_line(_refusal(why)))


def _remove_stale(path: Path) -> None:
    """Remove the socket that a daemon left behind; OSError where it is another file, or somebody listens there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(17, "something that is no socket is in its place")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
        probe.setblocking(False)  # noqa: FBT003 - the standard library's signature
        try:
            with address(path) as short:
                probe.connect(short)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # its queue is full: somebody listens
        raise FileExistsError(17, "another daemon listens there")
