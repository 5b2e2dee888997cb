"""Two directories side by side, with the real file system."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from driftd.cli.trees import Entry, content_in_tree, walk
from driftd.model.item import ItemType


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two empty directories."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    return tmp_path / "a", tmp_path / "b"


def told(before: Path, after: Path | None) -> dict[str, tuple[str, str]]:
    def word(entry: Entry, *, second: bool) -> str:
        side = entry.after if second else entry.before
        return "" if side is None else side.error or (side.type.value if side.type else "?")

    found = list(walk(str(before), str(after) if after else None))
    assert len({entry.path for entry in found}) == len(found)
    return {entry.path: (word(entry, second=False), word(entry, second=True)) for entry in found}


def test_paths_are_paired_and_sorted(trees: tuple[Path, Path]) -> None:
    a, b = trees
    for file in (a / "z", a / "d" / "x", b / "d" / "x", b / "d" / "y", b / "c"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    assert list(told(a, b).items()) == [
        ("c", ("", "file")),
        ("d/x", ("file", "file")),
        ("d/y", ("", "file")),
        ("z", ("file", "")),
    ]


def test_links_are_not_followed(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (a / "real").mkdir()
    (a / "real" / "f").write_text("x")
    (a / "link").symlink_to("real")
    (b / "link").symlink_to("/")
    assert told(a, b) == {"link": ("symlink", "symlink"), "real/f": ("file", "")}
    [entry] = [entry for entry in walk(str(a), str(b)) if entry.path == "link"]
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before.target, entry.after.target) == ("real", "/")


def test_another_type_is_told_and_what_was_below_it(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (a / "x").mkdir()
    (a / "x" / "f").write_text("x")
    (b / "x").write_text("x")
    assert told(a, b) == {"x": ("directory", "file"), "x/f": ("file", "")}


def test_of_directories_only_empty_ones_of_one_side_are_told(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (a / "empty").mkdir()
    (a / "both").mkdir()
    (b / "both").mkdir()
    assert told(a, b) == {"empty": ("directory", "")}


def test_special_files_are_told_and_not_opened(trees: tuple[Path, Path]) -> None:
    a, b = trees
    os.mkfifo(a / "fifo")
    os.mkfifo(b / "fifo")
    here = Path.cwd()
    os.chdir(a)  # an address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind("socket")
    finally:
        os.chdir(here)
    assert told(a, b) == {"fifo": ("fifo", "fifo"), "socket": ("socket", "")}
    with pytest.raises(OSError, match="no regular file"):
        content_in_tree(str(a / "fifo"), 10)


def test_a_link_in_place_of_a_file_is_not_opened(trees: tuple[Path, Path]) -> None:
    (trees[0] / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        content_in_tree(str(trees[0] / "link"), 10)


def test_names_that_are_no_utf_8_are_shown(trees: tuple[Path, Path]) -> None:
    a, b = trees
    Path(os.fsdecode(os.fsencode(a) + b"/n\xff\n")).write_text("x")
    assert told(a, b) == {"n\\xff\\x0a": ("file", "")}


def test_one_directory_alone(trees: tuple[Path, Path]) -> None:
    (trees[0] / "f").write_text("x")
    assert told(trees[0], None) == {"f": ("file", "")}


def test_a_directory_of_no_length_that_can_be_opened_is_told(trees: tuple[Path, Path]) -> None:
    a, b = trees
    here = os.getcwd()
    os.chdir(a)
    try:
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    [(path, (before, after))] = told(a, b).items()
    assert path.startswith("d" * 200)
    assert before == "File name too long"
    assert after == ""


def test_an_entry_has_a_type(trees: tuple[Path, Path]) -> None:
    (trees[0] / "f").write_text("x")
    [entry] = walk(str(trees[0]), str(trees[1]))
    assert entry.before is not None
    assert entry.before.type is ItemType.FILE
