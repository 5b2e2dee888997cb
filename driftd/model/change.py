"""A change: one difference between what is approved and what is observed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Final

from driftd.model.document import Json, Steps


class Aspect(StrEnum):
    """Which side of an item a change is about."""

    EXISTENCE = "existence"
    CONTENT = "content"
    ATTRIBUTES = "attributes"
    PARSE = "parse"
    RULE = "rule"


class Kind(StrEnum):
    """What happened to the place that a change names."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


class Severity(IntEnum):
    """How bad; ordered, so that the worst is the maximum."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """Return the lower-case word of the contract: `critical`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Severity:
        """Return the severity a word names; ValueError names the words there are."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"unknown severity {word!r}: one of {', '.join(s.word for s in cls)}") from None


class Status(StrEnum):
    """Whether a change was allowed; in the order in which the worst is shown first."""

    UNAPPROVED = "unapproved"
    EXPLAINED = "explained"
    EXPECTED = "expected"
    WAIVED = "waived"


STATUS_RANK: Final = {status: rank for rank, status in enumerate(reversed(Status))}


class Absent:
    """The value of a side that is not there; `None` is a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
Side = Json | Absent


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. Values are masked already; `before` is approved, `after` is observed."""

    aspect: Aspect
    kind: Kind
    key: str
    before: Side = ABSENT
    after: Side = ABSENT
    before_line: int | None = None
    after_line: int | None = None
    severity: Severity = Severity.MEDIUM
    status: Status = Status.UNAPPROVED
    rule: str | None = None
    ref: str | None = None
    moved_from: str | None = None
    moved_to: str | None = None
    message: str | None = None
    """What a person should know beyond the values: what a parser said, what a rule requires."""
    before_steps: Steps | None = None
    """Positions in the approved tree, for queries; None where the side is absent. Never shown."""
    after_steps: Steps | None = None

    def judged(self, severity: Severity, rule: str | None = None, message: str | None = None) -> Change:
        """Return this change with another severity and the rule it came from."""
        return replace(self, severity=severity, rule=rule or self.rule, message=message or self.message)

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape: an absent side is a missing member, what does not apply is null."""
        shape: dict[str, Json] = {"aspect": self.aspect.value, "kind": self.kind.value, "key": self.key}
        if not isinstance(self.before, Absent):
            shape["before"] = self.before
        if not isinstance(self.after, Absent):
            shape["after"] = self.after
        shape |= {
            "before_line": self.before_line,
            "after_line": self.after_line,
            "severity": self.severity.word,
            "status": self.status.value,
            "rule": self.rule,
            "ref": self.ref,
        }
        if self.kind is Kind.MOVED:
            shape |= {"from": self.moved_from, "to": self.moved_to}
        if self.message is not None:
            shape["message"] = self.message
        return shape


def value_type(value: Side) -> str:
    """Return the JSON type of a value in one word: string, integer, number, boolean, null, object, array."""
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return "null"


def as_text(value: Json) -> str:
    """Return a value as one string: a string as it is, anything else as compact JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def worst_severity(changes: tuple[Change, ...]) -> Severity:
    """Return the severity of the worst change (`worst_change`)."""
    return worst_change(changes).severity


def worst_change(changes: tuple[Change, ...]) -> Change:
    """Return the change a drift shows: severity first, then unapproved > explained > expected > waived."""
    return max(changes, key=lambda change: (change.severity, STATUS_RANK[change.status]))
