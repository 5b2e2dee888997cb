"""Mounting and unmounting, told by the kernel: inotify says nothing of a file system that hides a watched directory."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

TABLE: Final = b"/proc/self/mountinfo"
_JOIN_SECONDS: Final = 1.0


class MountNotices:
    """Calls back, on a thread of its own, whenever the table of mounts has changed."""

    def __init__(self, changed: Callable[[], None], table: bytes = TABLE) -> None:
        self._changed = changed
        self._table = table
        self._stop = -1
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to tell. Without a table (no /proc), audits alone see what was mounted."""
        try:
            table = os.open(self._table, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            log.warning("mounts are not noticed", reason=str(error))
            return
        ended, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run, args=(table, ended), name="driftd-mounts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell no more."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        os.close(self._stop)
        thread.join(_JOIN_SECONDS)

    def _run(self, table: int, ended: int) -> None:
        try:
            poll = select.poll()
            poll.register(table, select.POLLPRI)
            poll.register(ended, select.POLLIN)
            while not any(descriptor == ended for descriptor, _ in poll.poll()):
                self._changed()
        finally:
            os.close(table)
            os.close(ended)
