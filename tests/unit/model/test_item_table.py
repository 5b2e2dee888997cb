from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.model import item_table
from driftd.model.item import shown_path
from driftd.model.item_table import ItemTable, split_item


def test_items_keep_their_records_whatever_comes_and_goes_beside_them() -> None:
    table = ItemTable(2, 1)
    for item in ("/etc/a", "/etc/ab", "/etc/b", "/etc/d/a", "/"):
        table.put(item, item.encode()[-2:].rjust(2, b"."), item.encode()[-1:])
    table.put("/etc/ab", b"xy", b"z")
    table.discard("/etc/a")
    table.discard("/etc/never")
    table.discard("/nowhere/a")
    assert set(table) == {"/etc/ab", "/etc/b", "/etc/d/a", "/"}
    assert len(table) == 4
    assert (table.get("/etc/ab"), table.get("/etc/ab", 1)) == (b"xy", b"z")
    assert (table.get("/etc/b"), table.get("/etc/d/a"), table.get("/")) == (b"/b", b"/a", b"./")
    assert (table.get("/etc/a"), table.get("/etc/d")) == (None, None)
    assert "/etc/a" not in table
    assert "/etc/b" in table


def test_an_item_that_is_no_path_is_not_the_path_of_that_name() -> None:
    table = ItemTable(1)
    table.put("sshd-effective", b"1")
    table.put("/sshd-effective", b"2")
    assert (table.get("sshd-effective"), table.get("/sshd-effective")) == (b"1", b"2")
    assert split_item("sshd-effective") == (b"", b"sshd-effective")
    assert split_item("/") == (b"/", b"")


def test_what_changed_is_told_once_by_directory() -> None:
    table = ItemTable(1)
    table.put("/etc/a", b"1")
    table.put("/srv/a", b"1")
    assert table.take_touched() == {b"/etc/", b"/srv/"}
    table.put("/etc/a", b"1")
    assert table.take_touched() == set()
    table.discard("/srv/a")
    assert table.shelf(b"/srv/") is None
    assert table.take_touched() == {b"/srv/"}
    table.overwrite(0, b"0")
    assert table.get("/etc/a") == b"0"
    assert table.take_touched() == {b"/etc/"}


def test_names_are_another_object_whenever_one_comes_or_goes() -> None:
    table = ItemTable(1)
    table.put("/etc/a", b"1")
    shelf = table.shelf(b"/etc/")
    assert shelf is not None
    before = shelf.names
    table.put("/etc/a", b"2")
    assert shelf.names is before
    table.put("/etc/b", b"1")
    table.discard("/etc/a")
    table.put("/etc/a", b"1")
    assert shelf.names is not before


def test_a_shelf_can_be_put_up_as_it_was_taken_down() -> None:
    table, other = ItemTable(1), ItemTable(1)
    for name in ("a", "b", "c"):
        table.put(f"/etc/{name}", name.encode())
    shelf = table.shelf(b"/etc/")
    assert shelf is not None
    for _ in range(2):
        other.add_shelf(b"/etc/", shelf.names, shelf.columns)
    assert {item: other.get(item) for item in other} == {item: table.get(item) for item in table}
    assert len(other) == 3
    other.remove_shelf(b"/etc/")
    assert (len(other), list(other)) == (0, [])


NAMES = st.binary(min_size=1, max_size=3).filter(lambda name: b"\0" not in name and b"/" not in name)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: shown_path(b"/" + b"/".join(names)))


@pytest.mark.parametrize("large", [0, 20_000])
@given(steps=st.lists(st.tuples(PATHS, st.none() | st.binary(min_size=2, max_size=2)), max_size=30))
def test_a_table_is_a_dictionary(large: int, steps: list[tuple[str, bytes | None]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_table, "_LARGE", large)
        table = ItemTable(2)
        expected: dict[str, bytes] = {}
        for item, record in steps:
            if record is None:
                table.discard(item)
                expected.pop(item, None)
            else:
                table.put(item, record)
                expected[item] = record
            assert table.get(item) == expected.get(item)
        assert {item: table.get(item) for item in table} == expected
        assert len(table) == len(expected)
