from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from driftd.sources.glob import Glob
from driftd.sources.root import Root
from driftd.sources.walk import Plan, Walk, WalkPattern

NOBODY = 65534


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "etc/ssh/sshd_config",
        "etc/ssh/.hidden",
        "etc/hosts",
        "etc/a/b/c.conf",
        "srv/app/db.yml",
        "usr/bin/ls",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "etc" / "loop").symlink_to("../etc")
    return tmp_path


def start(tree: Path, *patterns: str | WalkPattern) -> Walk:
    plan = Plan([WalkPattern(Glob(each)) if isinstance(each, str) else each for each in patterns])
    return Walk(Root(os.fsencode(tree)), plan)


def items(tree: Path, *patterns: str | WalkPattern) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for each in start(tree, *patterns):
        assert each.gap is None, each.gap
        assert each.item not in found
        found[each.item] = each.matches
    return found


def test_everything_below_is_found_once_with_all_its_patterns(tree: Path) -> None:
    assert items(tree, "/etc/**", "/etc/**/*.conf", "/etc/hosts") == {
        "/etc/a": (0,),
        "/etc/a/b": (0,),
        "/etc/a/b/c.conf": (0, 1),
        "/etc/hosts": (0, 2),
        "/etc/loop": (0,),
        "/etc/ssh": (0,),
        "/etc/ssh/.hidden": (0,),
        "/etc/ssh/sshd_config": (0,),
    }


def test_a_directory_named_is_that_directory_alone(tree: Path) -> None:
    assert items(tree, "/etc") == {"/etc": (0,)}
    assert items(tree, "/") == {"/": (0,)}


def test_a_linked_directory_is_entered_where_the_pattern_names_it(tree: Path) -> None:
    assert items(tree, "/bin/*") == {"/bin/ls": (0,)}
    assert items(tree, "/bin/ls") == {"/bin/ls": (0,)}
    assert items(tree, "/b*/ls") == {}
    assert items(tree, "/bin/*", "/*") == {
        "/bin": (1,),
        "/bin/ls": (0,),
        "/etc": (1,),
        "/srv": (1,),
        "/usr": (1,),
    }


def test_links_are_not_followed_behind_a_wildcard(tree: Path) -> None:
    assert "/etc/loop/hosts" not in items(tree, "/**")
    assert items(tree, "/*/loop/hosts") == {}
    assert items(tree, "/etc/loop/hosts") == {"/etc/loop/hosts": (0,)}


def test_braces_and_single_segments(tree: Path) -> None:
    assert set(items(tree, "/{etc,srv}/*/{db.yml,sshd_*}")) == {"/srv/app/db.yml", "/etc/ssh/sshd_config"}


def test_what_is_written_out_needs_no_listing(tree: Path) -> None:
    started = start(tree, "/etc/ssh/sshd_config", "/srv/app/*.yml")
    assert [found.item for found in started] == ["/etc/ssh/sshd_config", "/srv/app/db.yml"]
    assert started.directories == {b"/", b"/etc", b"/etc/ssh", b"/srv", b"/srv/app"}


def test_the_nearest_directory_that_exists_is_to_be_watched(tree: Path) -> None:
    started = start(tree, "/srv/eventify/config/*.yml", "/opt/x", "/etc/hosts/x/y")
    assert list(started) == []
    assert started.directories == {b"/srv", b"/", b"/etc"}


def test_every_directory_that_was_listed_is_to_be_watched(tree: Path) -> None:
    started = start(tree, "/etc/**/*.conf")
    list(started)
    assert started.directories == {b"/", b"/etc", b"/etc/ssh", b"/etc/a", b"/etc/a/b"}


def test_whoever_moves_a_link_on_the_way_is_seen(tree: Path) -> None:
    (tree / "srv" / "current").symlink_to("releases")
    (tree / "srv" / "releases").symlink_to("/srv/app")
    started = start(tree, "/srv/current/*.yml")
    assert [found.item for found in started] == ["/srv/current/db.yml"]
    assert started.directories == {b"/", b"/srv", b"/srv/current"}


def test_names_of_every_kind_are_found(tree: Path) -> None:
    names = [b"\xff\xfe", b"new\nline", b"\x1b[31mred", b"back\\slash", "ümlaut".encode(), b"x" * 255]
    (tree / "n").mkdir()
    for name in names:
        (tree / "n" / os.fsdecode(name)).write_text("")
    assert set(items(tree, "/n/*")) == {
        "/n/\\xff\\xfe",
        "/n/new\\x0aline",
        "/n/\\x1b[31mred",
        "/n/back\\x5cslash",
        "/n/ümlaut",
        "/n/" + "x" * 255,
    }
    assert set(items(tree, "/n/\\xff*", "/n/ü????t", "/n/back\\x5cslash")) == {
        "/n/\\xff\\xfe",
        "/n/ümlaut",
        "/n/back\\x5cslash",
    }


