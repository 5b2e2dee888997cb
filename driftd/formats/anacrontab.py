"""anacrontab: jobs that are made up for after the machine was off. See anacrontab(5)."""

from __future__ import annotations

from driftd.formats.crontab import parse_jobs
from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "anacrontab"
VERSION = 1
PATTERNS = ("*/anacrontab",)

_COLUMNS = ("delay", "job-identifier", "command")
_TABLE = Table(format=NAME, columns=("period", *_COLUMNS), least=4, rest="text")


def parse(data: bytes, path: str) -> Document:
    """Read jobs and settings, each a row; `@monthly` and its like stand for the period."""
    return parse_jobs(TableReader(data, path, _TABLE), _COLUMNS)
