"""What is missing: found by directory, and forgotten once nothing stands open about it."""

from __future__ import annotations

from collections.abc import Collection

from driftd.daemon.missing import SPARE, Missing


class Below:
    """The items in one directory, and one by name."""

    named: Collection[str] = ("/etc/named", "/etc/settled")

    def holds(self, item: str) -> bool:
        raise AssertionError(f"not asked of each item: {item}")

    def holds_all_in(self, directory: str) -> bool:
        return directory == "/etc/d"


def test_what_is_missing_in_a_part_of_the_tree_is_named() -> None:
    standing = {"/etc/d/a", "/etc/d/b", "/etc/e/c", "/etc/named", "/root"}
    missing = Missing(standing.__contains__)
    for item in (*standing, "/etc/d/settled", "/etc/settled"):
        missing.add(item)
    assert sorted(missing.inside(Below())) == ["/etc/d/a", "/etc/d/b", "/etc/named"]
    assert set(missing) == standing
    assert len(missing) == len(standing)
    missing.discard("/etc/d/a")
    missing.discard("/etc/never")
    assert sorted(missing.inside(Below())) == ["/etc/d/b", "/etc/named"]
    assert "/root" in missing
    standing.clear()
    assert list(missing) == []
    assert "/root" not in missing
    assert len(missing) == 0


def test_items_that_come_and_go_do_not_pile_up() -> None:
    missing = Missing(lambda item: item == "/tmp/0")
    for number in range(3 * SPARE):
        missing.add(f"/tmp/{number}")
        missing.sort_out(1)
        assert len(missing) <= SPARE + 2
    assert list(missing) == ["/tmp/0"]
