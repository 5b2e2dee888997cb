"""What is known of a host at present, and how recorded events change it: values, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from driftd.model.document import Json


@dataclass(frozen=True, slots=True)
class OpenDrift:
    """A drift as the last event about it told it. `opened_at` and `episode` stay those of the event that opened it."""

    drift_id: str
    episode: int
    baseline: str
    item: str
    opened_at: str
    updated_at: str
    severity: str
    status: str
    fingerprint: str
    change_count: int
    changes: list[Json]
    """In the form of events; at most as many as an event names."""
    group: str = ""
    """The group with which it was told, by one summary; empty where it was told by itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """As much of an open drift as tells whether what is seen now is another one."""

    drift_id: str
    episode: int
    fingerprint: str
    baseline: str
    severity: str
    status: str
    group: str


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """Drifts that were told together, by one summary."""

    id: str
    first: int
    """Sequence of the first event that is told with others."""
    last: int
    told: int
    """Up to which of these events the last summary goes; 0 before the first."""


@dataclass(frozen=True, slots=True)
class KnownGap:
    """What is not covered, why, and since when for this reason."""

    item: str
    baseline: str
    """Empty where no baseline is concerned."""
    reason: str
    detail: str
    since: str


@dataclass(frozen=True, slots=True)
class KnownBaseline:
    """What was last said about a baseline, and what is approved for it: None before the first approval."""

    name: str
    revision: int | None
    sha256: str | None
    announced: str
    announced_at: str


@dataclass(frozen=True, slots=True)
class CompletedAudit:
    """The last completed audit of a depth."""

    depth: str
    sequence: int
    completed_at: str


@dataclass(frozen=True, slots=True)
class DriftStands:
    """A drift is open as told; where it was not open before, it is from now on."""

    drift: OpenDrift
    opened: bool
    """It begins here, whatever stood there before."""


@dataclass(frozen=True, slots=True)
class DriftEnds:
    """A drift is no longer open."""

    drift_id: str


@dataclass(frozen=True, slots=True)
class GroupStands:
    """A group is there, at least so large and told so far."""

    group: KnownGroup


@dataclass(frozen=True, slots=True)
class GroupEnds:
    """All that was told together is settled."""

    id: str


@dataclass(frozen=True, slots=True)
class GapStands:
    """A gap is there; where the same reason was known already, it is there since then."""

    gap: KnownGap


@dataclass(frozen=True, slots=True)
class GapEnds:
    """A gap is closed, whatever its reason was."""

    item: str
    baseline: str


@dataclass(frozen=True, slots=True)
class BaselineStands:
    """Something was said about a baseline; a revision of None leaves the approved one as it was."""

    baseline: KnownBaseline


@dataclass(frozen=True, slots=True)
class BaselineEnds:
    """A baseline, or everything approved for it, is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class AuditDone:
    """An audit was completed."""

    audit: CompletedAudit


@dataclass(frozen=True, slots=True)
class Delivered:
    """An output has delivered everything up to a sequence; never less than was known before."""

    output: str
    sequence: int
    lost: int = 0
    """How many events more were removed before it had them."""
    number: int = 0
    """Of the event of this sequence, as the output counts; 0: not known."""
    refused: int = 0
    """How many events more its receiver refused for good, as is told."""


class Cursor(NamedTuple):
    """How far an output has come; None: as it was."""

    sequence: int
    """Everything up to here is delivered, refused, lost, or not for it."""
    number: int | None = None
    """What the event of that sequence is in the output's own count."""
    refused: int | None = None
    """How many events its receiver refused for good, ever."""


@dataclass(frozen=True, slots=True)
class Started:
    """The daemon started with the event of this sequence."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What the journal held up to this sequence is gone, and that was recorded."""

    through: int


StateChange = (
    DriftStands
    | DriftEnds
    | GroupStands
    | GroupEnds
    | GapStands
    | GapEnds
    | BaselineStands
    | BaselineEnds
    | AuditDone
    | Delivered
    | Started
    | Pruned
)

Remembered = tuple[bytes, bytes, bytes, bytes]
"""A directory, and end to end its items' names, their stat fields, the fingerprints of their contents."""
