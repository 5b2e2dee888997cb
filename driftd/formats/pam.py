"""pam.d: the stacks of modules that authenticate; the order of rows counts. See pam.d(5)."""

from __future__ import annotations

import re

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.parts.lines import Line
from driftd.model.document import Document

NAME = "pam"
VERSION = 1
PATTERNS = ("*/pam.d/*", "*.pam")

COLUMNS = ("type", "control", "module-path", "module-arguments")
_TABLE = Table(format=NAME, columns=COLUMNS, least=3, trailing="anywhere", continuation=True)
# A control in brackets is one column: [success=1 default=ignore]
_FIELD = re.compile(r"\[[^\[\]]*+\](?=\s|\Z)|\S++")


def parse(data: bytes, path: str) -> Document:
    """Read the rows of a service; what `@include`, `include` and `substack` name is listed."""
    return parse_stacks(TableReader(data, path, _TABLE), len(COLUMNS))


def parse_stacks(reader: TableReader, count: int) -> Document:
    """Read rows of so many columns, the last four of which are those of PAM."""
    for line in reader.lines():
        fields = [" ".join(field.split()) for field in _FIELD.findall(line.text)]
        if fields[:1] == ["@include"] and len(fields) > 1:
            _include(reader, line, " ".join(fields[1:]))
            continue
        if len(fields) >= count:
            fields[count - 1 :] = [" ".join(fields[count - 1 :])]
        reader.row(line, fields=fields)
        if fields[count - 3 : count - 2] in (["include"], ["substack"]) and len(fields) >= count - 1:
            reader.builder.include(fields[count - 2])
    return reader.done()


def _include(reader: TableReader, line: Line, name: str) -> None:
    reader.builder.add("@include", name, line.number, at=reader.other(line))
    reader.builder.include(name)
