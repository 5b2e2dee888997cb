"""crontab of the system: jobs with the user that runs them, and settings for the jobs below. See crontab(5)."""

from __future__ import annotations

import re

from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "crontab"
VERSION = 1
PATTERNS = ("*/etc/crontab", "*/cron.d/*", "*.cron", "*.crontab", "crontab")

TIMES = ("minute", "hour", "day of month", "month", "day of week")
_TABLE = Table(format=NAME, columns=(*TIMES, "user", "command"), least=7, rest="text")
_SETTING = re.compile(
    r"""(?:"(?P<double>[^"]++)"|'(?P<single>[^']++)'|(?P<plain>[^\s="'@]++))\s*+=\s*+(?P<value>.*+)"""
)


def parse(data: bytes, path: str) -> Document:
    """Read jobs and settings, each a row: `@daily` and its like stand for the columns of times."""
    return parse_jobs(TableReader(data, path, _TABLE), ("user", "command"))


def parse_jobs(reader: TableReader, who_and_what: tuple[str, ...]) -> Document:
    """Read rows of times, followed by these columns."""
    for line in reader.lines():
        setting = _SETTING.fullmatch(line.text)
        if setting is not None:
            name = setting["double"] or setting["single"] or setting["plain"]
            reader.builder.add(name, _unquoted(setting["value"]), line.number, at=reader.other(line))
        elif line.text.startswith("@"):
            reader.row(line, ("special string", *who_and_what))
        else:
            reader.row(line)
    return reader.done()


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
