"""Attributes: what stands around an item's content, in the words that reviews and events show."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from driftd.model.baseline import AttributeName
from driftd.model.item import Attributes, ItemType, shown_path
from driftd.sources.facts import Facts

ACL: Final = "system.posix_acl_access"
DEFAULT_ACL: Final = "system.posix_acl_default"
CAPABILITY: Final = "security.capability"
SELINUX: Final = "security.selinux"

_READ_FOR: Final[dict[AttributeName, tuple[str, ...]]] = {
    "acl": (ACL, DEFAULT_ACL),
    "capabilities": (CAPABILITY,),
    "selinux": (SELINUX,),
}
_NOT_THERE: Final = frozenset({errno.ENODATA, errno.EOPNOTSUPP, errno.ENOSYS})
_ACL_ENTRY: Final = struct.Struct("<HHI")
_ACL_TAGS: Final = {0x01: "user", 0x02: "user", 0x04: "group", 0x08: "group", 0x10: "mask", 0x20: "other"}
_ACL_NAMED: Final = {0x02, 0x08}
_CAPABILITIES: Final = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
)  # fmt: skip


class Accounts(Protocol):
    """Who gives numbers their names."""

    def user_name(self, uid: int) -> str:
        """Return a user's name, else the number."""

    def group_name(self, gid: int) -> str:
        """Return a group's name, else the number."""


class ContentDigester(Protocol):
    """Who makes a digest that nobody can guess at."""

    def digest(self, content: bytes) -> str:
        """Return the keyed digest of a content."""


def read_xattrs(host_path: bytes, wanted: Iterable[AttributeName]) -> dict[str, bytes]:
    """Return the extended attributes that `wanted` needs, of a link itself where one stands there."""
    names = [name for want in wanted for name in _READ_FOR.get(want, ())]
    if "xattrs" in wanted:
        names += [name for name in _names(host_path) if name.startswith("user.")]
    found = {}
    for name in names:
        try:
            found[name] = os.getxattr(host_path, name, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
    return found


def _names(host_path: bytes) -> list[str]:
    try:
        return os.listxattr(host_path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return []


def attributes(
    item: Facts,
    target: bytes | None,
    xattrs: Mapping[str, bytes],
    wanted: Sequence[AttributeName],
    *,
    accounts: Accounts,
    digester: ContentDigester,
) -> Attributes:
    """Return the attributes that are audited.

    A link has a target and owners; Linux gives it no mode of its own. What is audited and not set on the item (no access list,
    no capability, no label) is empty, so that its coming is an addition, and not something that was never recorded. A value of
    `user.*` shows as a keyed digest: programs keep what they like there.
    """
    is_link = item.type is ItemType.LINK
    return Attributes(
        type=item.type,
        target=shown_path(target) if target is not None else None,
        mode=f"{stat.S_IMODE(item.mode):04o}" if "mode" in wanted and not is_link else None,
        owner=accounts.user_name(item.uid) if "owner" in wanted else None,
        group=accounts.group_name(item.gid) if "group" in wanted else None,
        extra=tuple(sorted({**_unset(wanted), **dict(_extra(xattrs, wanted, accounts, digester))}.items())),
    )


def _unset(wanted: Sequence[AttributeName]) -> dict[str, str]:
    return {name: "" for name in ("acl", "capabilities", "selinux", "xattrs") if name in wanted}


def _extra(
    xattrs: Mapping[str, bytes], wanted: Sequence[AttributeName], accounts: Accounts, digester: ContentDigester
) -> Iterable[tuple[str, str]]:
    if "acl" in wanted and (ACL in xattrs or DEFAULT_ACL in xattrs):
        entries = acl_entries(xattrs.get(ACL, b""), accounts)
        entries += [f"default:{entry}" for entry in acl_entries(xattrs.get(DEFAULT_ACL, b""), accounts)]
        yield "acl", ",".join(entries)
    if "capabilities" in wanted and CAPABILITY in xattrs:
        yield "capabilities", capability_text(xattrs[CAPABILITY])
    if "selinux" in wanted and SELINUX in xattrs:
        yield "selinux", xattrs[SELINUX].rstrip(b"\0").decode("utf-8", "backslashreplace")
    users = sorted((name, value) for name, value in xattrs.items() if name.startswith("user."))
    if "xattrs" in wanted and users:
        yield "xattrs", ",".join(f"{shown_path(os.fsencode(name))}={digester.digest(value)}" for name, value in users)


def acl_entries(content: bytes, accounts: Accounts) -> list[str]:
    """Return the entries of a POSIX access list, as getfacl writes them: `user:alice:r--`. See acl(5)."""
    if len(content) < 4 or (len(content) - 4) % _ACL_ENTRY.size:
        return [f"hex:{content.hex()}"] if content else []
    entries = []
    for tag, bits, number in _ACL_ENTRY.iter_unpack(content[4:]):
        name = ""
        if tag in _ACL_NAMED:
            name = accounts.user_name(number) if tag == 0x02 else accounts.group_name(number)
        rights = "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
        entries.append(f"{_ACL_TAGS.get(tag, hex(tag))}:{name}:{rights}")
    return entries


def capability_text(content: bytes) -> str:
    """Return file capabilities as getcap writes them: `cap_net_raw=ep`. See capabilities(7)."""
    words = struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])
    if len(words) not in {3, 5, 6} or len(content) % 4:
        return f"hex:{content.hex()}"
    pairs = words[1:3] if len(words) == 3 else (words[1], words[2], words[3], words[4])
    permitted = pairs[0] | (pairs[2] << 32 if len(pairs) == 4 else 0)
    inheritable = pairs[1] | (pairs[3] << 32 if len(pairs) == 4 else 0)
    by_flags: dict[str, list[str]] = {}
    for bit in range(64):
        flags = "e" if words[0] & 1 and (permitted | inheritable) >> bit & 1 else ""
        flags += "i" if inheritable >> bit & 1 else ""
        flags += "p" if permitted >> bit & 1 else ""
        if flags:
            by_flags.setdefault(flags, []).append(_CAPABILITIES[bit] if bit < len(_CAPABILITIES) else str(bit))
    text = " ".join(f"{','.join('cap_' + name for name in names)}={flags}" for flags, names in by_flags.items())
    return text + (f" [rootid={words[5]}]" if len(words) == 6 else "")
