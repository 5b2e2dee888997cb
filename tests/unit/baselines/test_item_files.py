"""Every item has a file of its own, whatever its path is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.baselines.item_files import item_file
from driftd.model.item import shown_path


@pytest.mark.parametrize(
    ("path", "file"),
    [
        (b"/etc/ssh/sshd_config", "approved/etc/ssh/sshd_config.json"),
        (b"/etc/app.json", "approved/etc/app.json.json"),
        (b"/etc/app.json/x", "approved/etc/app%2Ejson/x.json"),
        (b"/etc/.hidden", "approved/etc/.hidden.json"),
        (b"/", "approved/%2F.json"),
        (b"/a/../b", "approved/a/%2E%2E/b.json"),
        (b"/a/..", "approved/a/%2E%2E.json"),
        (b"/100%", "approved/100%25.json"),
        (b"/caf\xe9", "approved/caf%E9.json"),
        ("/café".encode(), "approved/café.json"),
        (b"/a\\b\n", "approved/a%5Cb%0A.json"),
    ],
)
def test_the_tree_mirrors_the_host(path: bytes, file: str) -> None:
    assert "/".join(item_file(shown_path(path))) == file


def test_an_item_that_is_no_path_has_a_folder_no_path_can_have() -> None:
    assert item_file("sshd-effective") == ("approved", "%", "sshd-effective.json")
    assert item_file("command:sshd-effective") == ("approved", "%", "command", "sshd-effective.json")


def test_a_long_name_keeps_its_beginning_and_stays_its_own() -> None:
    first, second = (item_file("/etc/" + "a" * 254 + end) for end in "xy")
    assert first != second
    assert first[-1].startswith("a" * 160)
    assert len(first[-1].encode()) <= 255


def test_a_text_that_is_no_shown_path_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        item_file("/a\\xzz")


SEGMENT = st.one_of(
    st.sampled_from([b"a", b"a.json", b"..", b".", b"%", b"%2E", b"%2Ejson", b"\xff", b"%FF", b"a" * 255, b"%" * 255]),
    st.binary(min_size=1, max_size=255).map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"_")),
)
PATH = st.lists(SEGMENT, min_size=1, max_size=16).map(lambda parts: b"/" + b"/".join(parts))


@given(PATH, PATH)
def test_no_two_items_share_a_file(one: bytes, other: bytes) -> None:
    assert (item_file(shown_path(one)) == item_file(shown_path(other))) == (one == other)


@given(PATH, PATH)
def test_no_items_file_is_a_folder_of_another(one: bytes, other: bytes) -> None:
    first, second = item_file(shown_path(one)), item_file(shown_path(other))
    assert second[: len(first)] != first or first == second


@given(PATH)
def test_every_name_fits_the_file_system_and_stays_below_the_layer(path: bytes) -> None:
    parts = item_file(shown_path(path))
    assert parts[0] == "approved"
    assert parts[-1].endswith(".json")
    assert len("/".join(parts).encode()) <= 1100
    for part in parts:
        assert part not in ("", ".", "..")
        assert "/" not in part
        assert len(part.encode()) <= 255


def test_the_longest_path_there_can_be_can_be_written(tmp_path: Path) -> None:
    longest = b"/" + b"/".join([b"\xff" * 255] * 15)
    file = tmp_path.joinpath(*item_file(shown_path(longest)))
    file.parent.mkdir(parents=True)
    file.write_bytes(b"{}")
    assert os.path.getsize(file) == 2
