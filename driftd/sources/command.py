"""Commands: a program's output, or why there is none. No shell, a fixed environment, a deadline, a cap, no rights that were not given.

A command is started through a process of its own (`command_start.py`) that gives up what it must not have and then becomes the
command. It leads a session and a process group, which is killed as a whole when it ends, is late or says too much.

Each run has a thread of its own to wait in, at most so many side by side: nobody who asks has to wait for one.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from driftd.sources.confinement import starting_id
from driftd.sources.reasons import (
    COMMAND_FAILED,
    COMMAND_NOT_FOUND,
    COMMAND_NOT_RUN,
    COMMAND_OUTPUT,
    COMMAND_TIMEOUT,
    CommandError,
)

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PATH": PATH}
SIDE_BY_SIDE: Final = 2
STEP: Final = 0.1
"""Seconds between two looks whether a command has ended while something still holds its output open."""
GRACE: Final = 0.5
"""Seconds for what a command wrote before it ended, and for the kernel to end what was killed."""
MAX_DYING: Final = 4
"""Commands that hang in the kernel, although they were killed, until no more are started."""
STOPPING: Final = "driftd is stopping, or has read its settings again"
_PIECE: Final = 64 * 1024
_QUOTED: Final = 200

BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from driftd.sources.command_start import main; "
    "main(json.loads(sys.argv[2]))"
)
"""Isolated mode ignores the environment and the working directory; the process gets the modules that its parent has."""


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """How a command is run."""

    argv: tuple[str, ...]
    timeout: float = 10.0
    """Seconds."""
    max_bytes: int = 1024 * 1024
    """Of standard output, and of standard error."""
    user: str | None = None
    """Whom it becomes; None: nobody, where that can be become."""
    privileged: bool = False
    """It stays who driftd is, with all that driftd may do."""


Outcome = bytes | CommandError
"""What a command said, or why that cannot be compared."""


class CommandRunner:
    """Runs commands. Any thread may ask; `close` ends those under way."""

    def __init__(
        self,
        *,
        closed: Sequence[str] = (),
        boot: str = BOOT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`closed`: places of driftd's own that no command opens, unless it is privileged; see `confinement.as_command`."""
        self._closed_places = tuple(closed)
        self._boot = boot
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._running: set[_Run] = set()
        self._dying: list[subprocess.Popen[bytes]] = []
        self._closed = False

    def start(self, plan: CommandPlan) -> Future[Outcome]:
        """Have a command run, now or when one of those under way has ended; its outcome is never an exception."""
        with self._lock:
            if self._closed:
                never: Future[Outcome] = Future()
                never.set_result(CommandError(COMMAND_NOT_RUN, STOPPING))
                return never
            if self._pool is None:
                from concurrent.futures import ThreadPoolExecutor

                self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, "command")
            return self._pool.submit(self.run, plan)

    def run(self, plan: CommandPlan) -> Outcome:
        """Run a command and wait for it, as long as its timeout says and hardly longer."""
        try:
            return self._run(plan)
        except CommandError as error:
            return error
        except OSError as error:
            return CommandError(COMMAND_NOT_RUN, error.strerror or str(error))

    def close(self) -> None:
        """End what is under way, and start no more."""
        with self._lock:
            self._closed = True
            for run in self._running:
                run.kill()
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()  # those that have not begun say so, and are done at once

    def _run(self, plan: CommandPlan) -> bytes:
        program = found(plan.argv[0])
        with self._lock:
            if self._closed:
                raise CommandError(COMMAND_NOT_RUN, STOPPING)
            self._dying = [process for process in self._dying if process.poll() is None]
            if len(self._dying) >= MAX_DYING:
                raise CommandError(COMMAND_NOT_RUN, f"{len(self._dying)} earlier commands hang in the kernel")
            run = _Run(plan, program, self._closed_places, self._boot, self._monotonic)
            self._running.add(run)
        try:
            return run.output()
        finally:
            with self._lock:
                self._running.discard(run)
                self._dying += run.end()


def found(name: str) -> str:
    """Return where a program stands, by its name or its path; CommandError where it does not."""
    candidates = [name] if "/" in name else [f"{directory}/{name}" for directory in PATH.split(":")]
    for candidate in candidates:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK, effective_ids=True):
            return candidate
    where = "there is no such program" if "/" in name else f"it is in none of {PATH}"
    raise CommandError(COMMAND_NOT_FOUND, f"{name}: {where}")


