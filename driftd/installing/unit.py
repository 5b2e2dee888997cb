"""The unit file that ships with driftd, fitted to where the program is."""

from __future__ import annotations

import os
import re
import stat
from importlib import resources
from pathlib import Path
from typing import Final

import driftd

_PROGRAM: Final = re.compile(r"^(ExecStart=)\S+", re.MULTILINE)
_USER: Final = re.compile(r"^User=(\S+)\s*$", re.MULTILINE)


def shipped_unit() -> str:
    """Return the unit's text: from the package, or from the source tree where driftd runs from one."""
    packaged = resources.files("driftd") / "installing" / "files" / "driftd.service"
    if packaged.is_file():
        return packaged.read_text("utf-8")
    return (Path(driftd.__file__).parent.parent / "systemd" / "driftd.service").read_text("utf-8")


def unit_for(text: str, program: str) -> str:
    """Return the unit with the path of the program that it starts."""
    return _PROGRAM.sub(lambda found: found[1] + program.replace("%", "%%"), text)


def user_of(text: str) -> str:
    """Return as whom a unit runs; root where it does not say."""
    found = _USER.search(text)
    return found[1] if found else "root"


def barred(program: Path) -> Path | None:
    """Return the first place on the way to a program, or to its interpreter, that other accounts cannot pass.

    systemd starts a program as its account before that has any capability: one below a closed home directory is out of
    reach. None: the way is free.
    """
    for path in (program, _interpreter(program)):
        for named in (path, Path(os.path.realpath(path))):
            for place in [*reversed(named.parents), named]:
                wanted = stat.S_IXOTH if os.path.isdir(place) else stat.S_IXOTH | stat.S_IROTH
                try:
                    mode = place.stat().st_mode
                except PermissionError:
                    return place.parent  # we are such an account ourselves
                if mode & wanted != wanted:
                    return place
    return None


def _interpreter(program: Path) -> Path:
    try:
        with program.open("rb") as file:
            first = file.readline(512)
    except PermissionError:
        return program
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    return Path(words[0]) if words and os.path.isfile(words[0]) else program
