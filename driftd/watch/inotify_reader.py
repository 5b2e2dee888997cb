"""The thread that reads kernel notifications: an overflow, an error and its own death do not pass unnoticed."""

from __future__ import annotations

import os
from collections.abc import Callable

import structlog
from watchdog.observers.inotify_c import InotifyEvent, InotifyFD

from driftd.watch.reasons import DIED, FAILED

log = structlog.get_logger(__name__)


class Reader(InotifyFD):
    """watchdog's reader thread, whose overflow, errors and death are noticed."""

    def __init__(
        self, overflowed: Callable[[], None], failed: Callable[[str], None], ended: Callable[[], None]
    ) -> None:
        super().__init__()
        self.name = "driftd-inotify"
        os.set_inheritable(self._inotify_fd, False)  # noqa: FBT003 - watchdog opens it without IN_CLOEXEC
        self._overflowed = overflowed
        self._failed = failed
        self._ended = ended

    def run(self) -> None:
        """Read until stopped; whatever ends the thread otherwise is reported."""
        try:
            super().run()
        except Exception:  # the last chance to say that nobody is looking
            log.exception("the reader of kernel notifications died")
        finally:
            if self.should_keep_running():
                self._ended()
                self._give_back()
                self._failed(DIED)

    def handle_event(self, event: InotifyEvent) -> None:
        """Dispatch one notification; what goes wrong with it is a loss, not the end."""
        try:
            if event.is_queue_overflow:
                self._overflowed()  # before watchdog logs it and calls every directory
            else:
                super().handle_event(event)
        except Exception:  # of a listener or of our own: one event is lost, the next one is not
            log.exception("a kernel notification could not be handled", notification=repr(event))
            self._failed(FAILED)

    def _give_back(self) -> None:
        with self._lock:
            self._is_reading = False
        self.close()
