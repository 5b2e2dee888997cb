"""pam.conf: the stacks of modules of all services in one file. See pam.conf(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.pam import COLUMNS, parse_stacks
from driftd.model.document import Document

NAME = "pam_conf"
VERSION = 1
PATTERNS = ("*/etc/pam.conf",)

_TABLE = Table(format=NAME, columns=("service", *COLUMNS), least=4, trailing="anywhere", continuation=True)


def parse(data: bytes, path: str) -> Document:
    """Read rows as in pam.d, with the service before them."""
    return parse_stacks(TableReader(data, path, _TABLE), len(_TABLE.columns))
