"""The chain of events: each event's value depends on every event before it, so that none can be altered unseen.

`driftd.chain` = "sha256:" + hex of sha256 over the previous event's chain value (ASCII; empty for the first event) followed
by the event's RFC 8785 bytes without `driftd.chain`.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of

FIRST: Final = ""
"""The chain value before the first event."""

_MAX_INTEGER: Final = 2**53 - 1
_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder().decode


class UnfitEventError(ValueError):
    """An event cannot be recorded as it is: it has no RFC 8785 bytes. Nothing was written."""


def canonical(value: Json) -> bytes:
    """Return a value's RFC 8785 bytes; UnfitEventError for floats, which an event has none of, and what JSON cannot say.

    msgspec's sorted encoding has the same bytes as RFC 8785 at a fifth of the time where there are no floats, no
    integers beyond 2**53, and no names outside ASCII, which sort differently as UTF-16; those few take the library's way.
    """
    try:
        if _plain(value):
            return _encode(value)
        import rfc8785  # late: almost no event needs it

        return rfc8785.dumps(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnfitEventError(f"an event that JSON cannot say exactly: {error}") from error


def _plain(value: Json) -> bool:
    """Whether msgspec spells this value as RFC 8785 does; ValueError where an event must not have it."""
    plain = True
    pending: list[Json] = [value]
    while pending:
        match pending.pop():
            case str() | bool() | None:
                pass
            case int() as number:
                if not -_MAX_INTEGER <= number <= _MAX_INTEGER:
                    raise ValueError(f"integer {number} is beyond 2**53 - 1")
            case dict() as members:
                plain = plain and all(map(str.isascii, members))
                pending.extend(members.values())
            case list() as members:
                pending.extend(members)
            case other:
                raise ValueError(f"a {type(other).__name__}: {other!r}")
    return plain


def decode(line: bytes) -> Event:
    """Return the event of a journal line; ValueError where it is none."""
    try:
        event: Event = _decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    match event:
        case {"event": {"sequence": int(), "action": str()}, "driftd": {"chain": str(chain)}} if chain.isascii():
            return event
        case _:
            raise ValueError("not a recorded event")


def link(previous: str, event: Event) -> str:
    """Return the chain value of an event that follows one whose value is `previous`; its own `driftd.chain` is left out."""
    body = event["driftd"]
    if isinstance(body, dict) and "chain" in body:
        event = event | {"driftd": {name: value for name, value in body.items() if name != "chain"}}
    return "sha256:" + hashlib.sha256(previous.encode("ascii") + canonical(event)).hexdigest()


def stamp(event: Event, sequence: int, previous: str) -> tuple[Event, str]:
    """Return a copy of an event with its place in the journal, and its chain value.

    Sets `event.sequence` and `driftd.chain`, and on `drift-opened` also `driftd.episode`, which is that sequence.
    """
    body, about = event.get("event"), event.get("driftd")
    if not isinstance(body, dict) or not isinstance(about, dict):
        raise UnfitEventError("an event without `event` or `driftd`")
    about = {name: value for name, value in about.items() if name != "chain"}
    if action_of(event) == Action.DRIFT_OPENED:
        about["episode"] = sequence
    stamped: Event = event | {"event": body | {"sequence": sequence}, "driftd": about}
    about["chain"] = value = link(previous, stamped)
    return stamped, value
