"""Questions: what somebody outside the loop wants done in it and waits for. A call is answered at once, a task in slices."""

from __future__ import annotations

import queue

from driftd.daemon.messages import Call, Task
from driftd.daemon.pulse import Pulse
from driftd.daemon.tasks import Tasks
from driftd.store.errors import StoreError


class Questions:
    """The questions that wait. They are looked at first, however many notifications wait."""

    def __init__(self, tasks: Tasks, pulse: Pulse) -> None:
        self._tasks = tasks
        self._pulse = pulse
        self._waiting: queue.SimpleQueue[Call | Task] = queue.SimpleQueue()

    def put(self, question: Call | Task) -> None:
        """Take a question. Any thread may ask."""
        self._waiting.put(question)

    def answer_all(self) -> None:
        """Answer the calls, and line up the tasks. StoreError: the state cannot be written; who asked was told as well."""
        while not self._waiting.empty():
            question = self._waiting.get()
            if isinstance(question, Task):
                self._tasks.add(question)
            else:
                self._answer(question)

    def _answer(self, call: Call) -> None:
        if not call.answer.set_running_or_notify_cancel():
            return  # whoever asked has given up
        self._pulse.begin("answering a command")
        try:
            call.answer.set_result(call.work())
        except StoreError as error:
            call.answer.set_exception(error)
            raise
        except Exception as error:  # noqa: BLE001 - the one who asked gets it
            call.answer.set_exception(error)
