"""Loss of notifications: said with a reason and a place, only what is concerned is looked at again, and it ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.daemon.inbox import Inbox
from driftd.daemon.losses import MAX_NAMED, unwatched
from driftd.daemon.watching import REST
from driftd.watch.reasons import (
    CLOCK_JUMP,
    DIED,
    MOUNTS_CHANGED,
    NOT_RUNNING,
    OVERFLOW,
    REMOTE,
    SUSPENDED,
    UNREADABLE,
    WATCH_LIMIT,
)
from tests.unit.daemon.live import POLL, SETTLE, Live, living


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with living(tmp_path / "host") as live:
        yield live


@pytest.fixture(autouse=True)
def _host(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()


LOST, RESTORED, OPENED = "coverage-lost", "coverage-restored", "drift-opened"
AUDITED = ("audit-completed", "")


# --- the whole host


def test_an_overflow_has_everything_looked_at_again_and_is_over_then(live: Live) -> None:
    live.machine.file("d/b.yaml", "port: 2\n")  # nobody was told
    live.lost(OVERFLOW)
    live.turns()
    assert live.told() == [(LOST, f"/={OVERFLOW}"), (OPENED, "b.yaml"), AUDITED, (RESTORED, f"/={OVERFLOW}")]
    assert live.service.blind_spots() == []


def test_a_second_overflow_meanwhile_is_not_said_again_and_not_over_before_another_look(live: Live) -> None:
    live.lost(OVERFLOW)
    live.service.turn()
    assert [gap.reason for gap in live.service.blind_spots()] in ([OVERFLOW], [])
    live.lost(OVERFLOW)
    live.lost(OVERFLOW)
    live.turns()
    told = live.told()
    assert told.count((LOST, f"/={OVERFLOW}")) == told.count((RESTORED, f"/={OVERFLOW}")) <= 2
    assert told[-1] == (RESTORED, f"/={OVERFLOW}")


def test_what_is_watched_after_an_overflow_is_what_stands_there_now(live: Live) -> None:
    shutil.rmtree(live.etc / "d")
    live.lost(OVERFLOW)
    live.turns()
    assert live.path("d") not in live.watcher.directories
    assert live.path("e") in live.watcher.directories


def test_a_watcher_that_died_is_started_again_and_everything_looked_at(live: Live) -> None:
    live.clock.seconds += REST
    live.watcher.die()
    live.machine.file("e/c.yaml", "port: 2\n")
    live.lost(DIED)
    live.turns()
    assert live.told() == [(LOST, f"/={DIED}"), (OPENED, "c.yaml"), AUDITED, (RESTORED, f"/={DIED}")]
    assert live.watcher.starts == 1
    assert {live.path("d"), live.path("e")} <= live.watcher.directories.keys()
    assert live.polled() == {}


def test_a_watcher_that_dies_again_at_once_is_polled_and_tried_with_growing_pauses(live: Live) -> None:
    live.watcher.works = False
    live.watcher.die()
    live.lost(DIED)
    live.turns()
    told = live.told()
    assert (RESTORED, f"/={DIED}") in told
    assert {(LOST, f"{name}={NOT_RUNNING}") for name in ("d", "e", "etc")} <= set(told)
    assert live.watcher.starts == 0
    assert set(live.polled().values()) == {NOT_RUNNING}
    tries = []
    for _ in range(40):
        live.wait(POLL)
        tries.append(live.watcher.starts)
    assert tries[-1] <= 6  # in 200 s
    live.machine.file("d/b.yaml", "port: 2\n")
    live.wait(POLL)
    live.settle()
    assert live.told() == [(OPENED, "b.yaml")]
    live.watcher.works = True
    live.wait(600)
    live.settle()
    assert live.polled() == {}
    assert {action for action, _ in live.told()} == {RESTORED}


@pytest.mark.parametrize(("seconds", "depth"), [(3600.0, "quick"), (-3600.0, "deep")])
def test_a_clock_that_is_set_is_a_loss_and_what_is_timed_is_timed_anew(live: Live, seconds: float, depth: str) -> None:
    live.clock.set_by = seconds
    live.wait(1)
    assert live.told() == [(LOST, f"/={CLOCK_JUMP}"), AUDITED, (RESTORED, f"/={CLOCK_JUMP}")]
    assert [(jump.reason, jump.seconds, jump.is_backward) for jump in live.jumps] == [
        (CLOCK_JUMP, seconds, seconds < 0)
    ]
    assert live.looked() >= ({"a.yaml", "d/b.yaml", "e/c.yaml"} if depth == "deep" else set())
    live.wait(1)
    assert live.told() == []


def test_a_clock_that_is_slewed_is_no_loss(live: Live) -> None:
    for _ in range(100):
        live.clock.set_by += 0.4
        live.wait(5)
    assert live.told() == []


def test_a_suspended_machine_looks_at_everything_when_it_wakes(live: Live) -> None:
    live.machine.file("a.yaml", "port: 2\n")
    live.clock.asleep = 7200
    live.wait(1)
    assert live.told() == [(LOST, f"/={SUSPENDED}"), (OPENED, "a.yaml"), AUDITED, (RESTORED, f"/={SUSPENDED}")]
    assert [str(jump) for jump in live.jumps] == ["suspended for 7200 s"]


# --- some directories


def test_beyond_the_limit_directories_are_polled_and_said_to_be(live: Live) -> None:
    live.watcher.room = len(live.watcher.directories)
    (live.etc / "f").mkdir()
    live.tree("f")
    live.settle()
    assert live.polled() == {"f": WATCH_LIMIT}
    assert live.told() == [(LOST, f"f={WATCH_LIMIT}"), (OPENED, "f")]
    live.machine.file("f/new.yaml", "port: 1\n")
    live.wait(POLL)
    live.settle()
    assert live.told() == [(OPENED, "new.yaml")]
    shutil.rmtree(live.etc / "f")
    live.wait(POLL)
    live.settle()
    assert {item for action, item in live.told() if action == "drift-resolved"} == {"f", "new.yaml"}


def test_a_poll_looks_at_nothing_that_is_watched_and_reads_nothing_untouched(live: Live) -> None:
    live.watcher.refused[live.path("d")] = WATCH_LIMIT
    live.watcher.forget(live.path("d"))
    live.tree("d")
    live.settle()
    assert live.told() == [(LOST, f"d={WATCH_LIMIT}")]
    live.machine.file("e/c.yaml", "port: 2\n")  # watched: told by nobody here
    for _ in range(4):
        live.wait(POLL)
    assert live.looked() == set()
    assert live.told() == []


def test_when_there_is_room_again_it_is_watched_looked_at_once_more_and_said(live: Live) -> None:
    live.watcher.room = len(live.watcher.directories)
    (live.etc / "f").mkdir()
    live.tree("f")
    live.settle()
    live.told()
    live.watcher.room += 1
    live.machine.file("f/new.yaml", "port: 1\n")
    live.clock.seconds += 600  # long enough for another try
    live.settle()
    live.settle()
    assert sorted(live.told()) == [(RESTORED, f"f={WATCH_LIMIT}"), (OPENED, "new.yaml")]
    assert live.polled() == {}
    assert live.path("f") in live.watcher.directories


def test_a_remote_file_system_is_never_touched_by_a_watch_and_polled(live: Live) -> None:
    live.mount("d", "nfs4")
    live.settle()
    assert live.path("d") not in live.watcher.directories
    assert live.polled() == {"d": REMOTE}
    told = live.told()
    assert told.count((LOST, f"d={REMOTE}")) == 1
    live.machine.file("d/b.yaml", "port: 2\n")
    live.wait(POLL)
    live.settle()
    assert live.told() == [(OPENED, "b.yaml")]
    live.clock.seconds += 10_000
    live.settle()
    assert live.polled() == {"d": REMOTE}
    live.unmount()
    live.settle()
    assert live.polled() == {}
    assert (RESTORED, f"d={REMOTE}") in live.told()


def test_a_mount_over_a_watched_directory_is_a_loss_of_that_directory_alone(live: Live) -> None:
    live.machine.file("d/b.yaml", "port: 2\n")
    live.machine.file("e/c.yaml", "port: 2\n")  # elsewhere: not concerned
    live.mount("d", "tmpfs")
    live.settle()
    told = live.told()
    assert sorted(told) == [(LOST, f"d={MOUNTS_CHANGED}"), (RESTORED, f"d={MOUNTS_CHANGED}"), (OPENED, "b.yaml")]
    assert live.looked() == {"d/b.yaml"}


def test_a_mount_that_no_item_can_be_under_is_none_of_ours(live: Live) -> None:
    live.mount("../elsewhere/deep", "tmpfs")
    live.settle()
    assert live.told() == []
    assert live.looked() == set()


def test_a_restart_repeats_nothing_of_what_is_still_polled(live: Live) -> None:
    live.watcher.refused[live.path("d")] = WATCH_LIMIT
    live.watcher.forget(live.path("d"))
    live.tree("d")
    live.settle()
    assert live.told() == [(LOST, f"d={WATCH_LIMIT}")]
    live.machine.restart()
    again = Live(live.machine, live.etc.parent)
    again.watcher.refused[live.path("d")] = WATCH_LIMIT
    again.begin()
    assert [told for told in again.told() if told[0] in (LOST, RESTORED)] == []
    again.watcher.refused.clear()
    again.clock.seconds += 600
    again.settle()
    assert again.told() == [(RESTORED, f"d={WATCH_LIMIT}")]


def test_polled_directories_are_no_gap(live: Live) -> None:
    from driftd.daemon.status import status_shape

    live.watcher.refused[live.path("d")] = WATCH_LIMIT
    live.watcher.forget(live.path("d"))
    live.tree("d")
    live.settle()
    shape = status_shape(live.service, [])
    assert isinstance(shape["coverage"], dict)
    assert shape["coverage"]["gaps"] == []
    assert {"item": str(live.etc / "d"), "mode": "polled", "reason": WATCH_LIMIT} in shape["watch"]  # type: ignore[operator]


def test_many_directories_for_one_reason_are_one_place() -> None:
    few = {f"/srv/{number}": WATCH_LIMIT for number in range(MAX_NAMED)}
    assert unwatched(few).keys() == few.keys()
    many = few | {"/srv/more": WATCH_LIMIT, "/mnt/x": REMOTE, "/etc/secret": UNREADABLE}
    assert {(gap.item, gap.reason) for gap in unwatched(many).values()} == {("/srv", WATCH_LIMIT), ("/mnt/x", REMOTE)}


# --- directories that come and go


def test_a_new_directory_is_watched_before_it_is_listed_and_nothing_else_is_looked_at(live: Live) -> None:
    (live.etc / "f/g").mkdir(parents=True)
    live.machine.file("f/g/new.yaml", "port: 1\n")
    live.machine.file("e/c.yaml", "port: 2\n")
    live.tree("f")
    live.turns()
    assert {live.path("f"), live.path("f/g")} <= live.watcher.directories.keys()
    live.settle()
    assert live.looked() == {"f", "f/g", "f/g/new.yaml"}


def test_a_directory_that_went_has_what_was_known_below_it_looked_at_after_a_moment(live: Live) -> None:
    (live.etc / "d").rename(live.etc.parent / "away")
    live.tree("d")
    live.turns()
    assert live.told() == []  # it may come back: so do programs save
    live.wait(SETTLE)
    assert sorted(live.told()) == [(OPENED, "b.yaml"), (OPENED, "d")]


def test_a_directory_that_comes_back_the_same_raises_nothing(live: Live) -> None:
    (live.etc / "d").rename(live.etc.parent / "away")
    live.tree("d")
    live.turns()
    (live.etc.parent / "away").rename(live.etc / "d")
    live.tree("d")
    live.settle()
    assert live.told() == []


def test_more_directories_than_can_be_remembered_have_everything_looked_at(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftd.daemon.rechecks.MAX_PLACES", 3)
    live.machine.file("e/c.yaml", "port: 2\n")
    for number in range(5):
        live.tree(f"none{number}")
    live.settle()
    assert live.told() == [(OPENED, "c.yaml")]


# --- links in patterns


def test_a_link_in_the_fixed_part_that_is_swapped_has_the_other_directory_looked_through(tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    with living(tmp_path / "links") as live:
        for release in ("1", "2"):
            (live.etc.parent / release).mkdir()
            (live.etc.parent / release / "x.yaml").write_text("port: 1\n")
        (live.etc / "current").symlink_to("../1")
        live.machine.define("current/*.yaml")
        live.machine.reload()
        live.watching.use(live.machine.engine.auditor, [])
        live.service.audits.want("deep", "reload")
        live.settle()
        live.machine.approve()
        live.settle()
        live.told()
        live.looked()
        (live.etc.parent / "2" / "new.yaml").write_text("port: 1\n")
        (live.etc / "next").symlink_to("../2")
        (live.etc / "next").rename(live.etc / "current")
        live.noticed("current")
        live.settle()
        assert live.told() == [(OPENED, "new.yaml")]
        assert os.fsencode(live.etc.parent / "2") in live.watcher.directories
        (live.etc.parent / "2" / "more.yaml").write_text("port: 1\n")
        live.noticed_at(live.etc.parent / "2" / "more.yaml")
        live.settle()
        assert live.told() == [(OPENED, "more.yaml")]


def test_more_notifications_than_the_inbox_takes_are_a_loss_and_all_is_found(live: Live) -> None:
    live.service.inbox = Inbox(most=3)
    for name in ("a.yaml", "d/b.yaml", "e/c.yaml"):
        live.machine.file(name, "port: 2\n")
    for _ in range(5):
        for name in ("a.yaml", "d/b.yaml"):  # of the third, nobody could tell any more
            live.noticed(name)
    live.turns()
    told = live.told()
    assert told[0] == (LOST, f"/={OVERFLOW}")
    assert sorted(item for action, item in told if action == OPENED) == ["a.yaml", "b.yaml", "c.yaml"]
    assert told[-1] == (RESTORED, f"/={OVERFLOW}")
