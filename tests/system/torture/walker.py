"""A full comparison that knows nothing of driftd but what is on disk: the approved files and the tree.

It is naive on purpose. Files hold lines `name: number` and remarks, or are broken; so "the same meaning" is a dict.
"""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Findings = dict[str, frozenset[str]]
"""Item -> what differs: `new`, `gone`, `content`, or the name of an attribute."""

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
}


@dataclass(frozen=True)
class Approved:
    """What is approved for one item."""

    attributes: dict[str, str]
    digest: str | None
    settings: Any


def findings(tops: list[bytes], layer: Path, key: bytes) -> Findings:
    """Compare everything below some directories with what a layer of a baseline approves."""
    approved = read_approved(layer)
    present = {shown(path): path for top in tops for path in everything_below(top)}
    found: Findings = {}
    for item in approved.keys() | present.keys():
        if item not in approved:
            found[item] = frozenset({"new"})
        elif item not in present:
            if any(item.startswith(shown(top) + "/") for top in tops):
                found[item] = frozenset({"gone"})
        elif differs := compare(present[item], approved[item], key):
            found[item] = differs
    return found


def everything_below(top: bytes) -> list[bytes]:
    """Return every path below a directory, links not followed."""
    return [os.path.join(place, name) for place, directories, files in os.walk(top) for name in directories + files]


def read_approved(layer: Path) -> dict[str, Approved]:
    """Return what a layer approves, by item; each approved file is found by the digest that the manifest gives it."""
    manifest = json.loads((layer / "approved.json").read_bytes())
    files = {hashlib.sha256(data).hexdigest(): data for data in _contents(layer / "approved")}
    found = {}
    for item, digest in manifest["items"].items():
        body = json.loads(files[digest.removeprefix("sha256:")])
        found[item] = Approved(body["attributes"], body.get("digest"), body.get("settings"))
    return found


def _contents(directory: Path) -> list[bytes]:
    return [Path(place, name).read_bytes() for place, _, names in os.walk(directory) for name in names]


def compare(path: bytes, approved: Approved, key: bytes) -> frozenset[str]:
    """Return what differs between what stands at a path and what is approved for it."""
    attributes = attributes_of(path)
    names = attributes.keys() & approved.attributes.keys()
    differs = {name for name in names if attributes[name] != approved.attributes[name]}
    if "type" not in differs and not same_content(content_of(path), approved, key):
        differs.add("content")
    return frozenset(differs)


def attributes_of(path: bytes) -> dict[str, str]:
    """Return what is compared of an item by default."""
    there = os.lstat(path)
    found = {
        "type": _TYPES[stat.S_IFMT(there.st_mode)],
        "owner": _name(pwd.getpwuid, there.st_uid),
        "group": _name(grp.getgrgid, there.st_gid),
    }
    if found["type"] == "symlink":
        found["target"] = shown(os.readlink(path))
    else:
        found["mode"] = f"{stat.S_IMODE(there.st_mode):04o}"
    return found


def _name(look_up: Any, number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def content_of(path: bytes) -> bytes | None:
    """Return the content of the regular file at a path, or behind a link; None where there is none."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
    except OSError:
        return None
    with open(path, "rb") as file:
        return file.read()


def same_content(content: bytes | None, approved: Approved, key: bytes) -> bool:
    """Whether a content means what is approved."""
    if content is None or approved.digest is None:
        return content is None and approved.digest is None
    if approved.digest in (
        f"sha256:{hashlib.sha256(content).hexdigest()}",
        keyed_digest(content, approved.digest, key),
    ):
        return True
    settings = {} if approved.settings is None else approved.settings
    return isinstance(settings, dict) and meaning_of(content) == settings


def keyed_digest(content: bytes, like: str, key: bytes) -> str:
    """Return a keyed digest under the key number of another one."""
    kind, _, rest = like.partition(":")
    number = rest.partition(":")[0]
    value = hashlib.blake2b(content, key=key, digest_size=32, person=b"driftd content").hexdigest()
    return f"{kind}:{number}:{value}"


def meaning_of(content: bytes) -> dict[str, int] | None:
    """Return the settings of a file of a story; None where it is broken."""
    found = {}
    for line in content.decode().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(": ")
            if not value.isdigit():
                return None
            found[name] = int(value)
    return found


def shown(path: bytes) -> str:
    r"""Return a path as items are named: what is not UTF-8, control characters and backslashes are `\xNN`."""
    text = path.decode("utf-8", "surrogateescape")
    return "".join(char if char.isprintable() and char != "\\" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
