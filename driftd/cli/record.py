"""The record of what happened: the journal's files, or the daemon's word for it where these are closed to the caller."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from driftd.daemon.control import ControlError, DaemonAbsentError, ask
from driftd.model.document import Json
from driftd.model.event import Event, sequence_of
from driftd.settings.types import Settings
from driftd.store.errors import StoreError
from driftd.store.reader import JournalReader
from driftd.store.store import JOURNAL_NAME

LOOK_AGAIN: Final = 0.2
"""Seconds between two looks at a journal that is followed."""
ASK_AGAIN: Final = 1.0
"""The same where the daemon is asked."""


class Record(Protocol):
    """Where events are read from."""

    again: float
    """Seconds between two looks for more."""
    patient: bool
    """Whether nobody there to ask means that there is nothing new, as while a daemon is started again."""

    def read(self, after: int, since: datetime | None = None) -> Iterator[Event]:
        """Yield the events after a sequence that are there now, in order; not much of what happened before a moment."""


class JournalRecord:
    """The journal of a state directory: it needs no daemon, and disturbs none."""

    again = LOOK_AGAIN
    patient = False

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal

    def read(self, after: int, since: datetime | None = None) -> Iterator[Event]:
        """Read the files."""
        return self._journal.read(after if since is None else max(after, self._journal.sequence_before(since)))


class AskedRecord:
    """The daemon's journal, page by page through the control socket."""

    again = ASK_AGAIN

    def __init__(self, socket: Path, closed: StoreError) -> None:
        self.patient = False
        self._socket = socket
        self._closed = closed

    def read(self, after: int, since: datetime | None = None) -> Iterator[Event]:
        """Ask for pages; where nobody is there to ask, the StoreError says why the files cannot be read."""
        args: dict[str, Json] = {"after": after}
        if since is not None:
            args["since"] = since.isoformat()
        while True:
            try:
                page = ask(self._socket, "events", args)
            except (DaemonAbsentError, ControlError) as error:
                if self.patient:
                    return
                raise self._closed if isinstance(error, DaemonAbsentError) else error from None
            assert isinstance(page, dict) and isinstance(page["events"], list)
            for event in page["events"]:
                assert isinstance(event, dict)
                yield event
            if page["next"] is None:
                return
            args = {"after": page["next"]}


def record_of(settings: Settings) -> Record:
    """Return the journal of the settings' state directory, or the daemon's word where that is closed to the caller."""
    journal = JournalReader(settings.state / JOURNAL_NAME)
    try:
        journal.first_sequence()
    except StoreError as error:
        if not isinstance(error.__cause__, PermissionError):
            raise
        return AskedRecord(settings.control_socket, error)
    return JournalRecord(journal)


def follow(record: Record, after: int, since: datetime | None = None) -> Iterator[Event]:
    """Yield the events after a sequence, then those that come; BrokenPipeError when nobody reads standard output any more.

    It makes no difference to it that a daemon ends and another starts, and that segments are begun and pruned.
    """
    while True:
        for event in record.read(after, since):
            after = sequence_of(event)
            yield event
        since, record.patient = None, True
        sys.stdout.flush()
        if _left_alone(record.again):
            raise BrokenPipeError


def _left_alone(seconds: float) -> bool:
    """Wait; where the reader of standard output hangs up, return and say so at once."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # POLLERR and POLLHUP are always told
    return bool(poll.poll(seconds * 1000))
