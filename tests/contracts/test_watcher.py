"""What driftd relies on in the kernel and in watchdog's inotify reader, held against the real ones.

Nothing sleeps: inotify keeps the order of one descriptor, so that what has not come before the fence will not come.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.watch.inotify import InotifyWatcher
from driftd.watch.reasons import DIED, FAILED, MISSING, NOT_RUNNING, OVERFLOW, UNREADABLE, WATCH_LIMIT

PATIENCE = 20.0
Seen = tuple[str, str, bool, bool]


class Recorder:
    """A listener that keeps what it is told, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Seen] = queue.Queue()
        self.may_run = threading.Event()
        self.may_run.set()
        self.fail_at: str | None = None

    def changed(self, directory: bytes, name: bytes, *, complete: bool, is_directory: bool) -> None:
        self.may_run.wait(PATIENCE)
        path = os.fsdecode(os.path.join(directory, name))
        if self.fail_at and path.endswith(self.fail_at):
            raise RuntimeError(self.fail_at)
        self.queue.put(("changed", path, complete, is_directory))

    def tree(self, path: bytes) -> None:
        self.queue.put(("tree", os.fsdecode(path), True, True))

    def vanished(self, directory: bytes) -> None:
        self.queue.put(("vanished", os.fsdecode(directory), True, True))

    def lost(self, reason: str) -> None:
        self.queue.put(("lost", reason, True, True))


class Scene:
    """A watched directory, and a second one for the fence."""

    def __init__(self, top: Path) -> None:
        self.top = top / "top"
        self.top.mkdir()
        self.fence_directory = top / "fence"
        self.fence_directory.mkdir()
        self.recorder = Recorder()
        self.watcher = InotifyWatcher()
        self.watcher.start(self.recorder)
        self.watch(self.top)
        self.watch(self.fence_directory)
        self.fences = 0

    def watch(self, path: Path) -> None:
        assert self.watcher.watch(bytes(path)) is None

    def seen(self) -> list[Seen]:
        """Everything reported so far."""
        self.fences += 1
        fence = self.fence_directory / str(self.fences)
        fence.symlink_to("x")
        seen: list[Seen] = []
        while (one := self.recorder.queue.get(timeout=PATIENCE))[1] != str(fence):
            seen.append(one)
        return seen

    def changes(self) -> list[tuple[str, bool]]:
        """What was reported of entries: (path below the top, complete), repeats left out."""
        listed = [
            (os.path.relpath(path, self.top), complete) for kind, path, complete, _ in self.seen() if kind == "changed"
        ]
        return [one for number, one in enumerate(listed) if number == 0 or listed[number - 1] != one]

    def vanished(self) -> list[str]:
        return [os.path.relpath(path, self.top) for kind, path, _, _ in self.seen() if kind == "vanished"]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.recorder.may_run.set()
    scene.watcher.close()


def test_an_edit_in_place_is_complete_when_closed(scene: Scene) -> None:
    with (scene.top / "f").open("w") as file:
        file.write("a=1")
        file.flush()
        assert scene.changes() == [("f", False)]
    assert scene.changes() == [("f", True)]


def test_reading_raises_nothing(scene: Scene) -> None:
    (scene.top / "f").write_text("a=1")
    scene.seen()
    (scene.top / "f").read_text()
    list(scene.top.iterdir())
    assert scene.seen() == []


def test_a_chmod_is_complete_unless_the_file_is_being_written(scene: Scene) -> None:
    path = scene.top / "f"
    path.write_text("a=1")
    scene.seen()
    path.chmod(0o600)
    assert scene.changes() == [("f", True)]
    with path.open("w") as file:
        os.fchmod(file.fileno(), 0o640)
        assert scene.changes() == [("f", False)]
    assert scene.changes() == [("f", True)]
    path.chmod(0o600)
    assert scene.changes() == [("f", True)]


