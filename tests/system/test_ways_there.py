"""How patterns reach what they mean: roots that are not there yet, links on the way, directories above that move. Seen live.

One daemon beside all of them, each in a directory of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.model.event import Action
from driftd.model.item import real_path
from tests.system.daemon_process import DaemonProcess, ScratchHost, assert_sound, open_drifts, told

OLD, NEW = "x: 1\n", "x: 2\n"
Way = Callable[[Path], list[str]]
"""Does something in its directory; returns the names that are drifted in the end."""

WAYS: dict[str, tuple[str, Callable[[Path], None], Way]] = {}
"""Name -> pattern, how it is before the approval, what happens."""


def way(pattern: str, before: Callable[[Path], None]) -> Callable[[Way], Way]:
    def known(function: Way) -> Way:
        WAYS[function.__name__] = (pattern, before, function)
        return function

    return known


def nothing(top: Path) -> None:
    (top / "elsewhere").mkdir()


def a_file(top: Path) -> None:
    put(top / "srv/app/config/a.yaml")


def put(path: Path, text: str = OLD) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def one_in_d(top: Path) -> None:
    put(top / "d/a.yaml")


@way("srv/app/config/**/*.yaml", nothing)
def a_root_that_was_not_there_appears_with_a_tree_in_it(top: Path) -> list[str]:
    put(top / "srv/app/config/x/y/new.yaml")
    return ["srv/app/config/x/y/new.yaml"]


@way("srv/app/config/*.yaml", nothing)
def a_root_that_was_not_there_is_moved_in(top: Path) -> list[str]:
    put(top / "elsewhere/srv/app/config/new.yaml")
    (top / "elsewhere/srv").rename(top / "srv")
    return ["srv/app/config/new.yaml"]


@way("srv/app/config/*.yaml", nothing)
def a_root_that_was_not_there_appears_as_a_link(top: Path) -> list[str]:
    put(top / "elsewhere/app/config/new.yaml")
    (top / "srv").symlink_to("elsewhere")
    return ["srv/app/config/new.yaml"]


def a_link_to_nowhere(top: Path) -> None:
    (top / "first").symlink_to("second")
    (top / "second").symlink_to("far/away/third")


@way("first/*.yaml", a_link_to_nowhere)
def what_a_chain_of_links_leads_to_appears(top: Path) -> list[str]:
    put(top / "far/away/third/new.yaml")
    return ["first/new.yaml"]


def a_file_behind_a_link_to_nowhere(top: Path) -> None:
    (top / "d").mkdir()
    (top / "d/l.yaml").symlink_to("../far/away/f.yaml")


@way("d/*", a_file_behind_a_link_to_nowhere)
def what_a_link_leads_to_appears_with_the_directories_above_it(top: Path) -> list[str]:
    put(top / "far/away/f.yaml")
    return ["d/l.yaml"]


@way("srv/app/config/*.yaml", a_file)
def a_directory_far_above_is_moved_away(top: Path) -> list[str]:
    (top / "srv").rename(top / "gone")
    return ["srv/app/config/a.yaml"]


@way("srv/app/config/*.yaml", a_file)
def a_directory_far_above_is_replaced_by_another(top: Path) -> list[str]:
    put(top / "fresh/app/config/a.yaml", NEW)
    put(top / "fresh/app/config/b.yaml")
    (top / "srv").rename(top / "gone")
    (top / "fresh").rename(top / "srv")
    return ["srv/app/config/a.yaml", "srv/app/config/b.yaml"]


def releases(top: Path) -> None:
    for number in ("1", "2"):
        put(top / f"releases/{number}/config/a.yaml")
    (top / "current").symlink_to("releases/1")


@way("current/config/*.yaml", releases)
def a_release_is_switched_to_one_with_another_file(top: Path) -> list[str]:
    put(top / "releases/2/config/new.yaml")
    (top / "next").symlink_to("releases/2")
    (top / "next").rename(top / "current")
    return ["current/config/new.yaml"]


@way("current/config/*.yaml", releases)
def a_file_is_added_to_the_release_that_is_linked(top: Path) -> list[str]:
    put(top / "releases/1/config/deep.yaml")
    put(top / "releases/2/config/nobody.yaml")
    return ["current/config/deep.yaml"]


@way("current/config/*.yaml", releases)
def the_release_that_is_linked_is_removed_and_made_again(top: Path) -> list[str]:
    shutil.rmtree(top / "releases/1")
    put(top / "releases/1/config/a.yaml", NEW)
    return ["current/config/a.yaml"]


@way("d/*.yaml", one_in_d)
def a_directory_becomes_a_link_to_another(top: Path) -> list[str]:
    put(top / "other/a.yaml", NEW)
    put(top / "other/b.yaml")
    (top / "d").rename(top / "gone")
    (top / "d").symlink_to("other")
    return ["d/a.yaml", "d/b.yaml"]


@way("d/**", one_in_d)
def a_tree_of_names_that_are_no_text_is_moved_in(top: Path) -> list[str]:
    tree = top / os.fsdecode(b"t\xff\n")
    put(tree / os.fsdecode(b"in\xfe.yaml"))
    tree.rename(top / "d" / tree.name)
    return ["d/t\\xff\\x0a", "d/t\\xff\\x0a/in\\xfe.yaml"]


@way("d/**", one_in_d)
def directories_are_made_and_removed_as_fast_as_can_be(top: Path) -> list[str]:
    for number in range(50):
        put(top / f"d/x/y{number}/z/f.yaml")
        if number % 3:
            shutil.rmtree(top / f"d/x/y{number}")
    shutil.rmtree(top / "d/x")
    put(top / "d/x/y/f.yaml")
    return ["d/x", "d/x/y", "d/x/y/f.yaml"]


@way("d/**", one_in_d)
def a_file_without_a_name_gets_one(top: Path) -> list[str]:
    descriptor = os.open(top / "d", os.O_TMPFILE | os.O_WRONLY, 0o644)
    os.write(descriptor, NEW.encode())
    opened = os.open("/proc/self/fd", os.O_RDONLY)
    os.link(str(descriptor), top / "d/f.yaml", src_dir_fd=opened, follow_symlinks=True)
    os.close(opened)
    os.close(descriptor)
    return ["d/f.yaml"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScratchHost, DaemonProcess]]:
    host = ScratchHost(tmp_path_factory.mktemp("ways"))
    for name, (_, before, _) in WAYS.items():
        (host.tree / name).mkdir()
        before(host.tree / name)
    host.define([str(host.tree / name / pattern) for name, (pattern, _, _) in WAYS.items()])
    host.approve()
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        for _ in range(2):  # which list nothing that looks as it did
            daemon.wait_audit()
        yield host, daemon


@pytest.mark.parametrize("name", WAYS)
def test_it_is_seen_live(name: str, live: tuple[ScratchHost, DaemonProcess]) -> None:
    host, daemon = live
    top = host.tree / name
    expected = sorted(f"{top}/{item}" for item in WAYS[name][2](top))

    def standing() -> list[str]:
        return sorted(item for item in open_drifts(daemon.journal) if item.startswith(f"{top}/"))

    daemon.wait(lambda: standing() == expected, f"{expected}")
    for item in expected:
        events = told(daemon.journal, Path(item))
        assert [event["driftd"]["source"] for event in events] == ["watch"], "told once"
        followed = top / os.fsdecode(real_path(item.removeprefix(f"{top}/")))
        if followed.is_file():  # what appeared is watched from now on
            followed.unlink()
            daemon.wait(lambda: len(told(daemon.journal, Path(item))) == 2, f"{item} is gone")  # noqa: B023


def test_an_audit_finds_nothing_that_was_not_seen_live(live: tuple[ScratchHost, DaemonProcess]) -> None:
    host, daemon = live
    before = open_drifts(daemon.journal)
    daemon.wait_audit()
    assert open_drifts(daemon.journal) == before == host.checked()
    assert_sound(daemon.journal)
