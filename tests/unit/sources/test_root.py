from __future__ import annotations

import os
from pathlib import Path

import pytest

from driftd.model.item import ItemType
from driftd.sources.root import MAX_LINKS, Root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("outside")
    root = tmp_path / "root"
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr" / "bin" / "ls").write_text("inside")
    (root / "etc").mkdir()
    (root / "bin").symlink_to("usr/bin")
    return root


def root_of(tree: Path) -> Root:
    return Root(os.fsencode(tree))


def read(root: Root, path: bytes) -> bytes:
    fd = root.open(root.resolve(path).path)
    with os.fdopen(fd, "rb") as file:
        return file.read()


def test_a_path_through_a_linked_directory_leads_to_the_file_and_names_the_link(tree: Path) -> None:
    found = root_of(tree).resolve(b"/bin/ls")
    assert found.path == b"/usr/bin/ls"
    assert found.links == (b"/bin",)
    assert found.facts.type is ItemType.FILE


def test_an_absolute_target_starts_at_the_root(tree: Path) -> None:
    (tree / "etc" / "tool").symlink_to("/usr/bin/ls")
    assert read(root_of(tree), b"/etc/tool") == b"inside"


@pytest.mark.parametrize("target", ["../../outside/secret", "../" * 30 + "outside/secret", "/../outside/secret"])
def test_no_link_leads_out_of_the_root(tree: Path, target: str) -> None:
    (tree / "etc" / "escape").symlink_to(target)
    with pytest.raises(FileNotFoundError):
        root_of(tree).resolve(b"/etc/escape")


def test_dots_in_a_path_stop_at_the_root(tree: Path) -> None:
    assert root_of(tree).resolve(b"/../../usr/./bin/../bin/ls").path == b"/usr/bin/ls"


def test_a_target_with_dots_means_the_parent_of_where_the_link_leads(tree: Path) -> None:
    (tree / "usr" / "hosts").write_text("of usr")
    assert read(root_of(tree), b"/bin/../hosts") == b"of usr"


def test_a_directory_swapped_for_a_link_out_is_not_entered_when_opening(tree: Path) -> None:
    root = root_of(tree)
    place = root.resolve(b"/usr/bin/ls").path
    (tree / "usr" / "bin").rename(tree / "usr" / "moved")
    (tree.parent / "outside" / "ls").write_text("outside")
    (tree / "usr" / "bin").symlink_to(tree.parent / "outside")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        root.open(place)


def test_a_file_swapped_for_a_link_is_not_followed_when_opening(tree: Path) -> None:
    for root in (root_of(tree), Root()):
        place = os.fsencode(tree / "etc/x") if root.is_machine else b"/etc/x"
        (tree / "etc/x").unlink(missing_ok=True)
        (tree / "etc/x").symlink_to(tree.parent / "outside" / "secret")
        with pytest.raises(OSError, match="Too many levels"):
            root.open(place)


def test_forty_links_are_followed_and_not_one_more(tree: Path) -> None:
    (tree / "etc" / "l0").symlink_to("/usr/bin/ls")
    for index in range(1, MAX_LINKS + 1):
        (tree / "etc" / f"l{index}").symlink_to(f"l{index - 1}")
    root = root_of(tree)
    assert len(root.resolve(b"/etc/l39").links) == MAX_LINKS
    with pytest.raises(OSError, match="Too many levels"):
        root.resolve(b"/etc/l40")


