"""Tasks: what takes long and is done in the loop, in slices, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator

from driftd.daemon.audits import SLICE
from driftd.daemon.messages import Task, UnwantedError
from driftd.daemon.pulse import Pulse
from driftd.model.document import Json
from driftd.store.errors import StoreError


class Tasks:
    """The tasks that wait, of which the first one is under way. The loop calls it; nothing here waits."""

    def __init__(self, pulse: Pulse, monotonic: Callable[[], float]) -> None:
        self._pulse = pulse
        self._monotonic = monotonic
        self._waiting: deque[Task] = deque()
        self._steps: Generator[None, None, Json] | None = None
        """Of the first of these, once it was begun."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, task: Task) -> None:
        """Have a task done when those before it are."""
        self._waiting.append(task)

    def advance(self) -> bool:
        """Go on for one slice; say whether audits may go on as well."""
        if not self._waiting:
            return True
        task = self._waiting[0]
        if self._steps is None and not self._begin(task):
            return not task.before_audits
        if task.unwanted():
            self._end()
            task.answer.set_exception(UnwantedError())
        else:
            self._go_on(task)
        return not task.before_audits

    def drop(self) -> None:
        """Give up what goes on: the loop comes to its end."""
        if self._waiting:
            self._end()

    def _begin(self, task: Task) -> bool:
        """Whether there is something to do: whoever asked may have given up."""
        if not task.answer.set_running_or_notify_cancel():
            self._waiting.popleft()
            return False
        self._steps = task.steps()
        return True

    def _go_on(self, task: Task) -> None:
        assert self._steps is not None
        self._pulse.begin(task.doing)
        until = self._monotonic() + SLICE
        try:
            while self._monotonic() < until:
                next(self._steps)
        except StopIteration as done:
            self._end()
            task.answer.set_result(done.value)
        except Exception as error:
            self._end()
            task.answer.set_exception(error)
            if task.own or isinstance(error, StoreError):
                raise

    def _end(self) -> None:
        steps, self._steps = self._steps, None
        self._waiting.popleft()
        if steps is not None:
            steps.close()
