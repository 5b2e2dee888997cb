"""Isolated reading: what may hang or crash happens in a child process, and its death is a gap, not an outage.

Two kinds of child, each started when first needed, used again, and gone after a minute without work:

- the *parser* is sent bytes and opens nothing; it has no capability, and is nobody where it can become that: big files,
  parsers in C;
- the *looker* touches items on network and FUSE file systems, where even lstat may hang. It has to open files itself, so it
  keeps the right to read (as root: CAP_DAC_READ_SEARCH and nothing else), and for that it never parses.

To be used by one thread, which must live as long as the children: the kernel ends them with the thread that started them.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Generator, Sequence
from typing import Final

from driftd.formats.reading import Reading
from driftd.model.baseline import AttributeName
from driftd.model.document import Json
from driftd.sources.child import IDLE_SECONDS, LOOKER, PARSER
from driftd.sources.child_process import BOOT, ChildProcess, EndedError
from driftd.sources.frames import Frame, FrameError, path_text, receive_frame, send_frame
from driftd.sources.look import Intake, Look
from driftd.sources.looking import look_from_json
from driftd.sources.mounts import Mount
from driftd.sources.reasons import PARSER_DIED, TIMEOUT, IsolationError, StillChangingError
from driftd.sources.root import Entry, Root
from driftd.sources.trees import reading_from_bytes

PARSE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 5.0
LEFT_ALONE_SECONDS: Final = 60.0
"""How long a file system that hung is not asked again, so that a thousand items on it do not cost a thousand deadlines."""


class IsolatedReader:
    """Parses content and looks at items in child processes, with a deadline for each."""

    def __init__(
        self,
        *,
        boot: str = BOOT,
        parse_seconds: float = PARSE_SECONDS,
        look_seconds: float = LOOK_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parser = _Child(boot, PARSER, idle_seconds)
        self._looker = _Child(boot, LOOKER, idle_seconds)
        self._parse_seconds = parse_seconds
        self._look_seconds = look_seconds
        self._monotonic = monotonic
        self._hung: dict[bytes, float] = {}

    def parse(self, content: bytes, path: str, syntax: str | None) -> Reading:
        """Return what `formats.reading.read` says; IsolationError where it says nothing in time, or dies of it."""
        request: dict[str, Json] = {
            "op": "parse",
            "path": path,
            "format": syntax,
            "seconds": int(self._parse_seconds) + 1,
        }
        with contextlib.closing(self._parser.ask(request, content, self._parse_seconds)) as frames:
            answer = next(frames)
        if "died" in answer.header:
            self._parser.stop()
            raise IsolationError(PARSER_DIED, str(answer.header["died"]))
        try:
            return reading_from_bytes(answer.body)
        except ValueError as error:
            self._parser.stop()
            raise IsolationError(PARSER_DIED, str(error)) from error

    def look(
        self,
        root: Root,
        path: bytes,
        mount: Mount,
        *,
        wanted: Sequence[AttributeName] = (),
        intake: Intake | None = None,
    ) -> Look:
        """Return what `sources.look.look` says of an item on `mount`, and raise what it raises, or IsolationError."""
        request: dict[str, Json] = {
            "op": "look",
            "root": path_text(root.directory),
            "path": path_text(path),
            "wanted": list(wanted),
            "content": intake is not None,
        }
        for answer in self._ask_looker(request, mount):
            header = answer.header
            if "piece" in header and intake is not None:
                intake.take(answer.body)
            elif "restart" in header and intake is not None:
                intake.restart()
            elif "changing" in header:
                raise StillChangingError
            else:
                return look_from_json(_or_raise(header).get("found"))
        raise IsolationError(PARSER_DIED, "no answer")

    def list_directory(self, root: Root, path: bytes, mount: Mount) -> list[Entry]:
        """Return what `Root.list_directory` says of a directory on `mount`, and raise what it raises, or IsolationError."""
        request: dict[str, Json] = {"op": "list", "root": path_text(root.directory), "path": path_text(path)}
        answer = next(iter(self._ask_looker(request, mount)))
        _or_raise(answer.header)
        return [Entry(each[1:], each[:1] == b"d", each[:1] == b"l") for each in answer.body.split(b"\0") if each]

    def _ask_looker(self, request: dict[str, Json], mount: Mount) -> Generator[Frame, None, None]:
        if self._monotonic() < self._hung.get(mount.point, 0.0):
            raise IsolationError(TIMEOUT, f"{mount.kind} did not answer a moment ago and is left alone for a while")
        self._hung.pop(mount.point, None)
        try:
            with contextlib.closing(self._looker.ask(request, b"", self._look_seconds)) as frames:
                yield from frames
        except IsolationError as error:
            if error.reason == TIMEOUT:
                self._hung[mount.point] = self._monotonic() + LEFT_ALONE_SECONDS
            raise

    def close(self) -> None:
        """End the children."""
        self._parser.stop()
        self._looker.stop()


def _or_raise(header: dict[str, Json]) -> dict[str, Json]:
    if "errno" in header:
        number = header["errno"]
        assert isinstance(number, int)
        raise OSError(number, os.strerror(number))
    return header


class _Child(ChildProcess):
    """One child process, or none, that is asked one thing at a time."""

    def ask(self, request: dict[str, Json], body: bytes, seconds: float) -> Generator[Frame, None, None]:
        """Yield the frames of the answer, each within `seconds` of the one before; IsolationError where it does not come.

        A caller that stops in the middle of an answer loses the child: what is still to come is of no use.
        """
        frame = self._first(request, body, seconds)
        try:
            while "piece" in frame.header or "restart" in frame.header:
                yield frame
                frame = self._received(seconds)
        except GeneratorExit:
            self.stop()
            raise
        yield frame

    def _first(self, request: dict[str, Json], body: bytes, seconds: float) -> Frame:
        for _ in range(2):
            link = self.started()
            link.settimeout(seconds)
            try:
                try:
                    send_frame(link, request, body)
                except TimeoutError:
                    raise self.late(seconds) from None
                except OSError as error:
                    raise self.died() from error
                return self._received(seconds)
            except EndedError:
                continue  # it went home after a minute without work, just when we asked
        raise IsolationError(PARSER_DIED, "the child process ends as soon as it starts")

    def _received(self, seconds: float) -> Frame:
        assert self._link is not None
        try:
            frame = receive_frame(self._link)
        except TimeoutError:
            raise self.late(seconds) from None
        except (FrameError, OSError) as error:
            raise self.died() from error
        if frame is None:
            raise self.died()
        return frame