def test_a_file_without_a_close_to_come_is_complete_at_once(scene: Scene) -> None:
    (scene.top / "link").symlink_to("x")
    os.mkfifo(scene.top / "fifo")
    assert scene.changes() == [("link", True), ("fifo", True)]
    outside = scene.top.parent / "outside"
    outside.write_text("a=1")
    os.link(outside, scene.top / "hard")
    assert scene.changes() == [("hard", True)]


def test_a_file_made_without_a_name_first_is_left_to_settling(scene: Scene) -> None:
    descriptor = os.open(scene.top, os.O_TMPFILE | os.O_WRONLY, 0o644)
    os.write(descriptor, b"a=1")
    opened = os.open("/proc/self/fd", os.O_RDONLY)
    os.link(str(descriptor), scene.top / "f", src_dir_fd=opened, follow_symlinks=True)
    os.close(opened)
    assert scene.changes()[-1] == ("f", False)
    os.close(descriptor)


def test_renames_in_out_and_within_are_complete(scene: Scene) -> None:
    outside = scene.top.parent / "outside"
    outside.write_text("a=1")
    outside.rename(scene.top / "in")
    assert scene.changes() == [("in", True)]
    (scene.top / "in").rename(scene.top / "other")
    assert scene.changes() == [("in", True), ("other", True)]
    (scene.top / "other").rename(outside)
    assert scene.changes() == [("other", True)]
    outside.write_text("a=2")
    assert scene.seen() == []


def test_a_file_replaced_by_rename_is_seen_again_and_again(scene: Scene) -> None:
    for text in ("a=1", "a=2"):
        (scene.top / "f.new").write_text(text)
        (scene.top / "f.new").rename(scene.top / "f")
        assert scene.changes()[-1] == ("f", True)
    (scene.top / "f").write_text("a=3")
    assert scene.changes() == [("f", False), ("f", True)]


def test_a_link_swap_is_complete(scene: Scene) -> None:
    (scene.top / "..data").symlink_to("one")
    (scene.top / "..data_tmp").symlink_to("two")
    scene.seen()
    (scene.top / "..data_tmp").rename(scene.top / "..data")
    assert scene.changes() == [("..data_tmp", True), ("..data", True)]


def test_a_removal_is_complete(scene: Scene) -> None:
    (scene.top / "f").touch()
    scene.seen()
    (scene.top / "f").unlink()
    assert scene.changes()[-1] == ("f", True)


def test_names_are_bytes(scene: Scene) -> None:
    name = b"\xff\n\x1b[31m"
    Path(os.fsdecode(bytes(scene.top) + b"/" + name)).symlink_to("x")
    assert scene.changes() == [(os.fsdecode(name), True)]


def test_entries_that_are_directories_are_told_apart(scene: Scene) -> None:
    path = str(scene.top / "d")
    (scene.top / "d").mkdir()
    assert scene.seen() == [("tree", path, True, True), ("changed", path, False, True)]
    (scene.top / "d").chmod(0o700)
    assert scene.seen() == [("changed", path, True, True)]
    (scene.top / "d").rename(scene.top / "e")
    assert [path for kind, path, _, _ in scene.seen() if kind == "tree"] == [path, str(scene.top / "e")]
    (scene.top / "e").rmdir()
    assert [kind for kind, _, _, _ in scene.seen()] == ["tree", "changed"]


def test_the_watched_directory_itself_is_reported_under_its_own_path(scene: Scene) -> None:
    scene.top.chmod(0o700)
    assert scene.seen() == [("changed", str(scene.top), True, True)]


def test_what_lies_below_is_not_watched(scene: Scene) -> None:
    (scene.top / "d").mkdir()
    scene.seen()
    (scene.top / "d" / "f").touch()
    assert scene.seen() == []


