"""The unit file that ships with driftd, fitted to where the program is."""

from __future__ import annotations

import re
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
