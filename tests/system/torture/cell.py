"""A cell: a user and a mount namespace in which the state directory is a small disk and watches can be made scarce."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final, Self

ROOMY: Final = 256 * 1024 * 1024
MANY: Final = 500_000
_PAGE: Final = os.sysconf("SC_PAGESIZE")


class Cell:
    """Everybody's numbers are the same inside as outside, so that owners of files are what they are. Needs root."""

    def __init__(self, state: Path) -> None:
        self._state = state
        state.mkdir(mode=0o700, exist_ok=True)
        self._holder = subprocess.Popen(
            ["unshare", "--user", "--mount", "sh", "-c", "echo in; exec sleep infinity"], stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        self._holder.stdout.readline()
        for numbers in ("uid_map", "gid_map"):
            Path(f"/proc/{self._holder.pid}/{numbers}").write_text("0 0 4294967295")
        self._run("mount", "-t", "tmpfs", "-o", f"size={ROOMY},mode=0700", "tmpfs", str(state))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()

    @property
    def before(self) -> list[str]:
        """The words before a command that have it run inside; it keeps its process number."""
        return ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(self._holder.pid), "--"]

    @property
    def state(self) -> Path:
        """Where the state directory can be reached from outside."""
        return Path(f"/proc/{self._holder.pid}/root{self._state}")

    def fill(self, pages: int) -> None:
        """Leave so many pages of room on the disk."""
        for _ in range(50):
            there = os.statvfs(self.state)
            used = (there.f_blocks - there.f_bfree) * there.f_frsize
            if self._try("mount", "-o", f"remount,size={used + pages * _PAGE}", str(self._state)):
                return
        raise AssertionError("the disk could not be made small: somebody wrote to it each time")

    def free(self) -> None:
        """Make room again."""
        self._run("mount", "-o", f"remount,size={ROOMY}", str(self._state))

    def allow_watches(self, watches: int = MANY) -> None:
        """Let processes inside watch so many directories; what is watched stays watched."""
        self._run("sh", "-c", f"echo {watches} >/proc/sys/user/max_inotify_watches")

    def _run(self, *words: str) -> None:
        assert self._try(*words), words

    def _try(self, *words: str) -> bool:
        return subprocess.run([*self.before, *words], stderr=subprocess.DEVNULL, check=False).returncode == 0
