"""The answer to `events`: a page of the journal, for those who may ask the daemon and may not read its files."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from driftd.daemon.control import ControlError
from driftd.model.document import Json
from driftd.model.event import sequence_of
from driftd.store.chain import canonical
from driftd.store.reader import JournalReader

PAGE_BYTES: Final = 1 << 20
"""Of events, after which a page ends."""


def events_page(journal: JournalReader, args: dict[str, Json]) -> dict[str, Json]:
    """Return the events after a sequence, and since about a moment; `next` is to be asked for then, None at the end.

    It is read beside the loop, as any process may that has the right to: `journal` takes no lock.
    """
    after, since = args.get("after", 0), args.get("since")
    if not isinstance(after, int) or not 0 <= after < 1 << 53:
        raise ControlError("after is a sequence")
    if since is not None:
        after = max(after, journal.sequence_before(_moment(since)))
    events: list[Json] = []
    room = PAGE_BYTES
    for event in journal.read(after):
        if room <= 0:
            return {"events": events, "next": after}
        events.append(event)
        after = sequence_of(event)
        room -= len(canonical(event))
    return {"events": events, "next": None}


def _moment(since: Json) -> datetime:
    try:
        moment = datetime.fromisoformat(str(since))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ControlError("since is a moment with its zone: 2026-01-31T10:00:00Z")
    return moment
