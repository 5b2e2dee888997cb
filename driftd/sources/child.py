"""The child process: does for driftd what may hang or crash, with limits, and answers in frames.

It parses bytes that it is sent, or looks at items on file systems that may hang, or reads many files again; no two of these are
the same process. The first opens nothing and has no capability, the others never parse anything.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from driftd.model.document import Json
from driftd.sources.confinement import confine, give_way, limit_cpu
from driftd.sources.facts import Facts
from driftd.sources.frames import Frame, FrameError, path_bytes, path_text, receive_frame, send_frame
from driftd.sources.look import Look, look
from driftd.sources.reasons import StillChangingError
from driftd.sources.root import Root

IDLE_SECONDS: Final = 60.0
LOOKER: Final = "looker"
PARSER: Final = "parser"
REREADER: Final = "rereader"


def main(fd: int, parent: int, role: str, idle_seconds: float = IDLE_SECONDS) -> None:
    """Serve the socket `fd` until it is closed or nothing was asked for a while."""
    link = socket.socket(fileno=fd)
    if role == PARSER:
        load_parsers()
    if role == REREADER:
        give_way()
    confine(parent, keep_reading=role != PARSER)
    serve(link, role, idle_seconds)


def load_parsers() -> None:
    """Have every parser load what it loads late, while we may still read modules."""
    from driftd.formats.registry import FORMATS, read

    for each in FORMATS:
        read(b"a: 1\n", "/", each.name)
    for name in ("unicodedata", "encodings.utf_16", "encodings.utf_32", "encodings.latin_1", "encodings.utf_8_sig"):
        importlib.import_module(name)


def serve(link: socket.socket, role: str, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer one request after the other."""
    answers = _answers(link, role)
    while True:
        link.settimeout(idle_seconds)
        try:
            request = receive_frame(link)
        except TimeoutError:
            return
        if request is None:
            return
        link.settimeout(None)  # the parent looks at the clock
        answers[str(request.header["op"])](request)


def _answers(link: socket.socket, role: str) -> dict[str, Callable[[Frame], None]]:
    if role == PARSER:
        return {"parse": partial(_parse, link)}
    if role == LOOKER:
        return {"look": partial(_look, link), "list": partial(_list, link)}
    from driftd.sources.reread import Rereader

    rereader = Rereader(link)
    return {"begin": rereader.begin, "items": rereader.items, "files": rereader.files}


def _parse(link: socket.socket, request: Frame) -> None:
    from driftd.formats.registry import read
    from driftd.sources.trees import reading_bytes

    header = request.header
    limit_cpu(int(str(header["seconds"])))
    wanted = header["format"]
    try:
        answer = reading_bytes(read(request.body, str(header["path"]), None if wanted is None else str(wanted)))
    except MemoryError:
        send_frame(link, {"died": "not enough memory"})
        raise
    except Exception as error:
        # The name alone: a message may quote what the file holds.
        send_frame(link, {"died": type(error).__name__})
        raise
    send_frame(link, {"done": True}, answer)


class _SendingIntake:
    """Sends content home piece by piece."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def restart(self) -> None:
        send_frame(self._link, {"restart": True})

    def take(self, piece: bytes) -> None:
        send_frame(self._link, {"piece": True}, piece)

    def is_known(self) -> bool:
        return False


def _look(link: socket.socket, request: Frame) -> None:
    header = request.header
    wanted: Any = header["wanted"]
    try:
        found = look(
            Root(path_bytes(header["root"])),
            path_bytes(header["path"]),
            wanted=wanted,
            intake=_SendingIntake(link) if header["content"] else None,
        )
    except StillChangingError:
        send_frame(link, {"changing": True})
    except OSError as error:
        send_frame(link, {"errno": error.errno or 0})
    else:
        send_frame(link, {"found": look_to_json(found)})


def _list(link: socket.socket, request: Frame) -> None:
    header = request.header
    try:
        entries = Root(path_bytes(header["root"])).list_directory(path_bytes(header["path"]))
    except OSError as error:
        send_frame(link, {"errno": error.errno or 0})
        return
    body = b"\0".join((b"d" if each.is_directory else b"l" if each.is_link else b"-") + each.name for each in entries)
    send_frame(link, {"done": True}, body)


def look_to_json(found: Look) -> dict[str, Json]:
    """Return a Look as JSON; `look_from_json` is the way back."""
    return {
        "item": list(found.item),
        "target": None if found.target is None else path_text(found.target),
        "links": [path_text(link) for link in found.links],
        "behind": None if found.behind is None else list(found.behind),
        "xattrs": {name: path_text(value) for name, value in found.xattrs.items()},
        "note": found.note,
        "actual": None if found.actual is None else path_text(found.actual),
    }


def look_from_json(shape: Json) -> Look:
    """Return the Look of `look_to_json`; FrameError where it is something else."""
    try:
        given: Any = shape
        return Look(
            item=Facts(*map(int, given["item"])),
            target=None if given["target"] is None else path_bytes(given["target"]),
            links=tuple(path_bytes(link) for link in given["links"]),
            behind=None if given["behind"] is None else Facts(*map(int, given["behind"])),
            xattrs={str(name): path_bytes(value) for name, value in given["xattrs"].items()},
            note=None if given["note"] is None else str(given["note"]),
            actual=None if given["actual"] is None else path_bytes(given["actual"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FrameError(f"not a look: {type(error).__name__}") from error