def test_a_directory_removed_and_made_again_can_be_watched_again(scene: Scene) -> None:
    inner = scene.top / "d"
    for _ in range(2):
        inner.mkdir()
        scene.watch(inner)
        (inner / "f").symlink_to("x")
        assert ("d/f", True) in scene.changes()
        shutil.rmtree(inner)
        assert scene.vanished() == ["d"]
        assert bytes(inner) not in scene.watcher.watched()


def test_a_removed_directory_that_somebody_holds_open_has_vanished_all_the_same(scene: Scene) -> None:
    inner = scene.top / "d"
    inner.mkdir()
    scene.watch(inner)
    scene.seen()
    descriptor = os.open(inner, os.O_DIRECTORY)
    inner.rmdir()
    assert scene.vanished() == ["d"]
    inner.mkdir()
    scene.watch(inner)
    os.close(descriptor)
    assert "d" not in scene.vanished()
    (inner / "f").symlink_to("x")
    assert scene.changes() == [("d/f", True)]


def test_a_directory_removed_where_its_parent_is_not_watched_has_vanished(scene: Scene) -> None:
    scene.watcher.forget(bytes(scene.top))
    inner = scene.top / "d"
    inner.mkdir()
    scene.watch(inner)
    inner.rmdir()
    assert scene.vanished() == ["d"]


def test_a_directory_that_moves_takes_everything_below_along(scene: Scene) -> None:
    deep = scene.top / "d" / "e"
    deep.mkdir(parents=True)
    scene.watch(scene.top / "d")
    scene.watch(deep)
    scene.seen()
    (scene.top / "d").rename(scene.top / "moved")
    assert sorted(scene.vanished()) == ["d", "d/e"]
    (scene.top / "moved" / "e" / "f").touch()
    assert scene.seen() == []
    scene.watch(scene.top / "moved" / "e")
    (scene.top / "moved" / "e" / "g").symlink_to("x")
    assert scene.changes() == [("moved/e/g", True)]


def test_a_directory_that_moves_is_noticed_without_a_watch_on_its_parent(scene: Scene) -> None:
    scene.watcher.forget(bytes(scene.top))
    deep = scene.top / "d" / "e"
    deep.mkdir(parents=True)
    scene.watch(scene.top / "d")
    scene.watch(deep)
    (scene.top / "d").rename(scene.top / "moved")
    assert sorted(scene.vanished()) == ["d", "d/e"]


def test_a_directory_that_moves_is_noticed_though_only_its_parent_and_children_are_watched(scene: Scene) -> None:
    deep = scene.top / "d" / "e"
    deep.mkdir(parents=True)
    scene.watch(deep)
    scene.seen()
    (scene.top / "d").rename(scene.top / "moved")
    assert scene.vanished() == ["d/e"]


def test_two_directories_that_change_places_are_not_confused(scene: Scene) -> None:
    for name in ("a", "b"):
        (scene.top / name).mkdir()
        scene.watch(scene.top / name)
    scene.seen()
    (scene.top / "a").rename(scene.top / "t")
    (scene.top / "b").rename(scene.top / "a")
    (scene.top / "t").rename(scene.top / "b")
    assert {"a", "b"} <= set(scene.vanished())
    scene.watch(scene.top / "a")
    scene.watch(scene.top / "b")
    scene.seen()
    (scene.top / "a" / "f").symlink_to("x")
    assert scene.changes() == [("a/f", True)]


def test_the_same_directory_under_a_new_path_is_reported_there_alone(scene: Scene) -> None:
    """The kernel hands out the old descriptor again; the note that it moved may come after the new watch."""
    inner, moved = scene.top / "d", scene.top / "moved"
    inner.mkdir()
    scene.watch(inner)
    scene.seen()
    scene.recorder.may_run.clear()
    (scene.top / "hold").symlink_to("x")
    inner.rename(moved)
    scene.watch(moved)
    scene.recorder.may_run.set()
    assert "d" in scene.vanished()
    scene.watch(moved)
    (moved / "f").symlink_to("x")
    assert scene.changes() == [("moved/f", True)]


