"""The inbox of the loop: bounded, and nothing that somebody asked for is lost."""

from __future__ import annotations

import queue
from datetime import UTC, datetime

import pytest

from driftd.daemon.inbox import Inbox
from driftd.daemon.messages import Asked, Due, Lost, Message, MountsChanged, Noticed, Reload, Stop, Tree
from driftd.watch.reasons import DIED, OVERFLOW

NOW = datetime(2023, 6, 1, tzinfo=UTC)
MOST = 5


def noticed(number: int) -> Noticed:
    return Noticed(b"/etc", b"%d" % number, complete=True, is_directory=False, at=1.0, when=NOW)


def drained(inbox: Inbox) -> list[Message]:
    messages = []
    while not inbox.empty():
        messages.append(inbox.get())
    return messages


def test_messages_come_out_as_they_went_in() -> None:
    inbox = Inbox(MOST)
    told: list[Message] = [noticed(1), Due("quick"), Tree(b"/etc/d", NOW), Asked(), Stop("told to")]
    for message in told:
        inbox.put(message)
    assert drained(inbox) == told


def test_notifications_beyond_the_bound_are_one_loss() -> None:
    inbox = Inbox(MOST)
    for number in range(100):
        inbox.put(noticed(number))
        inbox.put(Tree(b"/etc/%d" % number, NOW))
    messages = drained(inbox)
    assert messages == [noticed(0), Tree(b"/etc/0", NOW), noticed(1), Tree(b"/etc/1", NOW), noticed(2), Lost(OVERFLOW)]


def test_a_loss_that_was_taken_does_not_stand_for_those_that_follow() -> None:
    inbox = Inbox(MOST)
    for number in range(MOST + 1):
        inbox.put(noticed(number))
    for _ in range(MOST):
        inbox.get()
    assert inbox.get() == Lost(OVERFLOW)
    for number in range(MOST + 1):
        inbox.put(noticed(number))
    assert drained(inbox)[-1] == Lost(OVERFLOW)


def test_nothing_else_is_lost_when_it_is_full() -> None:
    inbox = Inbox(MOST)
    for number in range(MOST):
        inbox.put(noticed(number))
    others: list[Message] = [Reload(), Due("deep"), Due("quick"), MountsChanged(), Asked(), Lost(DIED), Stop("signal")]
    for message in others:
        inbox.put(message)
    assert drained(inbox)[MOST:] == others


def test_what_waits_already_does_not_wait_twice() -> None:
    inbox = Inbox(MOST)
    for _ in range(100):
        for message in (Lost(OVERFLOW), MountsChanged(), Asked(), Due("quick"), Reload()):
            inbox.put(message)
    assert len(inbox) == 5
    assert len(drained(inbox)) == 5
    inbox.put(Asked())
    assert drained(inbox) == [Asked()]


def test_an_empty_one_says_so() -> None:
    with pytest.raises(queue.Empty):
        Inbox().get()
    with pytest.raises(queue.Empty):
        Inbox().get(timeout=0.001)
