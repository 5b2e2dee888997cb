"""crontab of one user: jobs without a column for the user. See crontab(5)."""

from __future__ import annotations

from driftd.formats.crontab import TIMES, parse_jobs
from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "user_crontab"
VERSION = 1
PATTERNS = ("*/spool/cron/*", "*/spool/cron/crontabs/*", "*/spool/cron/tabs/*")

_TABLE = Table(format=NAME, columns=(*TIMES, "command"), least=6, rest="text")


def parse(data: bytes, path: str) -> Document:
    """Read jobs and settings, each a row."""
    return parse_jobs(TableReader(data, path, _TABLE), ("command",))
