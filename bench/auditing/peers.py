"""Other programs on the same tree: the floor of a look at everything, and those that do a part of the work."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path


class Peers:
    """Programs that look at one tree, each prepared once. A method returns the seconds that one run took.

    `spent` is the processor time of all that were run.
    """

    def __init__(self, tree: Path, directory: Path) -> None:
        self._tree = tree
        self._directory = directory
        self._git = ["git", f"--git-dir={directory / 'git'}", f"--work-tree={tree}", "-c", "core.fsmonitor=false"]
        self._aide = ["aide", f"--config={directory / 'aide.conf'}"]

    def begin(self) -> None:
        """Have git and AIDE take in what is there."""
        if shutil.which("git"):
            identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"]
            for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "bench"]):
                self._run([*self._git, *identity, *words])
        if self.has_aide:
            database = self._directory / "aide.db"
            (self._directory / "aide.conf").write_text(
                f"database_in=file:{database}\ndatabase_out=file:{database}\nlog_level=error\n"
                f"{self._tree} p+u+g+s+m+c+i+sha256\n"
            )
            self._run([*self._aide, "--init"])

    @property
    def spent(self) -> float:
        times = os.times()
        return times.children_user + times.children_system

    @property
    def has_aide(self) -> bool:
        return shutil.which("aide") is not None

    def find(self) -> float:
        """Stat everything and print it."""
        return self._run(["find", str(self._tree), "-printf", r"%p %i %s %T@ %C@ %m %U %G\n"])

    def git_status(self) -> float:
        return self._run([*self._git, "status", "--porcelain"])

    def git_status_alone(self) -> float:
        """Do the same with one thread: it takes several where there are many files."""
        return self._run([*self._git, "-c", "core.preloadIndex=false", "status", "--porcelain"])

    def sha256sum(self) -> float:
        """Read everything, two at a time."""
        begin = time.perf_counter()
        with subprocess.Popen(["find", str(self._tree), "-type", "f", "-print0"], stdout=subprocess.PIPE) as find:
            subprocess.run(
                ["xargs", "-0", "-P2", "sha256sum"], stdin=find.stdout, stdout=subprocess.DEVNULL, check=True
            )
        return time.perf_counter() - begin

    def aide_check(self) -> float:
        return self._run([*self._aide, "--check"])

    def _run(self, words: list[str]) -> float:
        begin = time.perf_counter()
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(words, stdout=subprocess.DEVNULL, env=environment, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{words[0]} ended with {done.returncode}")
        return time.perf_counter() - begin
