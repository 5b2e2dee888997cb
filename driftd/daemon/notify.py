"""Telling systemd how the daemon is doing: sd_notify(3), without its library."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

log = structlog.get_logger(__name__)

UNWATCHED_INTERVAL: Final = 3600.0
EXTENSION: Final = 60.0
"""Seconds that are asked for at a time while a start takes long."""


class Notifier:
    """Sends states to the socket in `NOTIFY_SOCKET`; without one, nothing happens.

    A message that cannot be sent is logged and no more: supervision must not stop what it supervises.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        process: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._watched = _watchdog_interval(environment, os.getpid() if process is None else process)
        self._monotonic = monotonic
        self._fed = self._extended = float("-inf")
        self._reloads = False

    @property
    def interval(self) -> float:
        """How many seconds the daemon may sleep before it calls `watchdog` again: half of what systemd waits."""
        return self._watched or UNWATCHED_INTERVAL

    def ready(self, status: str) -> None:
        """Say that the daemon does its work now; also after a reload."""
        self._reloads = False
        self._send("READY=1", _status(status))

    def reloading(self, monotonic: float) -> None:
        """Say that settings are being read again; `ready` must follow."""
        self._reloads = True
        self._send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic * 1_000_000)}")

    def status(self, text: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send(_status(text))

    def stopping(self) -> None:
        """Say that the daemon is about to end."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """Say that the daemon still makes progress, also with a reload; may be called as often as one likes."""
        if self._reloads:
            self.take_longer()
        if self._watched is None:
            return
        now = self._monotonic()
        if now >= self._fed + self._watched / 2:
            self._fed = now
            self._send("WATCHDOG=1")

    def take_longer(self) -> None:
        """Ask for more time to start, to reload or to stop in, since there is progress; may be called as often as one likes."""
        now = self._monotonic()
        if now >= self._extended + EXTENSION / 4:
            self._extended = now
            self._send(f"EXTEND_TIMEOUT_USEC={int(EXTENSION * 1_000_000)}")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        message = "\n".join(lines).encode("utf-8", "backslashreplace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
                connection.setblocking(False)  # noqa: FBT003 - the engine must never wait for its supervisor
                connection.sendto(message, self._address)
        except OSError as error:
            log.warning("systemd could not be told", state=lines[0], reason=str(error))


def _address(text: str) -> bytes | None:
    """Return the address of the socket: `/path`, or `@name` in the abstract name space."""
    if text.startswith("@"):
        return b"\0" + os.fsencode(text[1:])
    return os.fsencode(text) if text.startswith("/") else None


def _watchdog_interval(environment: Mapping[str, str], process: int) -> float | None:
    if environment.get("WATCHDOG_PID", str(process)) != str(process):
        return None  # meant for another process of the unit
    text = environment.get("WATCHDOG_USEC", "")
    return int(text) / 2_000_000 if text.isdecimal() and int(text) > 0 else None


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
