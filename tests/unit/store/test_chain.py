from __future__ import annotations

import hashlib
import json
import re
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from driftd.model.document import Json
from driftd.model.event import Action
from driftd.store.chain import FIRST, UnfitEventError, canonical, decode, link, stamp
from tests.unit.store.made import drift, heartbeat, opened

SAFE = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-SAFE, SAFE) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=30)


@given(values)
def test_canonical_bytes_are_those_of_the_reference_library(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_names_that_sort_differently_as_utf_16_are_sorted_as_rfc_8785_says() -> None:
    value: Json = {"\U0001f600": 1, "\ufb33": 2}
    assert canonical(value) == rfc8785.dumps(value)
    assert list(decode_members(canonical(value))) == ["\U0001f600", "\ufb33"]


def decode_members(data: bytes) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(data)
    return members


@pytest.mark.parametrize(
    "value",
    [1.5, [{"a": 1.0}], {"é": 1.5}, float("nan"), 2**53, -(2**53), "\ud800", {"\ud800": 1}, b"x", {1: 2}, {1, 2}],
    ids=repr,
)
def test_what_an_event_cannot_say_exactly_is_refused(value: Any) -> None:
    with pytest.raises(UnfitEventError):
        canonical({"driftd": value})


def test_enumerations_are_spelled_as_their_values() -> None:
    class Word(StrEnum):
        A = "a"

    class Number(IntEnum):
        ONE = 1

    assert canonical({"word": Word.A, "number": Number.ONE}) == b'{"number":1,"word":"a"}'


def test_the_chain_value_is_computable_from_the_documentation_alone() -> None:
    recorded, value = stamp(heartbeat(), 1, FIRST)
    body: dict[str, Any] = {**recorded}
    body["driftd"] = {name: member for name, member in body["driftd"].items() if name != "chain"}
    assert value == "sha256:" + hashlib.sha256(b"" + rfc8785.dumps(body)).hexdigest()
    following, second = stamp(heartbeat(), 2, value)
    body = {**following, "driftd": {"severity": "info", "number": 0}}
    assert second == "sha256:" + hashlib.sha256(value.encode() + rfc8785.dumps(body)).hexdigest()


def test_stamping_leaves_the_event_it_was_given_alone() -> None:
    given_event = heartbeat()
    recorded, value = stamp(given_event, 7, FIRST)
    assert given_event == heartbeat()
    assert recorded["event"] == {**_members(given_event, "event"), "sequence": 7}
    assert recorded["driftd"] == {**_members(given_event, "driftd"), "chain": value}


def test_an_opened_drift_gets_its_own_sequence_as_episode_and_an_updated_one_keeps_its() -> None:
    assert _members(stamp(drift(), 42, FIRST)[0], "driftd")["episode"] == 42
    updated = drift(Action.DRIFT_UPDATED, episode=42)
    assert _members(stamp(updated, 43, FIRST)[0], "driftd")["episode"] == 42


def _members(event: dict[str, Any], name: str) -> dict[str, Any]:
    members: dict[str, Any] = event[name]
    return members


@given(values, values)
def test_a_different_event_has_a_different_chain_value(one: Any, other: Any) -> None:
    first, second = (link(FIRST, {"driftd": {"value": value}}) for value in (one, other))
    assert (first == second) == (rfc8785.dumps(one) == rfc8785.dumps(other))


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"event":{},"driftd":{}}', b"\xff", b"[" * 9999, b"null"])
def test_what_is_no_recorded_event_is_not_decoded(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not JSON|not a recorded event|utf-8"):
        decode(line)


def test_an_event_without_its_namespace_cannot_be_stamped() -> None:
    with pytest.raises(UnfitEventError, match="without"):
        stamp({"event": {"action": "x"}}, 1, FIRST)


def test_the_program_in_the_reference_checks_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "journal.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    journal = opened(tmp_path)
    journal.append([heartbeat(), drift(), heartbeat()])
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"json": json, "hashlib": hashlib, "rfc8785": rfc8785, "open": lines_of}
    exec(program, names)
    assert names["previous"] == journal.head


def lines_of(name: str, mode: str) -> list[bytes]:
    assert mode == "rb"
    return Path(name).read_bytes().splitlines(keepends=True)
