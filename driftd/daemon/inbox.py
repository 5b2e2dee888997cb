"""The inbox of the loop: what others put there and the loop takes, in bounded memory however fast notifications come."""

from __future__ import annotations

import queue
from typing import Final

from driftd.daemon.messages import Lost, Message, Noticed, Tree
from driftd.watch.reasons import OVERFLOW

MOST: Final = 16_384
"""Notifications that wait at most, as many as the kernel itself keeps unless it is told otherwise: about 4 MB."""


class Inbox:
    """A queue. Any thread may put; one takes.

    Notifications beyond `most` are not kept: one `Lost` stands for all of them, as it does for those that the kernel drops.
    Everything else is always taken in: it is little, since what says the same as one that waits is not kept twice.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._waiting: set[Message] = set()
        """Those of the others that wait: none needs to wait twice."""

    def put(self, message: Message) -> None:
        """Have a message handled."""
        match message:
            case Noticed() | Tree() if self._queue.qsize() >= self._most:
                self.put(Lost(OVERFLOW))
            case Noticed() | Tree():
                self._queue.put(message)
            case _ if message not in self._waiting:
                self._waiting.add(message)
                self._queue.put(message)

    def get(self, timeout: float = 0.0) -> Message:
        """Return the next message, waiting so many seconds for one; queue.Empty where there is none."""
        message = self._queue.get(timeout=timeout) if timeout > 0 else self._queue.get_nowait()
        if self._waiting:
            self._waiting.discard(message)  # before it is handled: what comes from here on is another story
        return message

    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._queue.empty()

    def __len__(self) -> int:
        """How many messages wait."""
        return self._queue.qsize()
