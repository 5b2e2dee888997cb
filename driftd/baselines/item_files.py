"""Where an item's approved file stands: a tree that mirrors the host's, one file an item, no two items in one place.

`/etc/ssh/sshd_config` is `approved/etc/ssh/sshd_config.json`. What would be ambiguous is written `%XX`, so that a name
ends in `.json` exactly when it is a file; see docs/reference/approved-files.md.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from driftd.model.item import COMMAND, real_path

Parts = tuple[str, ...]

FOLDER: Final = "approved"
_SUFFIX: Final = ".json"
_MAX_NAME: Final = 255
_MAX_PATH: Final = 1024
"""Longer ones get a short name: the checkout they stand in has a path of its own."""
_KEPT: Final = 160
"""Readable bytes of a name that is too long."""


def item_file(item: str) -> Parts:
    """Return the names from the layer's directory to the item's file; ValueError where `item` is no path as shown."""
    if item.startswith(COMMAND):  # without the colon, which some file systems refuse
        name = item.removeprefix(COMMAND)
        return (FOLDER, "%", "command", _shortened(_spelled(name.encode("utf-8", "surrogateescape")) + _SUFFIX, item))
    if not item.startswith("/"):  # an item that is no path has a folder that no path can have
        return (FOLDER, "%", _shortened(_spelled(item.encode("utf-8", "surrogateescape")) + _SUFFIX, item))
    path = real_path(item)
    cut = path.rindex(b"/") + 1
    above, length = _above(path[:cut])
    file = _file(path[cut:])
    if length + len(file.encode()) + 1 > _MAX_PATH:
        return (FOLDER, "%~", _digest(item) + _SUFFIX)
    return (*above, file)


@lru_cache(maxsize=1024)
def _above(directory: bytes) -> tuple[Parts, int]:
    """Return the folders for a directory, which begins and ends with a slash, and their bytes with a separator each."""
    parts = (FOLDER, *map(_folder, directory.split(b"/")[1:-1]))
    return parts, sum(len(part.encode()) + 1 for part in parts)


@lru_cache(maxsize=4096)
def _folder(segment: bytes) -> str:
    name = _name(segment)
    if name.endswith(_SUFFIX):
        name = name[: -len(_SUFFIX)] + "%2Ejson"
    return _shortened(name, name)


def _file(segment: bytes) -> str:
    name = _name(segment) + _SUFFIX
    return _shortened(name, name)


def _name(segment: bytes) -> str:
    if not segment:
        return "%2F"
    return "%2E" * len(segment) if segment in (b".", b"..") else _spelled(segment)


def _spelled(segment: bytes) -> str:
    text = segment.decode("utf-8", "surrogateescape")
    if text.isprintable() and "%" not in text and "\\" not in text and "/" not in text:
        return text
    out = []
    for char in text:
        plain = char.isprintable() and char not in "%\\/"
        out.append(char if plain else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape")))
    return "".join(out)


def _shortened(name: str, whole: str) -> str:
    """Keep the beginning of a name that no file can have, and tell it apart by a digest of the whole."""
    if len(name.encode()) <= _MAX_NAME:
        return name
    start = name.encode()[:_KEPT].decode("utf-8", "ignore")
    if "%" in start[-2:]:
        start = start[: start.rindex("%")]
    return f"{start}%~{_digest(whole)}" + (_SUFFIX if name.endswith(_SUFFIX) else "")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
