"""Postfix's lookup tables as text: a pattern and its result. See postmap(1), regexp_table(5), cidr_table(5)."""

from __future__ import annotations

import re

from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "postfix_table"
VERSION = 1
PATTERNS = tuple(
    f"*/postfix/{name}"
    for name in (
        *("access", "canonical", "generic", "mynetworks", "relocated", "sasl_passwd", "sasl/sasl_passwd", "sni"),
        *("tls_policy", "transport", "virtual", "vmailbox", "*_access", "*_bcc", "*_canonical", "*_checks"),
        *("*_clients", "*_domains", "*_maps", "*_relay", "*_restrictions", "*.cidr", "*.pcre", "*.regexp"),
    )
)

_TABLE = Table(format=NAME, columns=("pattern", "result"), least=1, rest="words", indented=True)
_EXPRESSION = re.compile(r"(?P<pattern>(?:if\s++)?+!?/(?:[^/\\]++|\\.)*+/\w*+)(?:\s++(?P<result>.*+))?", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read rows; a pattern between slashes may hold white space."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        match = _EXPRESSION.fullmatch(line.text)
        if match is None:
            reader.row(line)
        else:
            result = [] if match["result"] is None else [" ".join(match["result"].split())]
            reader.row(line, fields=[match["pattern"], *result])
    return reader.done()
