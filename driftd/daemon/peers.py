"""Peers: the processes at the other end of the control socket, and which of them may ask. See unix(7)."""

from __future__ import annotations

import os
import select
import socket
import struct
from dataclasses import dataclass, field
from typing import Final

from driftd.model.document import Json

_CREDENTIALS: Final = struct.Struct("iII")
_SO_PEERGROUPS: Final = 59
"""Of <asm-generic/socket.h>, Linux 4.13; the socket module has no name for it."""
_MOST_BYTES: Final = 1024
"""What getsockopt() of Python takes: 256 groups. Of a process in more its primary group alone counts."""
_NOBODY_LOGGED_IN: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks, as the kernel says."""

    pid: int
    uid: int
    gids: frozenset[int] = frozenset()
    login_uid: int | None = None
    """As whom the session logged in, whatever it became since; None where nobody did, or it cannot be read."""
    connection: socket.socket | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, connection: socket.socket) -> Peer:
        """Return the process at the other end of a Unix socket, as it was when it connected."""
        packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, gid = _CREDENTIALS.unpack(packed)
        return cls(pid, uid, frozenset({gid, *_groups(connection)}), login_uid(pid), connection)

    @classmethod
    def of_process(cls) -> Peer:
        """Return this process: a command that does the work itself."""
        return cls(os.getpid(), os.getuid(), login_uid=login_uid(os.getpid()))

    def is_gone(self) -> bool:
        """Whether it hung up. One that only says no more (a half-closed connection) still waits for its answer."""
        if self.connection is None:
            return False
        poll = select.poll()
        try:
            poll.register(self.connection, 0)
        except (OSError, ValueError):
            return True  # closed on this side
        return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0))

    def to_json(self) -> dict[str, Json]:
        """Return how events and messages name it."""
        shape: dict[str, Json] = {"uid": self.uid, "pid": self.pid}
        return shape if self.login_uid is None else shape | {"login_uid": self.login_uid}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask: root, the daemon's own user, and the members of one group. The socket's mode says it, this proves it."""

    own_uid: int
    gid: int | None = None

    def is_owner(self, uid: int) -> bool:
        """Whether the daemon is at this user's command whatever others ask of it."""
        return uid in (0, self.own_uid)

    def allows(self, peer: Peer) -> bool:
        """Whether a peer gets an answer."""
        return self.is_owner(peer.uid) or (self.gid is not None and self.gid in peer.gids)


def login_uid(pid: int) -> int | None:
    """Return the login uid of a process; see pam_loginuid(8) and audit_loginuid in proc(5)."""
    try:
        with open(f"/proc/{pid}/loginuid", "rb") as file:
            uid = int(file.read(32))
    except (OSError, ValueError):
        return None  # a kernel without audit, or the process is gone
    return None if uid == _NOBODY_LOGGED_IN else uid


def _groups(connection: socket.socket) -> tuple[int, ...]:
    try:
        packed = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
    except OSError:
        return ()
    return struct.unpack(f"{len(packed) // 4}I", packed)
