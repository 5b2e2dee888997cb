"""What is kept in the database, to be asked and remembered: a connection, and no journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from driftd.store import tables
from driftd.store.connection import Guarded
from driftd.store.known import (
    CompletedAudit,
    Cursor,
    KnownBaseline,
    KnownGap,
    KnownGroup,
    OpenDrift,
    Remembered,
    Standing,
)
from driftd.store.reader import Position

REMEMBERED_THROUGH: Final = "remembered-through"
OUTPUTS_BEGIN: Final = "outputs-begin"
_SET_CURSOR: Final = """
INSERT INTO outputs (name, delivered, number, refused) VALUES (?1, ?2, coalesce(?3, 0), coalesce(?4, 0))
ON CONFLICT (name) DO UPDATE SET delivered = excluded.delivered, number = coalesce(?3, number),
    refused = max(refused, coalesce(?4, 0))"""


class KeptState:
    """Open drifts, gaps, baselines, deliveries and remembered items, as they stand. Any thread may ask or move a cursor."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._guarded = Guarded(connection, path)
        self._path = path

    def position(self) -> Position:
        """Return up to which event of the journal it is complete."""
        with self._guarded.reading() as connection:
            return Position(*connection.execute("SELECT sequence, chain FROM position").fetchone())

    # --- what is known

    def drifts(self) -> list[OpenDrift]:
        """Return the open drifts, by item."""
        with self._guarded.reading() as connection:
            return tables.drifts(connection)

    def standings(self) -> list[tuple[str, Standing]]:
        """Return the item of every open drift with what tells whether it changed."""
        with self._guarded.reading() as connection:
            return list(tables.standings(connection))

    def worst(self, limit: int, after: tables.Place | None = None) -> list[OpenDrift]:
        """Return so many open drifts, the worst first; those that follow a place, where one is given."""
        with self._guarded.reading() as connection:
            return tables.worst(connection, limit, after)

    def drifts_of(self, items: Collection[str]) -> list[OpenDrift]:
        """Return the open drifts of these items, the worst first."""
        with self._guarded.reading() as connection:
            return tables.drifts_of(connection, items)

    def drifts_by_id(self, drift_ids: Collection[str]) -> list[OpenDrift]:
        """Return the open drifts with these ids."""
        with self._guarded.reading() as connection:
            return tables.drifts_by_id(connection, drift_ids)

    def drifts_alone(self, limit: int, after: str) -> list[OpenDrift]:
        """Return so many open drifts that were told by themselves, by id, those that follow an id."""
        with self._guarded.reading() as connection:
            return tables.drifts_alone(connection, limit, after)

    def drifts_together(self) -> list[tuple[str, str, str, str, int]]:
        """Return group, severity, status, baseline and number of the open drifts that were told together."""
        with self._guarded.reading() as connection:
            return tables.drifts_together(connection)

    def groups(self) -> list[KnownGroup]:
        """Return the groups of drifts told together that are not settled, the oldest first."""
        with self._guarded.reading() as connection:
            return tables.groups(connection)

    def gaps(self) -> list[KnownGap]:
        """Return what is not covered, by item."""
        with self._guarded.reading() as connection:
            return tables.gaps(connection)

    def baselines(self) -> list[KnownBaseline]:
        """Return the baselines that events spoke of, by name."""
        with self._guarded.reading() as connection:
            return tables.baselines(connection)

    def audits(self) -> list[CompletedAudit]:
        """Return the last completed audit of each depth."""
        with self._guarded.reading() as connection:
            return tables.audits(connection)

    # --- what outputs have delivered

    def cursor(self, output: str) -> int:
        """Return up to which event an output has delivered; one that was never heard of begins at the journal's end.

        After a rebuild, what outputs have delivered is only known where events say so; the others begin with the last
        `daemon-started` event: what a run told twice is recognised by its ids, years of it would be a flood.
        """
        with self._guarded.writing("remember a delivery") as connection:
            row = connection.execute("SELECT delivered FROM outputs WHERE name = ?", (output,)).fetchone()
            if row is None:
                begin = self.mark(OUTPUTS_BEGIN)
                row = (int(begin) if begin is not None and begin.isdecimal() else self.position().sequence,)
                connection.execute("INSERT INTO outputs (name, delivered) VALUES (?, ?)", (output, *row))
            return int(row[0])

    def set_cursor(self, output: str, cursor: Cursor) -> None:
        """Remember how far an output has come."""
        with self._guarded.writing("remember a delivery") as connection:
            connection.execute(_SET_CURSOR, (output, *cursor))

    def cursors(self) -> dict[str, int]:
        """Return up to which event each output has delivered."""
        with self._guarded.reading() as connection:
            return dict(connection.execute("SELECT name, delivered FROM outputs ORDER BY name").fetchall())

    def numbers(self) -> dict[str, int]:
        """Return how far each output has counted the events that were for it."""
        with self._guarded.reading() as connection:
            return dict(connection.execute("SELECT name, number FROM outputs ORDER BY name").fetchall())

    def lost(self) -> dict[str, int]:
        """Return how many events were removed before an output had delivered them, for those that lost any."""
        with self._guarded.reading() as connection:
            return dict(connection.execute("SELECT name, lost FROM outputs WHERE lost > 0 ORDER BY name").fetchall())

    def refused(self) -> dict[str, int]:
        """Return how many events the receiver of each output has refused for good."""
        with self._guarded.reading() as connection:
            return dict(
                connection.execute("SELECT name, refused FROM outputs WHERE refused > 0 ORDER BY name").fetchall()
            )

    def refused_untold(self) -> dict[str, int]:
        """Return how many of them no event tells yet, for the outputs of which there are any."""
        query = "SELECT name, refused - refused_told FROM outputs WHERE refused > refused_told ORDER BY name"
        with self._guarded.reading() as connection:
            return dict(connection.execute(query).fetchall())

    # --- what no event carries

    def remembered(self) -> Iterator[Remembered]:
        """Yield every directory with what its items were when they were last read; others wait until it is exhausted."""
        with self._guarded.reading() as connection:
            yield from tables.remembered(connection)

    def remember(self, rows: Iterable[Remembered], gone: Iterable[bytes] = (), *, through: int) -> None:
        """Remember what the items of some directories are, after the events about it are recorded; forget `gone` ones.

        `through`: the sequence of the last event that was recorded by then.
        """
        with self._guarded.writing("remember items") as connection:
            tables.remember(connection, rows, gone)
            tables.set_mark(connection, REMEMBERED_THROUGH, str(through))

    def remembered_through(self) -> int | None:
        """Return after which event it was remembered what items are; None: nothing is, or it was never said."""
        through = self.mark(REMEMBERED_THROUGH)
        return None if through is None else int(through)

    def mark(self, name: str) -> str | None:
        """Return a single remembered value."""
        with self._guarded.reading() as connection:
            row = connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

    def set_mark(self, name: str, value: str | None) -> None:
        """Remember a single value; None forgets it."""
        with self._guarded.writing("remember a value") as connection:
            tables.set_mark(connection, name, value)