def test_special_files_are_items(tree: Path) -> None:
    os.mkfifo(tree / "etc" / "fifo")
    assert "/etc/fifo" in items(tree, "/etc/*")


def test_the_first_max_items_are_the_same_on_every_walk_and_the_rest_is_a_gap(tree: Path) -> None:
    for index in range(10):
        (tree / "srv" / f"f{index}").write_text("")
    limited = WalkPattern(Glob("/srv/*"), max_items=3)
    found = list(start(tree, limited, "/srv/f9"))
    assert [(each.item, each.matches) for each in found if each.gap is None] == [
        ("/srv/app", (0,)),
        ("/srv/f0", (0,)),
        ("/srv/f1", (0,)),
        ("/srv/f9", (1,)),
    ]
    gaps = [each.gap for each in found if each.gap is not None]
    assert [(gap.item, gap.reason) for gap in gaps] == [("/srv/*", "max-items")]
    assert "3" in gaps[0].detail


def test_as_many_as_max_items_are_no_gap(tree: Path) -> None:
    assert len(items(tree, WalkPattern(Glob("/etc/**"), max_items=8))) == 8


def test_a_loop_in_the_fixed_part_is_a_gap(tree: Path) -> None:
    (tree / "srv" / "x").symlink_to("y")
    (tree / "srv" / "y").symlink_to("x")
    gaps = [each.gap for each in start(tree, "/srv/x/*")]
    assert [(gap.item, gap.reason) for gap in gaps if gap] == [("/srv/x", "too-many-links")]