class _Run:
    """One run of a command."""

    def __init__(
        self, plan: CommandPlan, program: str, closed: Sequence[str], boot: str, monotonic: Callable[[], float]
    ) -> None:
        self._plan = plan
        self._monotonic = monotonic
        self._deadline = monotonic() + plan.timeout
        self._reaped = False
        ours, theirs = os.pipe()
        self._report = open(ours, "rb", buffering=0)  # noqa: SIM115 - closed by end()
        start = {
            "program": program,
            "argv": list(plan.argv),
            "environment": ENVIRONMENT,
            "user": plan.user,
            "privileged": plan.privileged,
            "closed": list(closed),
            "parent": os.getpid(),
            "report": theirs,
        }
        modules = json.dumps([place for place in sys.path if os.path.isabs(place)])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", boot, modules, json.dumps(start)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env=ENVIRONMENT,
                pass_fds=(theirs,),
                user=starting_id(),
                group=starting_id(),
                start_new_session=True,
            )
        except BaseException:
            self._report.close()
            raise
        finally:
            os.close(theirs)

    def output(self) -> bytes:
        """Return what the command wrote; CommandError where it failed, was late or wrote too much."""
        output, errors, report = self._collected()
        status = self._status()
        if report:
            raise CommandError(COMMAND_NOT_RUN, report.decode("utf-8", "replace"))
        if status == 0:
            return output
        how = f"ended by {_signal_name(-status)}" if status < 0 else f"status {status}"
        said = first_line(errors)
        raise CommandError(COMMAND_FAILED, f"{how}: {said}" if said else how)

    def _collected(self) -> tuple[bytes, bytes, bytes]:
        """Read all pipes side by side until they are closed; what has left the command's group may hold them no longer than that."""
        taken = (bytearray(), bytearray(), bytearray())
        ends = self._deadline
        with selectors.DefaultSelector() as pipes:
            for pipe, into in zip(self._pipes(), taken, strict=True):
                os.set_blocking(pipe.fileno(), False)
                pipes.register(pipe, selectors.EVENT_READ, into)
            while pipes.get_map():
                left = ends - self._monotonic()
                if left <= 0:
                    if self._has_ended():
                        break
                    raise self._late()
                for key, _ in pipes.select(min(left, STEP)):
                    if not self._took(key.fd, key.data):
                        pipes.unregister(key.fileobj)
                if ends == self._deadline and self._has_ended():
                    self.kill()
                    ends = min(ends, self._monotonic() + GRACE)
        return bytes(taken[0]), bytes(taken[1]), bytes(taken[2])

    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        assert self._process.stdout is not None and self._process.stderr is not None
        return self._process.stdout, self._process.stderr, self._report

    def _took(self, fd: int, into: bytearray) -> bool:
        piece = os.read(fd, _PIECE)
        into += piece
        if len(into) > self._plan.max_bytes:
            raise CommandError(COMMAND_OUTPUT, f"it wrote more than {self._plan.max_bytes} bytes")
        return bool(piece)

    def _status(self) -> int:
        """Return the exit status, which may come later than the end of the output."""
        while not self._has_ended():
            left = self._deadline - self._monotonic()
            if left <= 0:
                raise self._late()
            time.sleep(min(left, STEP / 10))
        self.kill()
        self._reaped = True
        return self._process.wait()

    def _has_ended(self) -> bool:
        """Whether the command itself has ended. It is not reaped, so that nobody else gets the number of its group."""
        return self._reaped or os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _late(self) -> CommandError:
        return CommandError(COMMAND_TIMEOUT, f"no end within {self._plan.timeout:g} s")

    def kill(self) -> None:
        """End the command and whatever it started, but what has left its process group."""
        if not self._reaped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> list[subprocess.Popen[bytes]]:
        """Give everything back; return the process if it hangs in the kernel and has to be reaped later."""
        self.kill()
        for pipe in self._pipes():
            pipe.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return [self._process]
        finally:
            self._reaped = True
        return []


def first_line(errors: bytes) -> str:
    """Return the first line that says anything, as far as it is short."""
    lines = (line.strip() for line in errors[:_PIECE].decode("utf-8", "replace").splitlines())
    line = next((line for line in lines if line), "")
    shown = "".join(char if char.isprintable() else "?" for char in line)
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 3] + "..."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
