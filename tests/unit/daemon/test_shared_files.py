"""Shared files are watched by themselves, as long as they are shared, and not more of them than may be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from driftd.daemon import shared_files
from driftd.daemon.shared_files import SharedFiles
from tests.unit.daemon.live import ToldWatcher


class FileWatcher(ToldWatcher):
    """Takes note of every file that it is told to watch."""

    def __init__(self) -> None:
        super().__init__()
        self.armed: list[bytes] = []

    def watch_file(self, file: bytes) -> str | None:
        self.armed.append(file)
        self.directories[file] = None
        return self.refused.get(file)


@pytest.fixture
def watcher() -> Iterator[FileWatcher]:
    made = FileWatcher()
    yield made
    made.close()


def on_host(place: bytes) -> bytes:
    return b"/host" + place


def test_a_shared_file_is_watched_once_and_again_where_another_took_its_place(watcher: FileWatcher) -> None:
    files = SharedFiles(watcher, on_host)
    assert files.put(b"/a", b"/a", 1)
    assert not files.put(b"/a", b"/a", 1)
    assert files.put(b"/a", b"/a", 2)
    assert watcher.armed == [b"/host/a", b"/host/a"]


def test_a_file_that_is_shared_no_more_is_let_go_unless_another_item_leads_to_it(watcher: FileWatcher) -> None:
    files = SharedFiles(watcher, on_host)
    files.put(b"/a", b"/srv/x", 1)
    files.put(b"/b", b"/srv/x", 1)
    files.put(b"/a", b"/a", None)
    assert watcher.watches(b"/host/srv/x")
    files.put(b"/b", b"/srv/y", 2)
    assert not watcher.watches(b"/host/srv/x")
    assert files.places() == {b"/srv/y"}


def test_beyond_so_many_files_none_is_watched(watcher: FileWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_files, "MAX_FILES", 2)
    files = SharedFiles(watcher, on_host)
    assert [files.put(path, path, 1) for path in (b"/a", b"/b", b"/c")] == [True, True, False]
    files.put(b"/a", b"/a", None)
    assert files.put(b"/c", b"/c", 1)


def test_what_cannot_be_watched_is_left_to_audits(watcher: FileWatcher) -> None:
    watcher.refused[b"/host/a"] = "watch-limit"
    files = SharedFiles(watcher, on_host)
    assert not files.put(b"/a", b"/a", 1)
    assert files.places() == set()


def test_what_is_doubted_or_not_watched_any_more_is_watched_again(watcher: FileWatcher) -> None:
    files = SharedFiles(watcher, on_host)
    files.put(b"/a", b"/a", 1)
    files.put(b"/b", b"/b", 2)
    files.put(b"/c", b"/c", 3)
    watcher.forget(b"/host/b")
    watcher.armed.clear()
    files.cover({b"/host/a"})
    assert sorted(watcher.armed) == [b"/host/a", b"/host/b"]
