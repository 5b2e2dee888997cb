"""time.conf and group.conf of PAM: when a service may be used, or gives groups. See time.conf(5), group.conf(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "pam_time"
VERSION = 1
PATTERNS = ("*/security/time.conf", "*/security/group.conf")

_TABLE = Table(
    format=NAME,
    columns=("services", "ttys", "users", "times", "groups"),
    least=4,
    separator=";",
    trailing="anywhere",
    continuation=True,
)


def parse(data: bytes, path: str) -> Document:
    """Read rows; white space around and between the words of a column means nothing."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        reader.row(line, fields=[" ".join(field.split()) for field in line.text.split(";", 4)])
    return reader.done()
