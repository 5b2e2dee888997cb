"""Values of settings that have a spelling of their own: durations, sizes, schedules, file modes, time zones."""

from __future__ import annotations

import re
from typing import ClassVar, Final, Self
from zoneinfo import ZoneInfo

LONGEST: Final = 36_500 * 86_400
"""Seconds of a hundred years; more can be neither waited for nor taken from a date."""
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class Duration(float):
    """Seconds, written `250ms`, `15m`, `1h30m` or `7d`."""

    noun: ClassVar[str] = "a duration"
    wanted: ClassVar[str] = "a duration such as 250ms, 15m, 1h30m or 7d"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the seconds that a spelling means; ValueError where it is none."""
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"write {cls.wanted}")
        units = [_UNITS[unit] for _, unit in parts]
        if units != sorted(set(units), reverse=True):
            raise ValueError("write each unit once, the largest first: 1h30m")
        seconds = cls(sum(float(number) * size for (number, _), size in zip(parts, units, strict=True)))
        if seconds > LONGEST:
            raise ValueError(f"too long: at most {cls(LONGEST)}")
        return seconds

    def __str__(self) -> str:
        left = round(self * 1000)
        out = []
        for unit in ("d", "h", "m", "s", "ms"):
            count, left = divmod(left, round(_UNITS[unit] * 1000))
            out += [f"{count}{unit}"] if count else []
        return "".join(out) or "0s"


_SIZES: Final = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}


class Size(int):
    """Bytes, written `64KiB`, `512MiB` or `1.5GiB`."""

    noun: ClassVar[str] = "a size"
    wanted: ClassVar[str] = "a size such as 64KiB, 512MiB or 1GiB"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the bytes that a spelling means; ValueError where it is none."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(KiB|MiB|GiB|TiB)", text)
        if found is None:
            raise ValueError(f"write {cls.wanted}")
        return cls(float(found[1]) * _SIZES[found[2]])

    def __str__(self) -> str:
        unit = next((unit for unit, size in _SIZES.items() if self and self % size == 0), None)
        return f"{int(self)}B" if unit is None else f"{self // _SIZES[unit]}{unit}"


class Rate(Size):
    """Bytes a second, written `50MiB/s`; or `50MiB`."""

    noun: ClassVar[str] = "a rate"
    wanted: ClassVar[str] = "a rate such as 512KiB/s, 50MiB/s or 1GiB/s"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the bytes a second that a spelling means; ValueError where it is none."""
        return super().from_text(text.removesuffix("/s"))

    def __str__(self) -> str:
        return f"{super().__str__()}/s"


class FileMode(int):
    """Permission bits of a file, written in octal: `0640`."""

    noun: ClassVar[str] = "a file mode"
    wanted: ClassVar[str] = "permission bits in octal such as 0640"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the bits that three or four octal digits mean; ValueError where it is no such thing."""
        if not re.fullmatch(r"0?[0-7]{3}", text):
            raise ValueError(f"write {cls.wanted}")
        return cls(int(text, 8))

    def __str__(self) -> str:
        return f"{self:04o}"


class TimeZone(str):
    """Name of a time zone of the tz database: `UTC`, `Europe/Berlin`."""

    __slots__ = ()
    noun: ClassVar[str] = "a time zone"
    wanted: ClassVar[str] = "the name of a time zone such as UTC or Europe/Berlin"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the name if this machine knows the zone, else raise ValueError."""
        if text != "UTC":  # always there, even where no tz database is installed
            try:
                ZoneInfo(text)
            except (ValueError, OSError, KeyError):
                raise ValueError(f"write {cls.wanted}, one that this machine's tz database has") from None
        return cls(text)


_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _WEEKDAYS),
)
_TERM = re.compile(r"(?:(?P<all>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


class Cron(str):
    """A schedule in crontab's five fields: minute, hour, day, month, weekday (by name)."""

    __slots__ = ()
    noun: ClassVar[str] = "a schedule"
    wanted: ClassVar[str] = 'five fields of crontab such as "0 3 * * *"'

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the schedule; ValueError says which field is wrong.

        Weekdays are names alone: crontab counts from Sunday, the scheduler from Monday, and a deep audit on the wrong day
        is a mistake nobody notices.
        """
        words = text.lower().split()
        if len(words) != len(_FIELDS):
            raise ValueError(f"write {cls.wanted}")
        _, _, days, months, _ = (_members(word, *field) for word, field in zip(words, _FIELDS, strict=True))
        if all(min(days) > _LONGEST[month - 1] for month in months):
            raise ValueError("there is no such day: it would never run")
        return cls(" ".join(words))


def _members(word: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> set[int]:
    members: set[int] = set()
    for part in word.split(","):
        term = _TERM.fullmatch(part)
        if term is None:
            raise ValueError(f"{name} {part!r}: write *, a value, a range such as 1-5, or */5")
        first, last = lowest, highest
        if term["all"] is None:
            first = _number(term["first"], name, lowest, names)
            last = _number(term["last"], name, lowest, names) if term["last"] else first
            if term["step"] and not term["last"]:
                last = highest
        step = int(term["step"] or 1)
        if not lowest <= first <= last <= highest:
            raise ValueError(f"{name} {part!r}: outside {lowest} to {highest}, or backwards")
        if not 1 <= step <= max(last - first, 1):
            raise ValueError(f"{name} {part!r}: the step does not fit the range")
        members |= set(range(first, last + 1, step))
    return members


def _number(word: str, name: str, lowest: int, names: tuple[str, ...]) -> int:
    if word in names:
        return names.index(word) + lowest
    if name == "weekday" or not word.isdecimal():
        raise ValueError(f"{name} {word!r}: write " + (f"one of {', '.join(names)}" if names else "a number"))
    return int(word)