def test_a_loop_of_links_ends(tree: Path) -> None:
    (tree / "etc" / "a").symlink_to("b")
    (tree / "etc" / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels"):
        root_of(tree).resolve(b"/etc/a")


def test_a_file_is_no_directory_on_the_way(tree: Path) -> None:
    with pytest.raises(NotADirectoryError):
        root_of(tree).resolve(b"/usr/bin/ls/x")
    with pytest.raises(NotADirectoryError):
        root_of(tree).resolve(b"/usr/bin/ls/..")


def test_lstat_and_readlink_see_the_link_itself(tree: Path) -> None:
    (tree / "usr" / "bin" / "dir").symlink_to("ls")
    root = root_of(tree)
    assert root.lstat(b"/bin/dir").type is ItemType.LINK
    assert root.readlink(b"/bin/dir") == b"ls"
    assert root.stat(b"/bin/dir").type is ItemType.FILE
    assert root.lstat(b"/").type is ItemType.DIRECTORY


def test_the_kept_parent_is_noticed_to_have_moved(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    (tmp_path / "current").symlink_to("one")
    root = Root()
    path = os.fsencode(tmp_path / "current" / "f")
    assert root.parent(path).path == os.fsencode(tmp_path / "one")
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("two")
    assert root.parent(path).path == os.fsencode(tmp_path / "two")


def test_names_of_users_are_those_of_the_root(tree: Path) -> None:
    now = [0.0]
    root = Root(os.fsencode(tree), monotonic=lambda: now[0])
    assert root.user_name(4711) == "4711"
    (tree / "etc" / "passwd").write_text("alice:x:4711:4711::/:/bin/sh\nalias:x:4711:1::/:/bin/sh\nbroken\nx:y:z:\n")
    (tree / "etc" / "group").write_text("staff:x:4711:\n")
    assert root.user_name(4711) == "alice"
    assert root.group_name(4711) == "staff"
    assert root.user_name(0) == "0"


def test_a_changed_passwd_counts_at_once_for_new_users_and_soon_for_all(tree: Path) -> None:
    now = [0.0]
    root = Root(os.fsencode(tree), monotonic=lambda: now[0])
    passwd = tree / "etc" / "passwd"
    passwd.write_text("alice:x:4711:4711::/:/bin/sh\n")
    assert root.user_name(4711) == "alice"
    with passwd.open("a") as file:
        file.write("app:x:4712:4712::/:/bin/sh\n")
    assert root.user_name(4712) == "app"
    passwd.write_text("bob:x:4711:4711::/:/bin/sh\n")
    now[0] += 1
    assert root.user_name(4711) == "bob"
    passwd.unlink()
    now[0] += 1
    assert root.user_name(4711) == "4711"


def test_a_passwd_that_leads_out_of_the_root_gives_no_names(tree: Path) -> None:
    (tree.parent / "outside" / "passwd").write_text("mallory:x:0:0::/:/bin/sh\n")
    (tree / "etc" / "passwd").symlink_to("../../outside/passwd")
    assert root_of(tree).user_name(0) == "0"


def test_a_fifo_as_passwd_is_not_opened(tree: Path) -> None:
    os.mkfifo(tree / "etc" / "passwd")
    assert root_of(tree).user_name(0) == "0"


def test_where_a_path_stands_on_this_machine(tree: Path) -> None:
    root = root_of(tree)
    assert root.host_path(b"/bin/ls") == os.fsencode(tree / "usr/bin/ls")
    assert root.on_host(b"/") == os.fsencode(tree)
    assert Root().on_host(b"/") == b"/"
    assert Root().on_host(b"/etc") == b"/etc"


def test_a_listing_tells_directories_and_links_apart(tree: Path) -> None:
    (tree / "etc" / os.fsdecode(b"\xff\n")).write_text("")
    (tree / "etc" / "d").mkdir()
    (tree / "etc" / "l").symlink_to("d")
    entries = {entry.name: (entry.is_directory, entry.is_link) for entry in root_of(tree).list_directory(b"/etc")}
    assert entries == {b"\xff\n": (False, False), b"d": (True, False), b"l": (False, True)}
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        root_of(tree).list_directory(b"/bin")


def test_reading_leaves_the_access_time_alone(tree: Path) -> None:
    file = tree / "usr" / "bin" / "ls"
    os.utime(file, (1, file.stat().st_mtime))
    assert read(root_of(tree), b"/usr/bin/ls") == b"inside"
    assert file.stat().st_atime == 1
