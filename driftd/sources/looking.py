"""Looking, in the child: answers requests to look at items on file systems that may hang, and says as JSON what was found."""

from __future__ import annotations

import socket
from typing import Any

from driftd.model.document import Json
from driftd.sources.facts import Facts
from driftd.sources.frames import Frame, FrameError, path_bytes, path_text, send_frame
from driftd.sources.look import Look, look
from driftd.sources.reasons import StillChangingError
from driftd.sources.root import Root


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


def answer_look(link: socket.socket, request: Frame) -> None:
    """Look at an item as asked; its content goes home piece by piece."""
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


def answer_list(link: socket.socket, request: Frame) -> None:
    """Say what names a directory has."""
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
