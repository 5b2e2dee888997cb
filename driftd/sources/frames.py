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
    link.sendall(_head(header, body))
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        link.sendall(view[start : start + _PIECE])


def frame_bytes(header: dict[str, Json], body: bytes = b"") -> bytes:
    """Return a frame as it is sent, for those who send a part whenever there is room."""
    return _head(header, body) + body


def _head(header: dict[str, Json], body: bytes) -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    return _LENGTHS.pack(len(text), len(body)) + text


def take_frame(received: bytearray) -> Frame | None:
    """Take the first frame out of what was received; None where it is not whole yet, FrameError where it is none."""
    if len(received) < _LENGTHS.size:
        return None
    header_length, body_length = _lengths(received[: _LENGTHS.size])
    begin = _LENGTHS.size + header_length
    if len(received) < begin + body_length:
        return None
    frame = Frame(_header(received[_LENGTHS.size : begin]), bytes(received[begin : begin + body_length]))
    del received[: begin + body_length]
    return frame


def receive_frame(link: socket.socket) -> Frame | None:
    """Receive the next frame; None where the other side closed in good order."""
    lengths = _exactly(link, _LENGTHS.size, may_end=True)
    if not lengths:
        return None
    header_length, body_length = _lengths(lengths)
    header = _header(_exactly(link, header_length))
    return Frame(header, bytes(_exactly(link, body_length)))


def _lengths(packed: bytearray) -> tuple[int, int]:
    header_length, body_length = _LENGTHS.unpack(packed)
    if header_length > MAX_HEADER or body_length > MAX_BODY:
        raise FrameError(f"a frame of {header_length} + {body_length} bytes is too large")
    return header_length, body_length


def _header(text: bytearray) -> dict[str, Json]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError("not a header") from error
    if not isinstance(header, dict):
        raise FrameError("a header is an object")
    return header


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
