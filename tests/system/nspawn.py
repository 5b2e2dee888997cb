"""A machine of the tests' own: real systemd as PID 1, in a container over this machine's root directory.

What the container writes goes to memory and is gone after it. Needs root and systemd-nspawn; no image, no network.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self

BOOT_SECONDS: Final = 90.0
"""Until a machine that is not up counts as broken; it takes two when all is well."""
HIERARCHIES: Final = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"))
TARGET: Final = """[Unit]
Description=What the tests need and no more: what else is installed on this machine is not started
Requires=basic.target
After=basic.target
"""


@contextlib.contextmanager
def copied_root(place: Path) -> Iterator[Path]:
    """Yield a directory that holds what this machine's root directory holds; what is written there is kept in memory."""
    memory = place.with_name(f"{place.name}.memory")
    with contextlib.ExitStack() as undo:
        for directory in (place, memory):
            directory.mkdir(parents=True)
        _run("mount", "-t", "tmpfs", "none", memory)
        undo.callback(_run, "umount", "--lazy", memory)
        for name in ("upper", "work"):
            (memory / name).mkdir()
        layers = f"lowerdir=/,upperdir={memory}/upper,workdir={memory}/work"
        _run("mount", "-t", "overlay", "overlay", "-o", layers, place)
        undo.callback(_run, "umount", "--lazy", place)
        yield place


class Machine:
    """One container. `root` is its file system as seen from outside; `shared` is the same directory on both sides.

    `command`: process number 1, instead of systemd; `options`: more for systemd-nspawn; `points`: directories to mount on.
    """

    def __init__(
        self, directory: Path, *, command: Sequence[str] = (), options: Sequence[str] = (), points: Sequence[str] = ()
    ) -> None:
        self.name = f"driftd-{secrets.token_hex(4)}"
        self._command = command
        self._options = options
        self._points = points
        self.shared = directory / "shared"
        self.root = directory / "root"
        self._log = directory / "console"
        self._process: subprocess.Popen[bytes] | None = None
        self._inside = 0
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            self._mount(undo)
            self._boot(undo)
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _mount(self, undo: contextlib.ExitStack) -> None:
        self.shared.mkdir(parents=True)
        undo.enter_context(copied_root(self.root))
        for point in self._points:
            (self.root / point).mkdir(parents=True, exist_ok=True)
        (self.root / "etc/machine-id").write_text(secrets.token_hex(16) + "\n")
        (self.root / "etc/hostname").write_text(self.name + "\n")
        (self.root / "etc/systemd/system/tests.target").write_text(TARGET)
        policy = self.root / "usr/sbin/policy-rc.d"  # images of containers forbid packages to start services
        policy.unlink(missing_ok=True)

    def _boot(self, undo: contextlib.ExitStack) -> None:
        groups = [place / self.name for place in HIERARCHIES if (place / "cgroup.procs").exists()]
        for group in groups:
            group.mkdir()
            undo.callback(_remove_group, group)
        # In groups of its own from the start: machines share a name for their groups, relative to the launcher's.
        join = 'for group in $1; do echo $$ > $group/cgroup.procs; done; shift; exec "$@"'
        command = [
            "systemd-nspawn", "--quiet", f"--directory={self.root}", "--register=no", "--keep-unit",
            f"--machine={self.name}", "--private-network", "--console=pipe", f"--bind={self.shared}",
            *self._options, *([] if self._command else ["--boot"]),
            "--", *(self._command or ["--unit=tests.target"]),
        ]  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", join, "sh", " ".join(map(str, groups)), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        undo.callback(self._power_off)
        self._until_up()

    def _until_up(self) -> None:
        assert self._process is not None
        end = time.monotonic() + BOOT_SECONDS
        while True:
            assert self._process.poll() is None, f"the machine ended: {self.said()}"
            assert time.monotonic() < end, f"the machine is not up: {self.said()}"
            found = subprocess.run(
                ["pgrep", "--parent", str(self._process.pid)], check=False, capture_output=True, text=True
            )
            if found.stdout.strip():
                self._inside = int(found.stdout.split()[0])
                if self._command:
                    return
                state = self.run("systemctl", "is-active", "tests.target", status=None)
                if state.stdout.strip() == "active":
                    return
            time.sleep(0.05)

    def said(self) -> str:
        """Return what came out of process number 1."""
        return self._log.read_text("utf-8", "replace")

    def wait(self, seconds: float) -> int:
        """Return the status with which the container ended."""
        assert self._process is not None
        return self._process.wait(seconds)

    def _power_off(self) -> None:
        process = self._process
        assert process is not None
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def run(
        self, *words: str, status: int | None = 0, given: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside, with `given` on its standard input; fail unless it ends with `status`."""
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            **more,
        }
        done = subprocess.run(
            ["nsenter", "--target", str(self._inside), "--all", "--root", "--wd", "--", *words],
            env=environment,
            input=given,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert status is None or done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def path(self, path: str) -> Path:
        """Return a file of the container as it is named outside."""
        return self.root / path.lstrip("/")


def _run(*words: str | Path) -> None:
    done = subprocess.run(list(map(str, words)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stderr}"


def _remove_group(group: Path) -> None:
    """Remove a control group and those in it, once the last process has left them."""
    end = time.monotonic() + 30
    for inner in sorted((path for path in group.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts)):
        _removed(inner, end)
    _removed(group, end)


def _removed(group: Path, end: float) -> None:
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
