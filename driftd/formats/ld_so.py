"""ld.so.conf: directories of shared libraries, in the order they are searched. See ldconfig(8)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "ld_so"
VERSION = 1
PATTERNS = ("*/ld.so.conf", "*/ld.so.conf.d/*.conf")

_TABLE = Table(format=NAME, columns=("directory",), least=1, rest="text", trailing="anywhere")


def parse(data: bytes, path: str) -> Document:
    """Read directories, each a row; `include` and `hwcap` are rows of their own, includes are listed."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        name, *arguments = line.text.split()
        if name in ("include", "hwcap") and arguments:
            reader.builder.add(name, " ".join(arguments), line.number, at=reader.other(line))
            for argument in arguments if name == "include" else ():
                reader.builder.include(argument)
        else:
            reader.row(line)
    return reader.done()
