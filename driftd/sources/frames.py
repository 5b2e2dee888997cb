"""Frames: what goes between driftd and its child process. A header in JSON and a body of bytes, each with its length."""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass
from typing import Final

from driftd.model.document import Json

MAX_HEADER: Final = 1024 * 1024
MAX_BODY: Final = 512 * 1024 * 1024
_LENGTHS: Final = struct.Struct("!IQ")
_PIECE: Final = 256 * 1024


class FrameError(Exception):
    """The other side sent something that is not a frame, or went away in the middle of one."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    header: dict[str, Json]
    body: bytes = b""


def send_frame(link: socket.socket, header: dict[str, Json], body: bytes = b"") -> None:
    """Send a frame; the socket's timeout holds for each piece."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    link.sendall(_LENGTHS.pack(len(text), len(body)) + text)
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        link.sendall(view[start : start + _PIECE])


def receive_frame(link: socket.socket) -> Frame | None:
    """Receive the next frame; None where the other side closed in good order."""
    lengths = _exactly(link, _LENGTHS.size, may_end=True)
    if not lengths:
        return None
    header_length, body_length = _LENGTHS.unpack(lengths)
    if header_length > MAX_HEADER or body_length > MAX_BODY:
        raise FrameError(f"a frame of {header_length} + {body_length} bytes is too large")
    try:
        header = json.loads(_exactly(link, header_length))
    except (ValueError, RecursionError) as error:
        raise FrameError("not a header") from error
    if not isinstance(header, dict):
        raise FrameError("a header is an object")
    return Frame(header, bytes(_exactly(link, body_length)))


def _exactly(link: socket.socket, length: int, *, may_end: bool = False) -> bytearray:
    taken = bytearray()
    while len(taken) < length:
        piece = link.recv(min(length - len(taken), _PIECE))
        if not piece:
            if may_end and not taken:
                return taken
            raise FrameError("the other side went away")
        taken += piece
    return taken


def path_text(path: bytes) -> str:
    """Return bytes as JSON can carry them; `path_bytes` is the way back."""
    return path.decode("latin-1")


def path_bytes(text: Json) -> bytes:
    """Return the bytes of `path_text`."""
    if not isinstance(text, str):
        raise FrameError(f"a path is text, not {type(text).__name__}")
    return text.encode("latin-1")
