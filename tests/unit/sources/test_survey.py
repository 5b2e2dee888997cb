"""Surveys of real trees: what was touched is told, and what was not costs one stat and no listing."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.model.item_table import ItemTable
from driftd.sources import survey as surveying
from driftd.sources.facts import RACY_NS, STAMP_BYTES, UNKNOWN, stamp_of
from driftd.sources.glob import Glob
from driftd.sources.root import Entry, Root
from driftd.sources.survey import Differs, Gone, Quiet, Survey
from driftd.sources.walk import Found, Plan, Walk, WalkPattern


class ListingRoot(Root):
    """A root that notes which directories were listed."""

    def __init__(self, directory: bytes) -> None:
        super().__init__(directory)
        self.listed: list[bytes] = []

    def list_directory(self, path: bytes) -> list[Entry]:
        self.listed.append(path)
        return super().list_directory(path)


class Told:
    """What one survey said, by kind."""

    def __init__(self, found: list[Found]) -> None:
        self.gaps = [each.gap for each in found if each.gap is not None]
        self.quiet = {item for each in found if isinstance(each, Quiet) for item in each.items}
        self.gone = {each.item for each in found if isinstance(each, Gone)}
        self.differs = {each.item for each in found if isinstance(each, Differs)} - self.gone
        others = (each for each in found if each.gap is None and not isinstance(each, Quiet | Differs))
        self.alone = {each.item for each in others}


class Surveyor:
    """A tree under a root, what is remembered of it, and patterns."""

    def __init__(self, tree: Path, *patterns: str | WalkPattern, now_ns: Callable[[], int] | None = None) -> None:
        self.root = ListingRoot(os.fsencode(tree))
        self.tree = tree
        self.remembered = ItemTable(STAMP_BYTES)
        self.linked: dict[str, bytes] = {}
        self.patterns = [WalkPattern(Glob(each)) if isinstance(each, str) else each for each in patterns]
        self.plan = Plan(self.patterns)
        self.ignored: Callable[[str], bool] | None = None
        self.now_ns = now_ns or (lambda: time.time_ns() + 3600 * 10**9)
        self.last: Survey | None = None

    def survey(self, *, trusting: bool = True) -> Told:
        self.root.listed.clear()
        self.last = Survey(
            self.root,
            self.plan,
            self.remembered,
            self.linked,
            ignored=self.ignored,
            trusting=trusting,
            now_ns=self.now_ns,
        )
        return Told(list(self.last))

    def learn(self, told: Told) -> None:
        """Look at what was told, as an audit does, and remember it."""
        for item in told.differs | told.gone | told.alone:
            path = Path(f"{self.tree}{item}")
            self.linked.pop(item, None)
            if not os.path.lexists(path):
                self.remembered.discard(item)
                continue
            self.remembered.put(item, stamp_of(path.lstat()))
            if path.is_symlink():
                self.linked[item] = stamp_of(path.stat()) if path.exists() else b""
        assert self.last is not None
        self.last.keep()

    def settled(self) -> Surveyor:
        self.learn(self.survey())
        return self


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("etc/hosts", "etc/ssh/sshd_config", "etc/ssh/moduli", "etc/app/db.yml", "srv/other"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a: 1\n")
    (tmp_path / "etc/link").symlink_to("app/db.yml")
    (tmp_path / "etc/empty").mkdir()
    return tmp_path


def test_what_is_not_remembered_differs_and_what_is_stays_quiet(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**")
    first = surveyor.survey()
    everything = {found.item for found in Walk(Root(os.fsencode(tree)), Plan(surveyor.patterns))}
    assert (first.differs, first.quiet, first.gone, first.alone) == (everything, set(), set(), set())
    surveyor.learn(first)
    second = surveyor.survey()
    assert (second.differs, second.quiet, second.alone) == (set(), everything - {"/etc/link"}, {"/etc/link"})


def test_a_directory_that_looks_as_it_did_is_not_listed_again(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled()
    directories = {b"/etc", b"/etc/ssh", b"/etc/app", b"/etc/empty"}
    assert set(surveyor.root.listed) == directories
    surveyor.survey()
    assert surveyor.root.listed == [b"/etc"]  # a link has to be followed
    (tree / "etc/ssh/new").write_text("")
    assert surveyor.survey().differs == {"/etc/ssh", "/etc/ssh/new"}
    assert set(surveyor.root.listed) == {b"/etc", b"/etc/ssh"}
    surveyor.survey(trusting=False)
    assert set(surveyor.root.listed) == directories


def test_a_directory_touched_a_moment_ago_is_listed_again(tree: Path) -> None:
    now = [0]
    surveyor = Surveyor(tree, "/etc/ssh/*", now_ns=lambda: now[0])
    changed = (tree / "etc/ssh").stat().st_ctime_ns
    now[0] = changed + RACY_NS - 1
    surveyor.settled().survey()
    assert surveyor.root.listed == [b"/etc/ssh"]
    now[0] = changed + RACY_NS
    surveyor.settled().survey()
    assert surveyor.root.listed == []


def same_size_and_mtime(file: Path) -> None:
    """Edit a file so that size and mtime say nothing."""
    before = file.stat()
    file.write_text("a: 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)


def copied_times(file: Path) -> None:
    """`touch -r`: another file of the same size with the same mtime takes the place."""
    before = file.stat()
    other = file.with_name("other.tmp")
    other.write_text("a: 2\n")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(file)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def other_name(file: Path) -> None:
    """Edit the file through another name of it, outside of what is audited."""
    other = file.parents[2] / "other.name"
    os.link(file, other)
    other.write_text("a: 22\n")


def touched(file: Path) -> None:
    os.utime(file)


def mode(file: Path) -> None:
    file.chmod(0o604)


def rewritten(file: Path) -> None:
    file.write_text("a: 22\n")


def replaced_by_a_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def replaced_by_a_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("../hosts")


@pytest.mark.parametrize(
    "touch",
    [
        same_size_and_mtime,
        copied_times,
        other_name,
        touched,
        mode,
        rewritten,
        replaced_by_a_directory,
        replaced_by_a_link,
    ],
)
def test_every_way_to_touch_an_item_is_told(touch: Callable[[Path], None], tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled()
    touch(tree / "etc/app/db.yml")
    told = surveyor.survey()
    assert told.differs - {"/etc/app"} == {"/etc/app/db.yml"}
    assert told.gone == set()


def test_what_comes_goes_and_moves_is_told(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled()
    (tree / "etc/hosts").rename(tree / "etc/app/hosts")
    (tree / "etc/ssh/moduli").unlink()
    (tree / "etc/new").mkdir()
    (tree / "etc/new/file").write_text("")
    told = surveyor.survey()
    assert told.gone == {"/etc/hosts", "/etc/ssh/moduli"}
    assert told.differs == {"/etc/app", "/etc/app/hosts", "/etc/new", "/etc/new/file", "/etc/ssh"}
    surveyor.learn(told)
    told = surveyor.survey()
    assert (told.gone, told.differs) == (set(), set())
    assert surveyor.last is not None
    assert b"/etc/new/" in surveyor.last.visited


def test_a_directory_that_went_is_not_visited(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled()
    (tree / "etc/ssh").rename(tree / "elsewhere")
    told = surveyor.survey()
    assert told.gone == {"/etc/ssh"}
    assert surveyor.last is not None
    assert b"/etc/ssh/" not in surveyor.last.visited
    assert set(surveyor.remembered.items_in(b"/etc/ssh/")) == {"/etc/ssh/moduli", "/etc/ssh/sshd_config"}


def test_an_item_that_has_to_be_read_again_differs_whatever_it_looks_like(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled()
    surveyor.remembered.put("/etc/ssh/moduli", UNKNOWN)
    told = surveyor.survey()
    assert told.differs == {"/etc/ssh/moduli"}
    assert "/etc/ssh/sshd_config" in told.quiet


def test_where_a_link_leads_is_told_by_one_stat_on_the_machine_itself(tree: Path) -> None:
    surveyor = Surveyor(Path("/"), f"{tree}/etc/**").settled()
    link, target = f"{tree}/etc/link", tree / "etc/app/db.yml"
    told = surveyor.survey()
    assert (link in told.quiet, surveyor.root.listed) == (True, [])
    target.write_text("a: 3\n")
    told = surveyor.survey()
    assert (told.differs, told.alone) == ({str(target)}, {link})
    surveyor.learn(told)
    target.unlink()
    told = surveyor.survey()
    assert (told.gone, told.alone) == ({str(target)}, {link})
    surveyor.learn(told)
    assert surveyor.survey().alone == {link}  # it leads nowhere: whether to nothing or to /proc, a look has to say


def test_a_link_on_the_way_that_was_moved_leads_to_other_items(tree: Path) -> None:
    (tree / "srv/1").mkdir()
    (tree / "srv/2").mkdir()
    for number in ("1", "2"):
        (tree / f"srv/{number}/db.yml").write_text("a: 1\n")
    (tree / "srv/now").symlink_to("1")
    surveyor = Surveyor(tree, "/srv/now/*").settled()
    assert surveyor.survey().quiet == {"/srv/now/db.yml"}
    (tree / "srv/new").symlink_to("2")
    (tree / "srv/new").rename(tree / "srv/now")
    assert surveyor.survey().differs == {"/srv/now/db.yml"}


def test_ignored_items_are_counted_and_not_told(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/ssh/*")
    surveyor.ignored = lambda item: item.endswith("moduli")
    surveyor.settled()
    for _ in range(2):
        told = surveyor.survey()
        assert (told.quiet, told.differs) == ({"/etc/ssh/sshd_config"}, set())
        assert surveyor.last is not None
        assert surveyor.last.ignored == 1


def test_a_pattern_takes_as_many_items_as_ever(tree: Path) -> None:
    (tree / "etc/many").mkdir()
    for number in range(6):
        (tree / f"etc/many/{number}").write_text("")
    limited = WalkPattern(Glob("/etc/{many,ssh}/*"), max_items=5)
    surveyor = Surveyor(tree, limited).settled()
    for trusting in (True, True, False):
        told = surveyor.survey(trusting=trusting)
        assert told.quiet == {f"/etc/many/{number}" for number in range(5)}
        assert [gap.reason for gap in told.gaps] == ["max-items"]


def test_new_patterns_make_every_listing_worthless(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/ssh/*").settled()
    surveyor.plan = Plan([WalkPattern(Glob("/etc/ssh/m*"))])
    told = surveyor.survey()
    assert (told.quiet, told.gone) == ({"/etc/ssh/moduli"}, {"/etc/ssh/sshd_config"})


def test_empty_directories_are_not_listed_again_and_not_kept_for_ever(tree: Path) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled().settled()
    assert surveyor.remembered.shelf(b"/etc/empty/") is not None
    surveyor.survey()
    assert b"/etc/empty" not in surveyor.root.listed
    (tree / "etc/empty").rmdir()
    surveyor.settled()
    assert surveyor.remembered.shelf(b"/etc/empty/") is None


def test_a_directory_that_may_not_be_entered_is_a_gap(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyor = Surveyor(tree, "/etc/**").settled()
    enter = Root.enter

    def refused(root: Root, path: bytes) -> int:
        if path == b"/etc/ssh":
            raise PermissionError(13, "Permission denied")
        return enter(root, path)

    monkeypatch.setattr(Root, "enter", refused)
    told = surveyor.survey()
    assert [(gap.item, gap.reason) for gap in told.gaps] == [("/etc/ssh", "unreadable")]
    assert told.gone == set()


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_a_tree_a_survey_says_what_a_comparison_says(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveying, "PART", 3)
    monkeypatch.setattr(surveying, "LARGE", 5)
    chance = random.Random(seed)
    places = [tmp_path / "etc"]
    for number in range(5):
        places.append(chance.choice(places) / f"d{number}")
    for place in places:
        place.mkdir(exist_ok=True)
    surveyor = Surveyor(tmp_path, "/etc/**")

    def meddle() -> None:
        target = chance.choice([place for place in places if place.is_dir()]) / chance.choice("abcdefgh")
        match chance.randrange(5):
            case 0 | 1 if not target.is_dir():
                target.unlink(missing_ok=True)
                target.write_text(chance.choice(("x", "y")))
            case 2 if target.is_file():
                target.write_text("z")
            case 3 if target.is_file():
                target.unlink()
            case 4 if not os.path.lexists(target):
                target.symlink_to(chance.choice("abcdefgh"))

    for _ in range(12):
        for _ in range(chance.randrange(6)):
            meddle()
        expected = {found.item: b"" for found in Walk(Root(os.fsencode(tmp_path)), Plan(surveyor.patterns))}
        for item in expected:
            expected[item] = stamp_of(Path(f"{tmp_path}{item}").lstat())
        known = {item: surveyor.remembered.get(item) for item in surveyor.remembered}
        told = surveyor.survey(trusting=chance.random() < 0.9)
        assert told.differs == {item for item, stamp in expected.items() if known.get(item) != stamp}
        assert told.gone == known.keys() - expected.keys()
        assert told.quiet | told.alone == expected.keys() - told.differs
        surveyor.learn(told)
        assert {item: surveyor.remembered.get(item) for item in surveyor.remembered} == expected