def test_a_successor_that_is_watched_already_keeps_its_watch(scene: Scene) -> None:
    """What the reader learns late is checked against what stands now."""
    inner = scene.top / "d"
    inner.mkdir()
    scene.watch(inner)
    scene.seen()
    scene.recorder.may_run.clear()
    (scene.top / "hold").symlink_to("x")
    inner.rename(scene.top / "moved")
    inner.mkdir()
    (inner / "e").mkdir()
    scene.watch(inner)
    scene.watch(inner / "e")
    scene.recorder.may_run.set()
    assert scene.vanished() == []
    (inner / "f").symlink_to("x")
    (inner / "e" / "f").symlink_to("x")
    assert scene.changes() == [("d/f", True), ("d/e/f", True)]


def test_watching_again_changes_nothing(scene: Scene) -> None:
    for _ in range(3):
        scene.watch(scene.top)
    (scene.top / "f").symlink_to("x")
    assert [path for _, path, _, _ in scene.seen()] == [str(scene.top / "f")]


def test_watching_again_remembers_who_is_writing(scene: Scene) -> None:
    with (scene.top / "f").open("w"):
        scene.watch(scene.top)
        scene.seen()
        (scene.top / "f").chmod(0o600)
        assert scene.changes() == [("f", False)]


def test_a_forgotten_directory_is_silent(scene: Scene) -> None:
    scene.watcher.forget(bytes(scene.top))
    scene.watcher.forget(b"/never/watched")
    (scene.top / "f").touch()
    assert scene.seen() == []
    assert list(scene.watcher.watched()) == [bytes(scene.fence_directory)]


def test_reasons_why_a_directory_cannot_be_watched(scene: Scene) -> None:
    (scene.top / "file").touch()
    (scene.top / "link").symlink_to(scene.fence_directory)
    for name in ("absent", "file", "link"):
        assert scene.watcher.watch(bytes(scene.top / name)) == MISSING
    assert set(scene.watcher.watched()) == {bytes(scene.top), bytes(scene.fence_directory)}


def test_a_watch_that_cannot_be_renewed_is_given_up(scene: Scene) -> None:
    """A move above all that is watched: the descriptor would go on reporting under a path that is not there."""
    outer = scene.top.parent / "unwatched" / "d"
    outer.mkdir(parents=True)
    scene.watch(outer)
    (scene.top.parent / "unwatched").rename(scene.top.parent / "elsewhere")
    assert scene.watcher.watch(bytes(outer)) == MISSING
    scene.seen()
    (scene.top.parent / "elsewhere" / "d" / "f").touch()
    assert scene.seen() == []


