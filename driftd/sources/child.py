"""The child process: does for driftd what may hang or crash, with limits, and answers in frames.

It parses bytes that it is sent, or looks at items on file systems that may hang, or reads many files again; no two of these are
the same process. The first opens nothing and has no capability, the others never parse anything.
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

from driftd.sources.confinement import confine, give_way, limit_cpu
from driftd.sources.frames import Frame, receive_frame, send_frame

IDLE_SECONDS: Final = 60.0
LOOKER: Final = "looker"
PARSER: Final = "parser"
REREADER: Final = "rereader"

Answers = dict[str, Callable[[Frame], None]]
"""Operation -> what answers a request for it."""


def main(fd: int, parent: int, role: str, idle_seconds: float = IDLE_SECONDS) -> None:
    """Serve the socket `fd` until it is closed or nothing was asked for a while."""
    link = socket.socket(fileno=fd)
    answers = _answers(link, role)  # and what they need is loaded, while we may still read modules
    if role == REREADER:
        give_way()
    confine(parent, keep_reading=role != PARSER)
    serve(link, answers, idle_seconds)


def load_parsers() -> None:
    """Have every parser load what it loads late."""
    from driftd.formats.reading import read
    from driftd.formats.registry import FORMATS

    for each in FORMATS:
        read(b"a: 1\n", "/", each.name)
    for name in (
        "driftd.sources.trees",
        "unicodedata",
        "encodings.utf_16",
        "encodings.utf_32",
        "encodings.latin_1",
        "encodings.utf_8_sig",
    ):
        importlib.import_module(name)


def serve(link: socket.socket, answers: Answers, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer one request after the other."""
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


def _answers(link: socket.socket, role: str) -> Answers:
    if role == PARSER:
        load_parsers()
        return {"parse": partial(_parse, link)}
    if role == LOOKER:
        from driftd.sources.looking import answer_list, answer_look

        return {"look": partial(answer_look, link), "list": partial(answer_list, link)}
    from driftd.sources.reread import Rereader

    rereader = Rereader(link)
    return {"begin": rereader.begin, "items": rereader.items, "files": rereader.files}


def _parse(link: socket.socket, request: Frame) -> None:
    from driftd.formats.reading import read
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
