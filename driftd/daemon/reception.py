"""The reception of the control socket: how many may be inside at once, and who has to leave for whom.

A peer keeps the daemon waiting while it does not say what it wants, or does not take its answer. Whoever does so longest
leaves when somebody else comes and there is no room; whoever waits for the daemon stays.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

MOST_EACH: Final = 8
"""Peers of one user."""
MOST_OTHERS: Final = 16
"""Peers of all users who do not own the daemon; its owners find room whatever these do."""


@dataclass(eq=False, slots=True)
class Guest:
    """One connection that is served."""

    connection: socket.socket
    uid: int
    is_owner: bool
    keeps_waiting: bool = True
    """Whether it is the peer's turn: to ask, or to take the answer."""


class Reception:
    """Lets peers in as long as there is room, and makes room. Any thread may call it."""

    def __init__(self) -> None:
        self._guests: list[Guest] = []
        self._lock = threading.Lock()

    def admit(self, connection: socket.socket, uid: int, *, is_owner: bool) -> Guest | None:
        """Return the guest that a peer becomes; None where there is no room for it."""
        guest = Guest(connection, uid, is_owner)
        with self._lock:
            if not self._room(MOST_EACH, lambda other: other.uid == uid):
                return None
            if not is_owner and not self._room(MOST_OTHERS, lambda other: not other.is_owner):
                return None
            self._guests.append(guest)
        return guest

    def turn(self, guest: Guest, *, keeps_waiting: bool) -> None:
        """Say whether it is the peer's turn now."""
        with self._lock:
            guest.keeps_waiting = keeps_waiting

    def leave(self, guest: Guest) -> None:
        """A guest has left."""
        with self._lock:
            if guest in self._guests:
                self._guests.remove(guest)

    def _room(self, most: int, counts: Callable[[Guest], bool]) -> bool:
        """Whether there is room for one more of a kind, if need be because the one leaves that kept waiting longest."""
        among = [guest for guest in self._guests if counts(guest)]
        if len(among) < most:
            return True
        dismissed = next((guest for guest in among if guest.keeps_waiting), None)
        if dismissed is None:
            return False
        self._guests.remove(dismissed)
        with suppress(OSError):
            dismissed.connection.shutdown(socket.SHUT_RDWR)  # its thread ends by that
        return True
