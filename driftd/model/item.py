"""Items and observations: what is audited, and how it was just read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from driftd.model.document import Document, Json, Problem

COMMAND: Final = "command:"
"""How the item of a command begins; what follows is its name."""


class ItemType(StrEnum):
    """What an item is: on the file system, or the output of a command."""

    FILE = "file"
    LINK = "symlink"
    DIRECTORY = "directory"
    FIFO = "fifo"
    SOCKET = "socket"
    CHARACTER = "character-device"
    BLOCK = "block-device"
    COMMAND = "command"


TOO_LARGE: Final = "larger than max_bytes: compared by digest"
"""The note of an item whose settings were to be read, and of which only the bytes are compared."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of an item that are compared; a field that is not audited is None."""

    type: ItemType
    target: str | None = None
    """Text of a symbolic link."""
    mode: str | None = None
    """Permission bits as four octal digits: `0640`."""
    owner: str | None = None
    """User name from the root's passwd, else the number."""
    group: str | None = None
    extra: tuple[tuple[str, str], ...] = ()
    """acl, xattrs, capabilities, selinux: (name, text), sorted."""

    def to_json(self) -> dict[str, Json]:
        """Return the fields that are audited."""
        shape: dict[str, Json] = {"type": self.type.value}
        for name in ("target", "mode", "owner", "group"):
            if (value := getattr(self, name)) is not None:
                shape[name] = value
        shape |= dict(self.extra)
        return shape


@dataclass(frozen=True, slots=True)
class Gap:
    """An item that could not be read or compared, and why. Never "deleted", never "empty", never "clean"."""

    item: str
    reason: str
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape; `detail` only where there is one."""
        shape: dict[str, Json] = {"item": self.item, "reason": self.reason}
        if self.detail:
            shape["detail"] = self.detail
        return shape


@dataclass(slots=True)
class Observation:
    """An item as just read. Exactly one of: it exists (attributes), it does not (neither), it could not be read (gap)."""

    item: str
    """The path as shown: what is not UTF-8, control characters and backslashes are `\\xNN`."""
    attributes: Attributes | None = None
    gap: Gap | None = None
    digest: str | None = None
    """`sha256:HEX`, or `hmac:KEYID:HEX` where the content holds a secret; None without content."""
    document: Document | None = None
    """The masked document; None where it was not asked for or the content is compared by digest alone."""
    parse_problem: Problem | None = None
    """Why the content is not of its format; `document` then holds its lines as text."""
    size: int | None = None
    stamp: bytes = b""
    """The stat fields that tell a touched item from an untouched one; empty where they cannot be relied on."""
    behind: bytes = b""
    """The same of what a link leads to."""
    fingerprint: bytes = b""
    """Keyed digest of the bytes as read, for driftd alone: whether they are still the same. Empty: they were not read."""
    links: tuple[str, ...] = ()
    """Every link and the target that reading went through: the paths on which this observation also depends."""
    shared: int | None = None
    """The inode of the file, where that may be changed under another name: it has several, or is mounted from elsewhere."""
    notes: tuple[str, ...] = ()
    """What was left out on purpose: `TOO_LARGE`."""
    content: bytes | None = field(default=None, repr=False)
    """The bytes as read, for the content store alone."""

    @property
    def exists(self) -> bool:
        """Whether something stands at the path."""
        return self.attributes is not None


def is_path(item: str) -> bool:
    """Whether an item stands on the file system; the output of a command does not."""
    return item.startswith("/")


def shown_path(path: bytes) -> str:
    r"""Return a path as it is shown: what is not UTF-8, control characters and backslashes as `\xNN`.

    Both ways: `real_path(shown_path(p)) == p` for every path.
    """
    text = path.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    out = []
    for char in text:
        if "\udc80" <= char <= "\udcff":
            out.append(f"\\x{ord(char) - 0xDC00:02x}")
        elif char == "\\" or (not char.isprintable() and ord(char) < 0x80):
            out.append(f"\\x{ord(char):02x}")
        elif not char.isprintable():
            out.append("".join(f"\\x{byte:02x}" for byte in char.encode()))
        else:
            out.append(char)
    return "".join(out)


def real_path(item: str) -> bytes:
    """Return the bytes of the path that `shown_path` shows as `item`."""
    if "\\x" not in item:
        return item.encode("utf-8", "surrogateescape")
    out = bytearray()
    position = 0
    while (found := item.find("\\x", position)) >= 0:
        out += item[position:found].encode("utf-8", "surrogateescape")
        out.append(int(item[found + 2 : found + 4], 16))
        position = found + 4
    out += item[position:].encode("utf-8", "surrogateescape")
    return bytes(out)
