"""The user that the service runs as: found, or made with the means of the system."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

from driftd.installing.place import Done, Owner, Place, Step
from driftd.sources.root import Root

PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
_SECONDS: Final = 60
_LIMIT: Final = 4 << 20
_LATER: Final = "made by systemd-sysusers when that tree boots"


def account_in(root: Root, name: str) -> Owner | None:
    """Return the user of this name in the root's passwd."""
    try:
        text = root.read_small(b"/etc/passwd", _LIMIT).decode("utf-8", "replace")
    except OSError:
        return None
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and fields[0] == name and fields[2].isdigit() and fields[3].isdigit():
            return Owner(int(fields[2]), int(fields[3]))
    return None


def make_account(place: Place, name: str, *, path: str = PATH) -> Step:
    """Make a system user and its group. `path`: where the programs for that are looked for."""
    what = f"user {name}"
    if account_in(place.root, name) is not None:
        return Step(what, Done.SAME)
    command = _command(place.root, name, path)
    if command is None:
        if not place.root.is_machine:
            return Step(what, Done.DID, _LATER)
        return Step(what, Done.FAILED, f"neither systemd-sysusers nor useradd is here: make the system user {name}")
    told = " ".join(command)
    if place.dry:
        return Step(what, Done.MADE, told)
    problem = run(command)
    if problem is None and account_in(place.root, name) is None:
        problem = "the user is not there afterwards"
    return Step(what, Done.FAILED, f"{told}: {problem}") if problem else Step(what, Done.MADE, told)


def _command(root: Root, name: str, path: str) -> list[str] | None:
    directory = os.fsdecode(root.directory)
    if sysusers := shutil.which("systemd-sysusers", path=path):
        return [sysusers, *([] if root.is_machine else [f"--root={directory}"]), f"{name}.conf"]
    if root.is_machine and (useradd := shutil.which("useradd", path=path)):
        home = ["--no-create-home", "--home-dir", f"/var/lib/{name}", "--shell", "/usr/sbin/nologin"]
        return [useradd, "--system", "--user-group", *home, "--comment", "Configuration drift auditor", name]
    return None


def run(command: Sequence[str]) -> str | None:
    """Run a program with a fixed environment; return why it failed, None where it did not."""
    environment = {"PATH": PATH, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {_SECONDS} s"
    except OSError as error:
        return error.strerror or str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else f"ended with status {done.returncode}"
