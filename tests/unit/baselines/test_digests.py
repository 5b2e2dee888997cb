from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.baselines.digests import ABSENT, ItemDigests
from driftd.model.approved import Manifest, canonical_json
from driftd.model.item import shown_path
from driftd.model.item_table import ItemTable

DIGESTS = st.just(ABSENT) | st.binary(min_size=32, max_size=32).filter(any).map(lambda digest: f"sha256:{digest.hex()}")
PATHS = (
    st.binary(min_size=1, max_size=6).filter(lambda path: b"\0" not in path).map(lambda path: shown_path(b"/" + path))
)


@given(
    st.dictionaries(PATHS | st.text(st.characters(exclude_categories=["Cs"]), max_size=6), DIGESTS, max_size=20),
    st.text(max_size=6),
)
def test_the_digests_of_a_manifest_are_a_dictionary(items: dict[str, str], other: str) -> None:
    kept = ItemDigests.of(items)
    spelled = json.dumps(items, indent=1, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    assert (
        dict(ItemDigests.decode(json.dumps(items).encode())) == dict(ItemDigests.decode(spelled)) == dict(kept) == items
    )
    assert kept == items
    assert len(kept) == len(items)
    assert kept.get(other) == items.get(other)
    assert all(item in kept for item in items)


NAMES = PATHS | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(
    st.dictionaries(NAMES, DIGESTS, max_size=20),
    st.dictionaries(NAMES, st.none() | DIGESTS, max_size=20),
)
def test_revised_digests_are_a_dictionary_that_was_updated(
    items: dict[str, str], changes: dict[str, str | None]
) -> None:
    kept = ItemDigests.of(items)
    revised = kept.revised(changes.items())
    expected = {item: digest for item, digest in (items | changes).items() if digest is not None}
    assert dict(revised) == dict(revised.pairs()) == expected
    assert dict(kept) == items
    named = list(kept.differing(revised))
    assert len(named) == len(set(named))
    assert set(named) == {item for item in items | changes if items.get(item) != expected.get(item)}
    assert set(named) == set(revised.differing(kept))


@given(st.dictionaries(NAMES, DIGESTS, max_size=20), st.text(max_size=4), st.none() | st.text(max_size=4))
def test_a_manifest_in_pieces_is_its_canonical_json(items: dict[str, str], text: str, ticket: str | None) -> None:
    manifest = Manifest(3, ItemDigests.of(items), None, text, text, '"items": {}' + text, ticket)
    assert b"".join(manifest.canonical()) == canonical_json(manifest.to_json())


def test_names_that_no_path_is_shown_as_are_not_taken_for_that_path() -> None:
    items = {"/etc/a\\x41": "sha256:" + "1" * 64, "/etc/aA": "sha256:" + "2" * 64, "/etc/\\zz": ABSENT, "sshd": ABSENT}
    assert dict(ItemDigests.of(items)) == items


def test_of_an_item_that_a_manifest_names_twice_the_last_counts() -> None:
    first, last = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    content = f'{{"/a/b": "{first}", "/a/c": "{first}", "/a/b": "{last}", "/d": "{first}", "/a/c": "absent"}}'
    assert dict(ItemDigests.decode(content.encode())) == {"/a/b": last, "/a/c": ABSENT, "/d": first}


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"a": "sha256:00"}',
        b'{"a": "absent"} x',
        b'{"a": {"b": "absent"}}',
        b'{"a": "ABSENT"}',
    ],
)
def test_what_is_no_digest_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        ItemDigests.decode(content)


def test_what_a_table_does_not_have_is_told_by_directory() -> None:
    items = ("/a/x", "/a/y", "/b/x", "/c", "command:one", "no path")
    digests = ItemDigests.of(dict.fromkeys(items, f"sha256:{'1' * 64}"))
    known = ItemTable(1)
    for item in ("/a/y", "/b/x", "/other"):
        known.put(item, b"1")
    beside = sorted(items for items in digests.beside(known) if items)
    assert beside == [["/a/x"], ["/c"], ["command:one", "no path"]]
    assert sorted(item for items in digests.beside(ItemTable(1)) for item in items) == sorted(digests)
