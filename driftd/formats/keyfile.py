"""Key files of GLib: desktop entries, NetworkManager and other daemons of the desktop.

See the Desktop Entry Specification 1.5, "Basic format of the file", and nm-settings-keyfile(5).
"""

from __future__ import annotations

from driftd.formats.families.sections import WHOLE_LINE, SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "keyfile"
VERSION = 2
PATTERNS = (
    "*.desktop",
    "*.directory",
    "*.flatpakref",
    "*.flatpakrepo",
    "*.nmconnection",
    "*/NetworkManager/*.conf",
    "*/NetworkManager/**/*.conf",
    "*/NetworkManager/system-connections/*",
    "*/PackageKit/*.conf",
    "*/ModemManager/*.conf",
    "*/UPower/*.conf",
    "*/bluetooth/*.conf",
    "*/dconf/db/**/*",
    "*/fwupd/*.conf",
    "*/fwupd/remotes.d/*.conf",
    "*/gdm/*.conf",
    "*/gdm3/*.conf",
    "*/geoclue/*.conf",
    "*/lightdm/*.conf",
    "*/lightdm/**/*.conf",
    "*/polkit-1/**/*.conf",
    "*/polkit-1/**/*.pkla",
    "*/udisks2/*.conf",
    "*/accountsservice/users/*",
    "*/AccountsService/users/*",
)

_SYNTAX = SectionSyntax(format=NAME, comments=("#",), separators=("=",), heading=WHOLE_LINE)


def parse(data: bytes, path: str) -> Document:
    """Read groups and keys, localised ones (`Name[de]`) as well; values are as written."""
    return parse_sections(data, path, _SYNTAX)
