"""State changes as rows, and rows as what is known."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from sys import intern
from typing import Any, Final, assert_never

import msgspec

from driftd.store.known import (
    AuditDone,
    BaselineEnds,
    BaselineStands,
    CompletedAudit,
    Delivered,
    DriftEnds,
    DriftStands,
    GapEnds,
    GapStands,
    GroupEnds,
    GroupStands,
    KnownBaseline,
    KnownGap,
    KnownGroup,
    OpenDrift,
    Pruned,
    Remembered,
    Standing,
    Started,
    StateChange,
)

_DRIFT_STANDS: Final = """
INSERT INTO drifts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (drift_id) DO UPDATE SET baseline = excluded.baseline, item = excluded.item,
    updated_at = excluded.updated_at, severity = excluded.severity, status = excluded.status,
    fingerprint = excluded.fingerprint, change_count = excluded.change_count, changes = excluded.changes,
    told_with = iif(excluded.told_with = '', '', told_with)"""
_RANKS: Final = {"critical": 0, "high": 1, "medium": 2, "low": 3}
"""As the tables have them."""
_GROUP_STANDS: Final = """
INSERT INTO groups VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last),
    told = max(told, excluded.told)"""
_GAP_STANDS: Final = """
INSERT INTO gaps VALUES (?, ?, ?, ?, ?)
ON CONFLICT (item, baseline) DO UPDATE SET reason = excluded.reason, detail = excluded.detail,
    since = iif(reason = excluded.reason, since, excluded.since)"""
_BASELINE_STANDS: Final = """
INSERT INTO baselines VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET revision = coalesce(excluded.revision, revision),
    sha256 = coalesce(excluded.sha256, sha256), announced = excluded.announced, announced_at = excluded.announced_at"""
_DELIVERED: Final = """
INSERT INTO outputs (name, delivered, lost, number, refused, refused_told) VALUES (?, ?, ?, ?, ?5, ?5)
ON CONFLICT (name) DO UPDATE SET delivered = max(delivered, excluded.delivered), lost = lost + excluded.lost,
    refused = max(refused, refused_told + excluded.refused), refused_told = refused_told + excluded.refused,
    number = iif(excluded.number > 0 AND excluded.delivered > delivered, excluded.number, number + excluded.lost)"""


def write(connection: sqlite3.Connection, change: StateChange) -> None:
    """Make one state change."""
    execute = connection.execute
    match change:
        case DriftStands() | DriftEnds() | GroupStands() | GroupEnds():
            _write_drifts(connection, change)
        case GapStands(gap):
            execute(_GAP_STANDS, (gap.item, gap.baseline, gap.reason, gap.detail, gap.since))
        case GapEnds(item, baseline):
            execute("DELETE FROM gaps WHERE item = ? AND baseline = ?", (item, baseline))
        case BaselineStands(told):
            row = (told.name, told.revision, told.sha256, told.announced, told.announced_at)
            execute(_BASELINE_STANDS, row)
        case BaselineEnds(name):
            execute("DELETE FROM baselines WHERE name = ?", (name,))
        case AuditDone(audit):
            execute("INSERT OR REPLACE INTO audits VALUES (?, ?, ?)", (audit.depth, audit.sequence, audit.completed_at))
        case Delivered(output, sequence, lost, number, refused):
            execute(_DELIVERED, (output, sequence, lost, number, refused))
        case Started(sequence):
            execute("UPDATE position SET started = ?", (sequence,))
        case Pruned(through):
            execute("UPDATE position SET pruned = max(pruned, ?)", (through,))
        case _:
            assert_never(change)


def _write_drifts(connection: sqlite3.Connection, change: DriftStands | DriftEnds | GroupStands | GroupEnds) -> None:
    execute = connection.execute
    match change:
        case DriftStands(drift, opened):
            if opened:
                execute("DELETE FROM drifts WHERE drift_id = ?", (drift.drift_id,))
            execute(_DRIFT_STANDS, _drift_row(drift))
        case DriftEnds(drift_id):
            execute("DELETE FROM drifts WHERE drift_id = ?", (drift_id,))
        case GroupStands(group):
            execute(_GROUP_STANDS, (group.id, group.first, group.last, group.told))
        case GroupEnds(id):
            execute("DELETE FROM groups WHERE id = ?", (id,))


def _drift_row(drift: OpenDrift) -> tuple[str | int, ...]:
    return (
        drift.drift_id,
        drift.episode,
        drift.baseline,
        drift.item,
        drift.opened_at,
        drift.updated_at,
        drift.severity,
        drift.status,
        drift.fingerprint,
        drift.change_count,
        msgspec.json.encode(drift.changes).decode(),
        drift.group,
    )


def everything(connection: sqlite3.Connection) -> Iterator[StateChange]:
    """Yield what makes this state of an empty one; the position itself is left out."""
    ((started, pruned),) = connection.execute("SELECT started, pruned FROM position")
    yield from (Started(started), Pruned(pruned))
    for row in connection.execute("SELECT * FROM drifts ORDER BY drift_id"):
        yield DriftStands(_drift(row), opened=True)
    yield from map(GroupStands, groups(connection))
    for row in connection.execute("SELECT * FROM gaps ORDER BY item, baseline"):
        yield GapStands(KnownGap(*row))
    yield from map(BaselineStands, baselines(connection))
    yield from map(AuditDone, audits(connection))
    for row in connection.execute("SELECT name, delivered, lost, number, refused_told FROM outputs ORDER BY name"):
        yield Delivered(*row)


def _drift(row: tuple[Any, ...]) -> OpenDrift:
    return OpenDrift(*(*row[:-2], msgspec.json.decode(row[-2]), row[-1]))


def drifts(connection: sqlite3.Connection) -> list[OpenDrift]:
    """Return the open drifts, by item."""
    return [_drift(row) for row in connection.execute("SELECT * FROM drifts ORDER BY item, baseline")]


def standings(connection: sqlite3.Connection) -> Iterator[tuple[str, Standing]]:
    """Yield the item of every open drift with what stands."""
    query = "SELECT item, drift_id, episode, fingerprint, baseline, severity, status, told_with FROM drifts"
    for item, drift_id, episode, fingerprint, *words in connection.execute(query):
        yield item, Standing(drift_id, episode, fingerprint, *map(intern, words))


def worst(connection: sqlite3.Connection, limit: int, after: Place | None) -> list[OpenDrift]:
    """Return so many open drifts, the worst first, by item among equals; those that follow a place, where one is given."""
    following = "WHERE (rank, item, drift_id) > (?, ?, ?)" if after else ""
    query = f"SELECT * FROM ranked_drifts {following} ORDER BY rank, item, drift_id LIMIT ?"  # noqa: S608 - ours
    return [_drift(row[1:]) for row in connection.execute(query, (*(after or ()), limit))]


def drifts_of(connection: sqlite3.Connection, items: Collection[str]) -> list[OpenDrift]:
    """Return the open drifts of these items, the worst first."""
    found: list[OpenDrift] = []
    for item in dict.fromkeys(items):
        found.extend(map(_drift, connection.execute("SELECT * FROM drifts WHERE item = ?", (item,))))
    return sorted(found, key=place_of)


def drifts_by_id(connection: sqlite3.Connection, drift_ids: Collection[str]) -> list[OpenDrift]:
    """Return the open drifts with these ids."""
    query = "SELECT * FROM drifts WHERE drift_id = ?"
    return [_drift(row) for drift_id in drift_ids for row in connection.execute(query, (drift_id,))]


def drifts_alone(connection: sqlite3.Connection, limit: int, after: str) -> list[OpenDrift]:
    """Return so many open drifts that were told by themselves, by id, those that follow an id."""
    query = "SELECT * FROM drifts WHERE told_with = '' AND drift_id > ? ORDER BY drift_id LIMIT ?"
    return [_drift(row) for row in connection.execute(query, (after, limit))]


def drifts_together(connection: sqlite3.Connection) -> list[tuple[str, str, str, str, int]]:
    """Return group, severity, status, baseline and number of the open drifts that were told together."""
    alike = "told_with, severity, status, baseline"
    query = f"SELECT {alike}, count(*) FROM drifts WHERE told_with <> '' GROUP BY {alike}"  # noqa: S608 - ours
    return connection.execute(query).fetchall()


Place = tuple[int, str, str]
"""Where a drift stands among the open ones, the worst first."""


def place_of(drift: OpenDrift) -> Place:
    """Return where a drift stands among the open ones."""
    return _RANKS.get(drift.severity, len(_RANKS)), drift.item, drift.drift_id


def groups(connection: sqlite3.Connection) -> list[KnownGroup]:
    """Return the groups that are not settled, the oldest first."""
    return [KnownGroup(*row) for row in connection.execute("SELECT * FROM groups ORDER BY first, id")]


def gaps(connection: sqlite3.Connection) -> list[KnownGap]:
    """Return what is not covered, by item."""
    return [KnownGap(*row) for row in connection.execute("SELECT * FROM gaps ORDER BY item, baseline")]


def baselines(connection: sqlite3.Connection) -> list[KnownBaseline]:
    """Return the baselines events spoke of, by name."""
    return [KnownBaseline(*row) for row in connection.execute("SELECT * FROM baselines ORDER BY name")]


def audits(connection: sqlite3.Connection) -> list[CompletedAudit]:
    """Return the last completed audit of each depth."""
    return [CompletedAudit(*row) for row in connection.execute("SELECT * FROM audits ORDER BY depth")]


def remember(connection: sqlite3.Connection, rows: Iterable[Remembered], gone: Iterable[bytes]) -> None:
    """Make these the remembered items of their directories, and forget those of others."""
    connection.executemany("DELETE FROM remembered WHERE directory = ?", ((directory,) for directory in gone))
    connection.executemany("INSERT OR REPLACE INTO remembered VALUES (?, ?, ?, ?)", rows)


def set_mark(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Remember a single value; None forgets it."""
    if value is None:
        connection.execute("DELETE FROM marks WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))


def remembered(connection: sqlite3.Connection) -> Iterator[Remembered]:
    """Yield the remembered items of every directory."""
    yield from connection.execute("SELECT directory, names, stamps, fingerprints FROM remembered")
