"""Files and directories below a root: exact modes, whole or not at all, and nothing that people changed is lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from driftd.installing.conffile import BESIDE, place_conffile, stamped
from driftd.installing.place import Done, Owner, Place
from driftd.sources.root import Root

FILE = PurePosixPath("/etc/driftd/thing.conf")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(Root(os.fsencode(tmp_path)), privileged=False)


def on_disk(place: Place, path: PurePosixPath) -> Path:
    return Path(os.fsdecode(place.root.directory) + str(path))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_has_its_exact_mode_whatever_the_umask(place: Place) -> None:
    before = os.umask(0o077)
    try:
        assert place.write(FILE, "x\n", 0o644).done is Done.WRITTEN
    finally:
        os.umask(before)
    assert mode(on_disk(place, FILE)) == 0o644
    assert mode(on_disk(place, FILE.parent)) == 0o755
    assert [path.name for path in on_disk(place, FILE.parent).iterdir()] == ["thing.conf"]


def test_a_directory_that_is_there_is_closed_further_and_never_opened(place: Place) -> None:
    directory = PurePosixPath("/var/lib/driftd")
    assert place.directory(directory, 0o750, None).done is Done.MADE
    assert place.directory(directory, 0o750, None).done is Done.SAME
    on_disk(place, directory).chmod(0o777)
    assert place.directory(directory, 0o750, None).done is Done.UPDATED
    assert mode(on_disk(place, directory)) == 0o750
    on_disk(place, directory).chmod(0o700)
    assert place.directory(directory, 0o750, None).done is Done.SAME
    assert mode(on_disk(place, directory)) == 0o700


def test_owners_are_given_where_we_may(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    place = Place(Root(os.fsencode(tmp_path)))
    place.directory(PurePosixPath("/state"), 0o700, Owner(4711, 4712))
    found = (tmp_path / "state").stat()
    assert (found.st_uid, found.st_gid) == (4711, 4712)


def test_nothing_is_written_through_a_link(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("theirs\n")
    on_disk(place, FILE.parent).mkdir(parents=True)
    on_disk(place, FILE).symlink_to(outside)
    assert place.write(FILE, "ours\n", 0o644).done is Done.FAILED
    assert place_conffile(place, FILE, "ours\n").done is Done.KEPT
    assert outside.read_text() == "theirs\n"
    assert on_disk(place, FILE).is_symlink()


def test_no_directory_is_given_away_through_a_link_that_somebody_planted(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    """Also in a directory in which others may write, as syslog may in /var/log."""
    require_real("second user")
    for name in ("etc", "srv"):
        (tmp_path / name).mkdir(0o755)
    (tmp_path / "var").mkdir()
    planted, own = tmp_path / "var" / "planted", tmp_path / "var" / "own"
    planted.symlink_to("../etc")
    os.chown(planted, 104, 104, follow_symlinks=False)
    own.symlink_to("../srv")
    place = Place(Root(os.fsencode(tmp_path)))
    step = place.directory(PurePosixPath("/var/planted"), 0o750, Owner(4242, 4242))
    assert (step.done, step.detail) == (Done.FAILED, "a link that user 104 made stands there: remove it")
    assert ((tmp_path / "etc").stat().st_uid, mode(tmp_path / "etc")) == (0, 0o755)
    assert place.directory(PurePosixPath("/var/own"), 0o750, Owner(4242, 4242)).done is Done.UPDATED
    assert ((tmp_path / "srv").stat().st_uid, mode(tmp_path / "srv")) == (4242, 0o750)


def test_a_link_above_leads_no_further_than_the_root(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "etc").mkdir(parents=True)
    outside.mkdir()
    (tree / "etc/driftd").symlink_to(outside)
    step = Place(Root(os.fsencode(tree)), privileged=False).write(FILE, "x\n", 0o644)
    assert list(outside.iterdir()) == []
    assert step.done in (Done.FAILED, Done.WRITTEN)


def test_a_dry_place_says_the_same_and_does_nothing(tmp_path: Path) -> None:
    dry = Place(Root(os.fsencode(tmp_path)), dry=True, privileged=False)
    assert dry.directory(FILE.parent, 0o755, None).done is Done.MADE
    assert dry.write(FILE, "x\n", 0o644).done is Done.WRITTEN
    assert place_conffile(dry, FILE, "x\n").done is Done.WRITTEN
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_a_step_that_says_why(place: Place, tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("no directory\n")
    step = place.write(FILE, "x\n", 0o644)
    assert step.done is Done.FAILED
    assert "etc" in step.detail


def test_a_file_that_nobody_changed_follows_the_version(place: Place) -> None:
    assert place_conffile(place, FILE, "a = 1\n").done is Done.WRITTEN
    assert place_conffile(place, FILE, "a = 1\n").done is Done.SAME
    assert place_conffile(place, FILE, "a = 2\n").done is Done.UPDATED
    assert on_disk(place, FILE).read_text().splitlines()[1:] == ["a = 2"]


def test_a_file_that_somebody_changed_stays_and_what_is_new_comes_beside_it(place: Place) -> None:
    place_conffile(place, FILE, "a = 1\n")
    file = on_disk(place, FILE)
    mine = file.read_text() + "b = mine\n"
    file.write_text(mine)
    assert place_conffile(place, FILE, "a = 1\n").done is Done.KEPT
    beside = file.with_name(file.name + BESIDE)
    assert not beside.exists()
    step = place_conffile(place, FILE, "a = 2\n")
    assert (step.done, BESIDE in step.detail) == (Done.KEPT, True)
    assert file.read_text() == mine
    assert beside.read_text() == stamped("a = 2\n")
    again = place_conffile(place, FILE, "a = 2\n")
    assert (again.done, BESIDE in again.detail) == (Done.KEPT, False)


def test_a_file_that_was_there_before_is_somebodys(place: Place) -> None:
    file = on_disk(place, FILE)
    file.parent.mkdir(parents=True)
    file.write_text("a = theirs\n")
    assert place_conffile(place, FILE, "a = 1\n").done is Done.KEPT
    assert file.read_text() == "a = theirs\n"
    file.write_text("a = 1\n")
    assert place_conffile(place, FILE, "a = 1\n").done is Done.SAME
