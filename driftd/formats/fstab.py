"""fstab: file systems and where they are mounted. See fstab(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "fstab"
VERSION = 1
PATTERNS = ("*/fstab", "fstab.*", "*/fstab.d/*")

_TABLE = Table(
    format=NAME,
    columns=("fs_spec", "fs_file", "fs_vfstype", "fs_mntops", "fs_freq", "fs_passno"),
    least=3,
    trailing="word",
)


def parse(data: bytes, path: str) -> Document:
    """Read file systems; one without options, as mount(8) allows, has three columns."""
    return parse_table(data, path, _TABLE)
