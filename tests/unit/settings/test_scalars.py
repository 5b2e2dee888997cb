"""Durations, schedules, file modes and time zones as people write them."""

from __future__ import annotations

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from driftd.settings.scalars import Cron, Duration, FileMode, Rate, Size, TimeZone


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("15m", 900), ("1h30m", 5400), ("7d", 604800), ("0s", 0), ("1.5s", 1.5), ("2w", 1209600)],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert Duration.from_text(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "15 m", "m", "-5s", "30m1h", "5s5s", "1y", "15M", "1h 30m", "1e3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        Duration.from_text(text)


@given(st.integers(0, 10**10))
def test_a_duration_is_spelled_so_that_it_reads_back(milliseconds: int) -> None:
    assert round(Duration.from_text(str(Duration(milliseconds / 1000))) * 1000) == milliseconds


@pytest.mark.parametrize(
    ("text", "size"), [("64KiB", 65536), ("512MiB", 1 << 29), ("1.5GiB", 3 << 29), ("1TiB", 1 << 40), ("0KiB", 0)]
)
def test_a_size_is_read_as_bytes(text: str, size: int) -> None:
    assert Size.from_text(text) == size


@pytest.mark.parametrize("text", ["", "512", "512 MiB", "512MB", "512mib", "-1MiB", "MiB", "1GiB512MiB", "1e3KiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        Size.from_text(text)


@given(st.integers(1, 1 << 32))
def test_a_size_is_spelled_so_that_it_reads_back(kibibytes: int) -> None:
    assert Size.from_text(str(Size(kibibytes << 10))) == kibibytes << 10


def test_a_rate_is_bytes_a_second() -> None:
    assert Rate.from_text("50MiB/s") == Rate.from_text("50MiB") == 50 << 20
    assert str(Rate(50 << 20)) == "50MiB/s"
    for text in ("50", "50MiB/m", "50MiB/s/s", "/s", ""):
        with pytest.raises(ValueError, match="50MiB/s"):
            Rate.from_text(text)


@pytest.mark.parametrize(("text", "mode"), [("0640", 0o640), ("600", 0o600)])
def test_a_file_mode_is_octal(text: str, mode: int) -> None:
    assert FileMode.from_text(text) == mode


@pytest.mark.parametrize("text", ["416", "0o640", "0648", "64", "07777", "rw-r-----"][1:])
def test_what_is_no_file_mode_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="octal"):
        FileMode.from_text(text)


def test_time_zones_are_those_of_the_tz_database() -> None:
    assert TimeZone.from_text("UTC") == "UTC"
    assert TimeZone.from_text("Europe/Berlin") == "Europe/Berlin"
    for wrong in ("Europe/Atlantis", "../etc/passwd", "Europe", ""):
        with pytest.raises(ValueError, match="time zone"):
            TimeZone.from_text(wrong)


ACCEPTED = [
    "0 3 * * *",
    "*/15 * * * *",
    "0 0 1,15 * *",
    "0 3 * * mon-fri",
    "5-55/10 1 * jan,JUL *",
    "0 0 29 2 *",
    "0  3\t* * *",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_schedule_that_is_accepted_is_one_for_the_scheduler(text: str) -> None:
    CronTrigger.from_crontab(Cron.from_text(text), timezone="UTC")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0 3 * *", "five fields"),
        ("0 3 * * * *", "five fields"),
        ("60 3 * * *", "minute '60': outside 0 to 59"),
        ("0 24 * * *", "hour '24'"),
        ("0 3 0 * *", "day '0'"),
        ("0 3 * 13 *", "month '13'"),
        ("0 3 * * 0", "write one of mon, tue"),
        ("0 3 * * 1-5", "write one of mon, tue"),
        ("0 3 * * fri-mon", "backwards"),
        ("*/90 * * * *", "step"),
        ("*/0 * * * *", "step"),
        ("0 3 31 2,4 *", "never run"),
        ("x 3 * * *", "minute 'x'"),
        ("@daily", "five fields"),
        ("1,,2 * * * *", "minute ''"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused_with_the_field(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Cron.from_text(text)


FIELD = st.from_regex(r"(\*|\d{1,2}(-\d{1,2})?)(/\d{1,2})?(,\d{1,2})?", fullmatch=True)


@given(st.tuples(FIELD, FIELD, FIELD, FIELD).map(lambda fields: " ".join(fields) + " *"))
def test_nothing_is_accepted_that_the_scheduler_refuses(text: str) -> None:
    try:
        accepted = Cron.from_text(text)
    except ValueError:
        return
    CronTrigger.from_crontab(accepted, timezone="UTC")
