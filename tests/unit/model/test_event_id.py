from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.model.event_id import RANDOM_BYTES, uuid7

moments = st.integers(0, 250_000_000_000_000_000).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
randoms = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


def test_the_example_of_rfc_9562_has_its_time_in_front() -> None:
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert uuid7(moment, bytes.fromhex("18c4dc0c0c07398f")).startswith("017f22e2-79b0-7000-98c4-dc0c0c07398f")


@given(moments, randoms)
def test_every_id_is_a_uuid_of_version_7(moment: datetime, random: bytes) -> None:
    identity = UUID(uuid7(moment, random))
    assert (identity.version, identity.variant) == (7, "specified in RFC 4122")


@given(moments, randoms, randoms, st.integers(1, 10**9))
def test_ids_sort_by_the_microsecond_they_were_made_in(moment: datetime, one: bytes, other: bytes, later: int) -> None:
    assert uuid7(moment, one) < uuid7(moment + timedelta(microseconds=later), other)


def test_the_wrong_number_of_random_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="8 random bytes"):
        uuid7(datetime.now(UTC), b"short")
