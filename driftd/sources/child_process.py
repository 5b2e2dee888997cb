"""A child process that serves a socket, or none: started when it is needed, ended at once when it is not wanted any more."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import Final

from driftd.sources.confinement import starting_id
from driftd.sources.reasons import PARSER_DIED, TIMEOUT, IsolationError

MAX_DYING: Final = 4
_REAP_SECONDS: Final = 0.5

BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from driftd.sources.child import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], float(sys.argv[5]))"
)
"""Isolated mode ignores the environment and the working directory; the child gets the modules that its parent has."""


class ChildProcess:
    """One child process in a role of `sources/child.py`, or none.

    To be used by one thread, which must live as long as the child: the kernel ends it with the thread that started it.
    """

    def __init__(self, boot: str, role: str, idle_seconds: float) -> None:
        self._boot = boot
        self._role = role
        self._idle_seconds = idle_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._dying: list[subprocess.Popen[bytes]] = []

    def started(self) -> socket.socket:
        """Return the link to a living child, started now if need be; IsolationError where too many hang already."""
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._link is not None:
            return self._link
        self._dying = [process for process in self._dying if process.poll() is None]
        if len(self._dying) >= MAX_DYING:
            raise IsolationError(TIMEOUT, f"{len(self._dying)} earlier reads hang in the kernel")
        ours, theirs = socket.socketpair()
        with theirs:
            modules = json.dumps([place for place in sys.path if os.path.isabs(place)])
            arguments = [modules, str(theirs.fileno()), str(os.getpid()), self._role, str(self._idle_seconds)]
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", self._boot, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"LC_ALL": "C.UTF-8"},
                pass_fds=(theirs.fileno(),),
                user=starting_id(),
                group=starting_id(),
                start_new_session=True,  # a Ctrl-C on the terminal is for driftd to handle
            )
        self._link = ours
        return ours

    def late(self, seconds: float) -> IsolationError:
        """End a child that did not answer in time; return what to say of it."""
        self.stop()
        return IsolationError(TIMEOUT, f"no answer within {seconds:g} s")

    def died(self) -> Exception:
        """End a child whose link broke; return what it died of, EndedError where it ended in good order."""
        process = self._process
        assert process is not None
        try:
            status = process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            return IsolationError(PARSER_DIED, "the child process closed its end")
        self.stop()
        if status == 0:
            return EndedError()
        cause = signal.Signals(-status).name if status < 0 else f"status {status}"
        return IsolationError(PARSER_DIED, f"the child process ended by {cause}")

    def stop(self) -> None:
        """End the child, at once. One that hangs in the kernel is reaped later."""
        process, self._process = self._process, None
        link, self._link = self._link, None
        if link is not None:
            link.close()
        if process is None:
            return
        process.kill()
        try:
            process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            self._dying.append(process)


class EndedError(Exception):
    """The child ended in good order before it saw the request."""
