from __future__ import annotations

from driftd.watch.directories import Directories


def directories(*paths: bytes) -> Directories[str]:
    table: Directories[str] = Directories()
    for path in paths:
        assert table.put(path, repr(path)) is None
    return table


def test_putting_again_returns_what_was_there() -> None:
    table = directories(b"/etc")
    assert table.put(b"/etc", "new") == "b'/etc'"
    assert table.get(b"/etc") == "new"
    assert list(table) == [b"/etc"]


def test_popping_an_unknown_directory_is_fine() -> None:
    assert directories(b"/etc").pop(b"/usr") is None


def test_a_tree_goes_with_all_below_it_and_nothing_beside_it() -> None:
    table = directories(b"/a", b"/a/b", b"/a/b/c", b"/a-1", b"/a0", b"/ab", b"/a/\xff")
    assert [path for path, _ in table.pop_tree(b"/a")] == [b"/a/\xff", b"/a/b/c", b"/a/b", b"/a"]
    assert list(table) == [b"/a-1", b"/a0", b"/ab"]
    assert len(table) == 3


def test_a_tree_goes_though_its_top_was_not_watched() -> None:
    table = directories(b"/a/b", b"/c")
    assert table.pop_tree(b"/a") == [(b"/a/b", "b'/a/b'")]
    assert list(table) == [b"/c"]


def test_everything_is_below_the_root() -> None:
    table = directories(b"/", b"/a")
    assert [path for path, _ in table.pop_tree(b"/")] == [b"/a", b"/"]
    assert list(table) == []
