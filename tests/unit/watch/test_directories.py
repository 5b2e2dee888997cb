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


def test_a_tree_is_all_below_a_directory_and_nothing_beside_it() -> None:
    table = directories(b"/a", b"/a/b", b"/a/b/c", b"/a-1", b"/a0", b"/ab", b"/a/\xff")
    assert [path for path, _ in table.tree(b"/a")] == [b"/a/\xff", b"/a/b/c", b"/a/b", b"/a"]


def test_a_popped_directory_is_in_no_tree() -> None:
    table = directories(b"/a", b"/a/b", b"/a/c")
    assert table.pop(b"/a/b") == "b'/a/b'"
    assert [path for path, _ in table.tree(b"/a")] == [b"/a/c", b"/a"]
    assert list(table) == [b"/a", b"/a/c"]
    assert len(table) == 2


def test_a_tree_is_found_though_its_top_is_not_watched() -> None:
    assert directories(b"/a/b", b"/c").tree(b"/a") == [(b"/a/b", "b'/a/b'")]


def test_everything_is_below_the_root() -> None:
    assert [path for path, _ in directories(b"/", b"/a").tree(b"/")] == [b"/a", b"/"]
