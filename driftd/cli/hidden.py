"""What the unit of the running daemon hides from it, told from outside."""

from __future__ import annotations

import os
from pathlib import Path

from driftd.daemon.control import ask
from driftd.sources.masks import HOST, Mask, masks
from driftd.surroundings import is_unit


def hidden_from_daemon(socket: Path) -> tuple[Mask, ...]:
    """Return the places that the daemon does not see as the host has them.

    Raises DaemonAbsentError, ControlError, or OSError where its mounts may not be read.
    """
    answer = ask(socket, "status", timeout=10.0)
    assert isinstance(answer, dict)
    daemon = answer["daemon"]
    assert isinstance(daemon, dict)
    process = Path("/proc", str(daemon["pid"]))
    words = os.fsdecode((process / "environ").read_bytes()).split("\0")
    if not is_unit(dict(word.split("=", 1) for word in words if "=" in word), int(process.name)):
        return ()  # whoever started it in a name space of its own means what is seen there
    table = (process / "mountinfo").read_bytes()
    return masks(table, Path(HOST.decode()).read_bytes()).told
