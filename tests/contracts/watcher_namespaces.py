"""What needs a namespace of its own, run as `unshare -Urm python watcher_namespaces.py SCENARIO DIRECTORY`.

The last line is one JSON value; the expectations stand in test_watcher.py.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
from pathlib import Path

from driftd.sources.mounts import Mounts
from driftd.watch.inotify import InotifyWatcher
from driftd.watch.notices import Notices, mounts

PATIENCE = 20.0


class Recorder:
    def __init__(self) -> None:
        self.queue: queue.Queue[tuple[str, str]] = queue.Queue()

    def changed(self, directory: bytes, name: bytes, *, complete: bool, is_directory: bool) -> None:
        self.queue.put(("changed", (directory + b"/" + name).decode()))

    def tree(self, path: bytes) -> None:
        self.queue.put(("tree", path.decode()))

    def vanished(self, directory: bytes) -> None:
        self.queue.put(("vanished", directory.decode()))

    def lost(self, reason: str) -> None:
        self.queue.put(("lost", reason))

    def until(self, last: tuple[str, str]) -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        while last not in seen:
            seen.append(self.queue.get(timeout=PATIENCE))
        return seen


def watch_limit(top: Path) -> object:
    Path("/proc/sys/user/max_inotify_watches").write_text("3")
    watcher, recorder = InotifyWatcher(), Recorder()
    watcher.start(recorder)
    directories = [top / str(number) for number in range(5)]
    for directory in directories:
        directory.mkdir()
    reasons = [watcher.watch(bytes(directory)) for directory in directories]
    (directories[0] / "f").touch()
    recorder.until(("changed", str(directories[0] / "f")))
    watcher.forget(bytes(directories[0]))
    again = watcher.watch(bytes(directories[4]))
    watcher.close()
    return [reasons, again]


def instance_limit(top: Path) -> object:
    Path("/proc/sys/user/max_inotify_instances").write_text("0")
    watcher = InotifyWatcher()
    watcher.start(Recorder())
    return [watcher.alive(), watcher.watch(bytes(top))]


def unmount(top: Path) -> object:
    subprocess.run(["mount", "-t", "tmpfs", "none", top], check=True)
    inner = top / "inner"
    inner.mkdir()
    watcher, recorder = InotifyWatcher(), Recorder()
    watcher.start(recorder)
    assert watcher.watch(bytes(inner)) is None
    subprocess.run(["umount", top], check=True)
    seen = recorder.until(("vanished", str(inner)))
    left = list(watcher.watched())
    watcher.close()
    return [[kind for kind, _ in seen], len(left)]


def bind_mount(top: Path) -> object:
    """One inode under two paths: both are reported; forgetting one keeps the other."""
    real, bound = top / "real", top / "bound"
    real.mkdir()
    bound.mkdir()
    subprocess.run(["mount", "--bind", real, bound], check=True)
    watcher, recorder = InotifyWatcher(), Recorder()
    watcher.start(recorder)
    assert watcher.watch(bytes(real)) is None
    assert watcher.watch(bytes(bound)) is None
    (real / "f").symlink_to("x")
    both = recorder.until(("changed", str(bound / "f")))
    watcher.forget(bytes(real))
    (real / "g").symlink_to("x")
    one = recorder.until(("changed", str(bound / "g")))
    watcher.close()
    return [[Path(path).relative_to(top).as_posix() for _, path in seen] for seen in (both, one)]


def mount_notices(top: Path) -> object:
    """Mounting and unmounting are told, and nothing is after the end."""
    told: queue.Queue[str] = queue.Queue()
    notices = Notices(mounts(lambda: told.put("changed")))
    notices.start()
    table = Mounts()
    table.refresh()
    seen = []
    for command in (["mount", "-t", "tmpfs", "none", str(top)], ["umount", str(top)]):
        subprocess.run(command, check=True)
        told.get(timeout=PATIENCE)
        table.refresh()
        seen.append(table.changed() == {bytes(top)})
    notices.stop()
    notices.stop()
    while not told.empty():
        told.get()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(top)], check=True)
    return [seen, told.empty()]


def mounted_over(top: Path) -> object:
    """inotify says nothing of what is mounted over a directory, and goes on with what is hidden."""
    watcher, recorder = InotifyWatcher(), Recorder()
    watcher.start(recorder)
    assert watcher.watch(bytes(top)) is None
    subprocess.run(["mount", "-t", "tmpfs", "none", top], check=True)
    (top / "unseen").symlink_to("x")
    assert watcher.watch(bytes(top)) is None
    (top / "seen").symlink_to("x")
    seen = recorder.until(("changed", str(top / "seen")))
    watcher.close()
    return [Path(path).name for _, path in seen]


if __name__ == "__main__":
    scenarios = {
        "watch-limit": watch_limit,
        "instance-limit": instance_limit,
        "unmount": unmount,
        "bind-mount": bind_mount,
        "mount-notices": mount_notices,
        "mounted-over": mounted_over,
    }
    result = scenarios[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(result))  # diagnostics stand above it