def as_nobody(tree: Path, program: str) -> str:
    """Run a program under another user, on this very tree."""
    done = subprocess.run(
        [
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            sys.executable,
            "-c",
            program,
            str(tree),
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.stdout


@pytest.fixture
def public_tree(tree: Path) -> Path:
    """Let everybody come as far as the tree."""
    for place in (tree, *tree.parents):
        if place != Path("/") and place.stat().st_mode & 0o5 != 0o5:
            place.chmod(place.stat().st_mode | 0o5)
    return tree


def test_a_directory_that_may_not_be_listed_is_a_gap(public_tree: Path, require_real: Callable[[str], None]) -> None:
    require_real("second user")
    (public_tree / "etc" / "a").chmod(0o700)
    program = """
import sys, os
from driftd.sources.walk import Plan, Walk, WalkPattern
from driftd.sources.glob import Glob
from driftd.sources.root import Root
plan = Plan([WalkPattern(Glob("/etc/**/*.conf")), WalkPattern(Glob("/etc/a/b/c.conf"))])
started = Walk(Root(os.fsencode(sys.argv[1])), plan)
print([(found.item, found.gap and found.gap.reason) for found in started], b"/etc/a" in started.directories)
"""
    assert as_nobody(public_tree, program) == "[('/etc/a', 'unreadable')] True\n"


def test_file_systems_mounted_below_are_entered_only_on_request(
    tree: Path, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    program = """
import sys, os, subprocess
from driftd.sources.walk import Plan, Walk, WalkPattern
from driftd.sources.glob import Glob
from driftd.sources.root import Root
tree = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "none", tree + "/etc/a"], check=True)
subprocess.run(["mount", "--bind", tree + "/srv", tree + "/etc/ssh"], check=True)
open(tree + "/etc/a/mounted", "w").close()
def items(pattern, cross):
    plan = Plan([WalkPattern(Glob(pattern), cross_mounts=cross)])
    return sorted(found.item for found in Walk(Root(os.fsencode(tree)), plan))
print(items("/etc/**", False))
print(items("/etc/**", True))
print(items("/etc/a/*", False), items("/etc/a/mounted", False), items("/etc/*/mounted", False))
"""
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", program, str(tree)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout.splitlines() == [
        "['/etc/a', '/etc/hosts', '/etc/loop', '/etc/ssh']",
        "['/etc/a', '/etc/a/mounted', '/etc/hosts', '/etc/loop', '/etc/ssh', '/etc/ssh/app', '/etc/ssh/app/db.yml']",
        "['/etc/a/mounted'] ['/etc/a/mounted'] []",
    ]


def test_a_directory_that_vanishes_while_walking_is_no_gap(tree: Path) -> None:
    started = start(tree, "/etc/**")
    first = next(started)
    assert first.item == "/etc/a"
    for name in ("b/c.conf", "b", ""):
        place = tree / "etc" / "a" / name
        place.rmdir() if place.is_dir() else place.unlink()
    assert all(found.gap is None for found in started)


class Scout:
    """A guide that takes note of where it is led, and may do something there."""

    def __init__(self, covered: tuple[bytes, ...] = ()) -> None:
        self.entered: list[tuple[bytes, bytes]] = []
        self.hops: list[tuple[bytes, tuple[bytes, ...]]] = []
        self.at: dict[bytes, Callable[[], object]] = {}
        self.covered = covered
        self.doubts = 0

    def enter(self, path: bytes, place: bytes) -> None:
        self.entered.append((path, place))
        self.at.pop(path, lambda: None)()

    def led(self, path: bytes, hops: Sequence[bytes]) -> bool:
        self.hops.append((path, tuple(hops)))
        self.doubts -= 1
        return self.doubts >= 0

    def covers(self, place: bytes) -> bool:
        return place in self.covered


def guided(tree: Path, guide: Scout, pattern: str, within: bytes = b"/", *, shallow: bool = False) -> list[str]:
    plan = Plan([WalkPattern(Glob(pattern))])
    walked = Walk(Root(os.fsencode(tree)), plan, guide=guide, within=within, shallow=shallow)
    return [found.item for found in walked if found.gap is None]


def test_a_guide_is_told_of_a_directory_before_it_is_listed(tree: Path) -> None:
    guide = Scout()
    guide.at[b"/etc/a/b"] = (tree / "etc/a/b/late.conf").touch
    assert "/etc/a/b/late.conf" in guided(tree, guide, "/etc/**")
    assert [path for path, _ in guide.entered[:2]] == [b"/", b"/etc"]


def test_a_guide_is_told_of_every_directory_that_could_be_moved_away(tree: Path) -> None:
    guide = Scout()
    assert guided(tree, guide, "/srv/app/config/x.yml") == []
    assert [path for path, _ in guide.entered] == [b"/", b"/srv", b"/srv/app"]


def test_a_guide_is_told_of_links_on_the_way_and_where_they_lead(tree: Path) -> None:
    guide = Scout()
    (tree / "current").symlink_to("next")
    (tree / "next").symlink_to("/usr/bin")
    assert guided(tree, guide, "/current/*") == ["/current/ls"]
    assert guide.hops == [(b"/current", (b"/current", b"/next", b"/usr/bin"))]
    assert guide.entered[-1] == (b"/current", b"/usr/bin")


def test_of_a_link_that_leads_nowhere_a_guide_is_told_what_would_have_to_come(tree: Path) -> None:
    guide = Scout()
    (tree / "current").symlink_to("/srv/releases/1")
    assert guided(tree, guide, "/current/*") == []
    assert guide.hops == [(b"/current", (b"/current", b"/srv/releases"))]


def test_of_links_that_lead_to_each_other_a_guide_is_told_all(tree: Path) -> None:
    guide = Scout()
    (tree / "current").symlink_to("/srv/x")
    (tree / "srv" / "x").symlink_to("y")
    (tree / "srv" / "y").symlink_to("x")
    assert guided(tree, guide, "/current/*") == []
    assert guide.hops == [(b"/current", (b"/current", b"/srv/x", b"/srv/y"))]


def test_a_link_is_followed_again_where_the_guide_came_late(tree: Path) -> None:
    guide = Scout()
    guide.doubts = 1
    (tree / "current").symlink_to("/usr/bin")
    assert guided(tree, guide, "/current/*") == ["/current/ls"]
    assert len(guide.hops) == 2


def test_within_one_path_only_that_is_walked(tree: Path) -> None:
    guide = Scout()
    assert guided(tree, guide, "/etc/**", b"/etc/a") == ["/etc/a", "/etc/a/b", "/etc/a/b/c.conf"]
    assert {path for path, _ in guide.entered} == {b"/", b"/etc", b"/etc/a", b"/etc/a/b"}
    assert guided(tree, Scout(), "/etc/**", b"/etc/hosts") == ["/etc/hosts"]
    assert guided(tree, Scout(), "/etc/**", b"/etc/none/x") == []
    assert guided(tree, Scout(), "/srv/*/*.yml", b"/etc/a") == []
    assert guided(tree, Scout(), "/etc/a/b/*", b"/etc/a") == ["/etc/a/b/c.conf"]
    assert guided(tree, Scout(), "/bin/*", b"/bin") == ["/bin/ls"]


def test_a_shallow_walk_enters_only_what_nobody_covers(tree: Path) -> None:
    assert guided(tree, Scout((b"/etc/a",)), "/etc/**", b"/etc", shallow=True) == [
        "/etc/a",
        "/etc/hosts",
        "/etc/loop",
        "/etc/ssh",
        "/etc/ssh/.hidden",
        "/etc/ssh/sshd_config",
    ]
