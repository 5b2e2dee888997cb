"""Who this host is: the facts that every event carries."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from driftd.settings.problems import ConfigProblem
from driftd.settings.types import HOST_NAME, HostSettings

APPLICATION: Final = bytes.fromhex("6350c435d16d452fb8fd57d76764cf9c")
"""Names driftd among the users of a machine-id. Never changed: every host id depends on it."""

ReadFile = Callable[[str], bytes]
"""Reads a file by its absolute path under the audited root; raises OSError."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The host of an event."""

    id: str | None
    """None only where a tree is audited that is not this host."""
    name: str
    labels: Mapping[str, str]


def host_facts(
    settings: HostSettings,
    read: ReadFile,
    node_name: str,
    *,
    file: str = "driftd.yaml",
    with_id: bool = True,
    root: str = "",
) -> tuple[HostFacts, list[ConfigProblem]]:
    """Return who the host is, and a problem where it has no id and none was given.

    `node_name` is the kernel's, for hosts without `/etc/hostname`. `with_id=False`: `check --root`, where id is None. `root`:
    the audited directory, for people; empty where it is the machine.
    """
    name = settings.name or _static_name(read) or _usable(node_name) or "localhost"
    if settings.id is not None or not with_id:
        return HostFacts(settings.id if with_id else None, name, settings.labels), []
    machine, trouble = _machine_id(read)
    if machine is None:
        hint = "set host.id to something no other host has, or run systemd-machine-id-setup"
        return HostFacts(None, name, settings.labels), [ConfigProblem(file, None, f"host.id: {root}{trouble}", hint)]
    return HostFacts(application_id(machine), name, settings.labels), []


def application_id(machine_id: bytes, application: bytes = APPLICATION) -> str:
    """Return the id an application shows instead of the machine-id, which is confidential; see machine-id(5).

    The same as `systemd-id128 machine-id --app-specific=UUID`.
    """
    digest = bytearray(hmac.new(machine_id, application, hashlib.sha256).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x40
    digest[8] = (digest[8] & 0x3F) | 0x80
    return digest.hex()


def _machine_id(read: ReadFile) -> tuple[bytes | None, str]:
    try:
        text = read("/etc/machine-id").decode("ascii", "replace").strip()
    except OSError as refused:
        return None, f"/etc/machine-id cannot be read: {refused.strerror}"
    if not text or text == "uninitialized":
        return None, "/etc/machine-id is not initialized"
    if not re.fullmatch(r"[0-9a-fA-F]{32}", text):
        return None, "/etc/machine-id is not 32 hexadecimal digits"
    if not text.strip("0"):
        return None, "/etc/machine-id is all zeros"
    return bytes.fromhex(text), ""


def _static_name(read: ReadFile) -> str | None:
    try:
        content = read("/etc/hostname")
    except OSError:
        return None  # many containers have none: the kernel's name stands in
    lines = (line.strip() for line in content.decode("utf-8", "replace").splitlines())
    return _usable(next((line for line in lines if line and not line.startswith("#")), ""))


def _usable(name: str) -> str | None:
    return name if HOST_NAME.fullmatch(name) else None