def test_an_unreadable_directory_is_named_as_such(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o700)
    for parent in (tmp_path, *tmp_path.parents[:-2]):
        parent.chmod(parent.stat().st_mode | 0o755)
    script = (
        "import os, sys\n"
        "from driftd.watch.inotify import InotifyWatcher\n"
        "os.setuid(65534)\n"
        "watcher = InotifyWatcher(); watcher.start(None)\n"
        "print(watcher.watch(os.fsencode(sys.argv[1])), list(watcher.watched())); watcher.close()"
    )
    done = subprocess.run([sys.executable, "-c", script, secret], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [UNREADABLE, "[]"]


def test_an_overflow_is_a_loss_and_watching_goes_on(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    (scene.top / "f").touch()
    (scene.top / "g").touch()
    scene.seen()
    scene.recorder.may_run.clear()
    for number in range(limit + 5000):  # beyond what the reader took before it was held up
        os.chmod(scene.top / "fg"[number % 2], 0o600)
    scene.recorder.may_run.set()
    while (one := scene.recorder.queue.get(timeout=PATIENCE))[0] != "lost":
        assert one[0] == "changed"
    assert one[1] == OVERFLOW
    (scene.top / "f").unlink()
    assert scene.changes()[-1] == ("f", True)
    assert "overflow" not in capfd.readouterr().err.lower()


def test_a_failing_listener_is_a_loss_and_not_the_end(scene: Scene) -> None:
    scene.recorder.fail_at = "bad"
    (scene.top / "bad").symlink_to("x")
    assert scene.seen() == [("lost", FAILED, True, True)]
    (scene.top / "good").symlink_to("x")
    assert scene.changes() == [("good", True)]


def test_the_death_of_the_reader_is_reported_and_a_new_start_helps(scene: Scene) -> None:
    reader = scene.watcher._reader
    assert reader is not None
    assert scene.watcher.alive()
    before = len(os.listdir("/proc/self/fd"))

    def broken(*, event_buffer_size: int = 0) -> list[object]:  # noqa: ARG001
        raise OSError("the kernel said no")

    reader.read_events = broken  # type: ignore[method-assign, assignment]
    (scene.top / "f").symlink_to("x")  # the read under way still comes through
    while (one := scene.recorder.queue.get(timeout=PATIENCE))[0] == "changed":
        pass
    assert one == ("lost", DIED, True, True)
    reader.join(PATIENCE)
    assert not scene.watcher.alive()
    assert len(os.listdir("/proc/self/fd")) == before - 3
    assert scene.watcher.watch(bytes(scene.top)) == DIED
    assert list(scene.watcher.watched()) == []
    scene.watcher.start(scene.recorder)
    scene.watch(scene.top)
    scene.watch(scene.fence_directory)
    (scene.top / "g").symlink_to("x")
    assert scene.changes() == [("g", True)]


def test_closing_ends_the_thread_gives_descriptors_back_and_reports_nothing(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    scene = Scene(tmp_path)
    reader = scene.watcher._reader
    assert reader is not None
    scene.watcher.close()
    scene.watcher.close()
    assert not reader.is_alive()
    assert scene.recorder.queue.empty()
    assert set(os.listdir("/proc/self/fd")) == before
    assert scene.watcher.watch(bytes(tmp_path)) == NOT_RUNNING


def test_no_child_process_inherits_the_descriptor(scene: Scene) -> None:
    assert scene.watcher.alive()
    done = subprocess.run(["ls", "-l", "/proc/self/fd"], capture_output=True, text=True, check=True, close_fds=False)
    assert "inotify" not in done.stdout


@pytest.fixture
def in_namespace(require_real: Callable[[str], None], tmp_path: Path) -> Callable[[str], object]:
    """A function: run a scenario of watcher_namespaces.py as root of new user and mount namespaces."""
    require_real("unshare")

    def run(scenario: str) -> object:
        script = Path(__file__).with_name("watcher_namespaces.py")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = ["unshare", "-Urm", sys.executable, str(script), scenario, str(tmp_path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_the_watch_limit_is_a_reason_and_room_can_be_made(in_namespace: Callable[[str], object]) -> None:
    assert in_namespace("watch-limit") == [[None, None, None, WATCH_LIMIT, WATCH_LIMIT], None]


def test_the_instance_limit_is_a_reason(in_namespace: Callable[[str], object]) -> None:
    assert in_namespace("instance-limit") == [False, "instance-limit"]


def test_an_unmount_is_noticed(in_namespace: Callable[[str], object]) -> None:
    assert in_namespace("unmount") == [["vanished"], 0]


def test_a_bind_mount_shares_the_descriptor_and_keeps_its_own_path(in_namespace: Callable[[str], object]) -> None:
    assert in_namespace("bind-mount") == [["real/f", "bound/f"], ["bound/g"]]


def test_mounting_and_unmounting_are_told(in_namespace: Callable[[str], object]) -> None:
    assert in_namespace("mount-notices") == [[True, True], True]


def test_what_is_mounted_over_a_watched_directory_is_unseen_until_it_is_watched_again(
    in_namespace: Callable[[str], object],
) -> None:
    assert in_namespace("mounted-over") == ["seen"]
