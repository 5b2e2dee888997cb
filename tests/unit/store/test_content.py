from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftd.secrets.fingerprint import SecretKeeper
from driftd.store.content import ContentStore

KEEPER = SecretKeeper(b"k" * 32)


def plain(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, reports: list[str]) -> ContentStore:
    return ContentStore(tmp_path / "content", KEEPER.digest, reports.append)


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "content").rglob("*") if path.is_file())


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=5000), keyed=st.booleans())
def test_bytes_come_back_under_the_digest_they_were_approved_with(
    store: ContentStore, reports: list[str], content: bytes, keyed: bool
) -> None:
    digest = KEEPER.digest(content) if keyed else plain(content)
    store.put(content, digest)
    store.put(content, digest)
    assert store.get(digest) == content
    assert reports == []


def test_many_are_kept_and_flushed_in_one_go(store: ContentStore, reports: list[str], tmp_path: Path) -> None:
    store.flush()  # nothing is kept yet
    contents = [f"x: {number}\n".encode() for number in range(50)]
    for content in [*contents, *contents]:
        store.put(content, plain(content), durable=False)
    store.flush()
    assert len(files(tmp_path)) == 50
    assert [store.get(plain(content)) for content in contents] == contents
    files(tmp_path)[0].write_bytes(b"")  # what a power cut before the flush may leave
    assert sum(store.get(plain(content)) is None for content in contents) == len(reports) == 1
    for content in contents:
        store.put(content, plain(content), durable=False)
    assert [store.get(plain(content)) for content in contents] == contents


def test_what_was_never_kept_is_not_there(store: ContentStore, reports: list[str]) -> None:
    assert store.get(plain(b"x")) is None
    assert reports == []


def test_names_and_modes_disclose_nothing(store: ContentStore, tmp_path: Path) -> None:
    content = b"password=hunter2\n"
    store.put(content, plain(content))
    (path,) = files(tmp_path)
    assert hashlib.sha256(content).hexdigest() not in str(path)
    assert KEEPER.digest(content).rpartition(":")[2] not in str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(directory.stat().st_mode) for directory in (path.parent, path.parent.parent)} == {0o700}
    other = ContentStore(tmp_path / "content", SecretKeeper(b"o" * 32).digest, print)
    assert other.get(plain(content)) is None, "another key has other names"


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "exchanged"])
def test_damaged_content_is_reported_and_not_returned_and_can_be_put_again(
    store: ContentStore, tmp_path: Path, reports: list[str], damage: str
) -> None:
    content = bytes(range(256)) * 40
    store.put(content, plain(content))
    (path,) = files(tmp_path)
    packed = path.read_bytes()
    match damage:
        case "flipped":
            path.write_bytes(packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:])
        case "cut":
            path.write_bytes(packed[:-9])
        case "emptied":
            path.write_bytes(b"")
        case _:
            store.put(b"other", plain(b"other"))
            (other,) = (file for file in files(tmp_path) if file != path)
            path.write_bytes(other.read_bytes())
    assert store.get(plain(content)) is None
    assert [str(path) in report and "damaged" in report for report in reports] == [True]
    store.put(content, plain(content))
    assert store.get(plain(content)) == content


def test_keyed_content_of_another_item_is_not_taken_for_the_approved(store: ContentStore, tmp_path: Path) -> None:
    one, two = KEEPER.digest(b"one"), KEEPER.digest(b"two")
    store.put(b"one", one)
    (first,) = files(tmp_path)
    store.put(b"two", two)
    (second,) = (file for file in files(tmp_path) if file != first)
    second.write_bytes(first.read_bytes())
    assert store.get(two) is None


def test_what_nothing_refers_to_is_collected_with_what_an_interrupted_put_left(
    store: ContentStore, tmp_path: Path
) -> None:
    contents = [b"%d" % number for number in range(10)]
    for content in contents:
        store.put(content, plain(content))
    files(tmp_path)[0].with_suffix(".tmp-123").write_bytes(b"half")
    kept = {plain(content) for content in contents[:3]}
    assert store.collect(kept) == 8
    assert [store.get(plain(content)) for content in contents] == contents[:3] + [None] * 7
    assert store.collect(kept) == 0


def test_collecting_in_a_store_that_was_never_used_finds_nothing(store: ContentStore) -> None:
    assert store.collect([]) == 0


def test_everything_that_is_kept_whole_is_found_whatever_key_named_it(tmp_path: Path, store: ContentStore) -> None:
    other = ContentStore(tmp_path / "content", SecretKeeper(b"o" * 32).digest, lambda _: None)
    store.put(b"one", plain(b"one"))
    other.put(b"two", plain(b"two"))
    damaged = files(tmp_path)[0]
    assert sorted(store.contents()) == [b"one", b"two"]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert len(list(store.contents())) == 1
