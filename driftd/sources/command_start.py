"""The start of a command: a process that gives up what the command must not have, and then becomes it."""

from __future__ import annotations

import os
import signal
from typing import Any, Never

from driftd.sources.confinement import as_command


def main(start: dict[str, Any]) -> None:
    """Become the command. Where that cannot be, say why on the descriptor `report`, which the command does not get."""
    report = int(start["report"])
    os.set_inheritable(report, False)  # noqa: FBT003 - it takes no names
    try:
        _become(start)
    except OSError as error:
        _give_up(report, f"{start['argv'][0]}: {error.strerror or error}")
    except KeyError:
        _give_up(report, f"there is no user {start['user']}")


def _become(start: dict[str, Any]) -> Never:
    os.umask(0o077)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:  # what anybody above us ignores, or Python
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    as_command(int(start["parent"]), user=start["user"], privileged=bool(start["privileged"]), closed=start["closed"])
    os.execve(start["program"], start["argv"], start["environment"])  # noqa: S606 - no shell is what is wanted


def _give_up(report: int, why: str) -> Never:
    os.write(report, why.encode("utf-8", "replace"))
    os._exit(127)
