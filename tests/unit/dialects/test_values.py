"""Values that a program takes for the same are one; all others stay what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.dialects.values import Booleans, Quantities, Text, Words, integer, octal
from driftd.model.document import Scalar

TIME = Quantities({"": 1000, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000})
SIZE = Quantities({"": 1, "k": 1024, "m": 1 << 20}, ignore_case=True)
ON_OFF = Booleans(frozenset({"on", "yes", "1"}), frozenset({"off", "no", "0"}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30s", 30_000),
        ("30000ms", 30_000),
        ("30", 30_000),
        (30, 30_000),
        ("1h 30m", "1h 30m"),
        ("75 20", "75 20"),
        ("010", "010"),
        ("0.010s", 10),
        ("1h30m", 5_400_000),
        ("0.5s", 500),
        ("1.5ms", "3/2"),
        ("-1", -1_000),
        ("+5s", 5_000),
        ("off", "off"),
        ("30S", "30S"),
        ("30 parsecs", "30 parsecs"),
        ("s", "s"),
        ("--5", "--5"),
        ("", ""),
        ("-", "-"),
        ("1" * 80, "1" * 80),
        (True, True),
        (None, None),
    ],
)
def test_durations_are_numbers_of_the_smallest_unit(value: Scalar, expected: Scalar) -> None:
    assert repr(TIME(value)) == repr(expected)


@pytest.mark.parametrize(
    ("value", "expected"), [("1h 30m", 5_400_000), ("30 s", 30_000), ("1h 5", "1h 5"), ("5 1h", "5 1h")]
)
def test_blanks_stand_between_the_parts_of_a_duration_where_the_program_allows_them(
    value: str, expected: Scalar
) -> None:
    assert Quantities(TIME.units, between=" ")(value) == expected


def test_units_may_ignore_their_case() -> None:
    assert SIZE("1M") == SIZE("1m") == SIZE("1024K") == 1 << 20
    assert SIZE("1G") == "1G"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("ON", True), ("yes", True), (1, True), ("No", False), ("maybe", "maybe"), (True, True), (None, None), (2, 2)],
)
def test_words_for_on_and_off_are_switches(value: Scalar, expected: Scalar) -> None:
    assert repr(ON_OFF(value)) == repr(expected)


def test_words_are_a_list_or_a_set() -> None:
    assert Words(", ", ordered=True)("b,  a ,b") == "b,a,b"
    assert Words(", ", ordered=False)("b,  a ,b") == "a,b"
    assert Words(" ", ordered=False, each=Text(ignore_case=True))("B a") == "a b"
    assert Words(" ", ordered=False)(7) == 7
    assert Words(",", ordered=False)("b, a") == " a,b"
    assert Words(",", ordered=False, blanks=True)("b, a ") == "a,b"


def test_the_order_of_a_set_counts_where_one_word_changes_another() -> None:
    options = Words(",", ordered=False, key_ends="=")
    assert options("b,a=1") == "a=1,b"
    assert options("a=2,a=1") == "a=2,a=1"
    assert Words(" ", ordered=False)("b !a") == "b !a"


def test_words_may_mean_the_same() -> None:
    login = Text(ignore_case=True, same={"without-password": "prohibit-password"})
    assert login("Without-Password") == login("prohibit-password") == "prohibit-password"
    assert login(3) == 3


@pytest.mark.parametrize(("value", "expected"), [("0644", 420), ("644", 420), ("0o644", 420), ("0888", "0888"), (5, 5)])
def test_modes_are_octal(value: Scalar, expected: Scalar) -> None:
    assert octal(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("+07", 7), ("-0", 0), ("1e3", "1e3"), ("", ""), (True, True)])
def test_decimal_numbers_may_be_written_with_zeros(value: Scalar, expected: Scalar) -> None:
    assert repr(integer(value)) == repr(expected)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_no_value_is_refused(value: Scalar) -> None:
    for reading in (TIME, SIZE, ON_OFF, Words(", ", ordered=False), Text(ignore_case=True), integer, octal):
        assert isinstance(reading(value), str | int | float | bool | None)
