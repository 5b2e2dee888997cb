"""Ids of events: UUIDv7, so that they sort by the time they were made at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

RANDOM_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def uuid7(now: datetime, random: bytes) -> str:
    """Return the UUIDv7 of a moment (aware) and eight random bytes.

    The twelve bits after the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3), so that
    the ids of a burst sort by microsecond.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"an event id takes {RANDOM_BYTES} random bytes, not {len(random)}")
    milliseconds, rest = divmod((now - _EPOCH) // timedelta(microseconds=1), 1000)
    bits = (milliseconds & (1 << 48) - 1) << 80
    bits |= 0x7 << 76 | (rest * 4096 // 1000) << 64
    bits |= 0b10 << 62 | int.from_bytes(random) & (1 << 62) - 1
    return str(UUID(int=bits))
