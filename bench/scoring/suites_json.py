"""JSONTestSuite: what a parser must accept, and what it must refuse or, being lenient on purpose, note."""

from __future__ import annotations

import base64
import json
from typing import Any, NoReturn

from scoring.corpus import Record
from scoring.values import parsed, same

_TWICE = ("duplicated_key.json", "duplicated_key_and_value.json")
"""JSON allows names that come twice; driftd reads them and says so."""


def case(record: Record) -> tuple[str, bool, bool | None] | None:
    """Cases that are left to the implementation must only not crash."""
    data = _data(record)
    document = parsed("json", data, "/x.json")
    library, value = _library(data)
    if record["expect"] == "reject":
        return "refused or noted", document is None or bool(document.problems), not library
    if record["expect"] != "accept":
        return "of any outcome: no crash", True, None
    twice = str(record["id"]).endswith(_TWICE)
    ours = document is not None and (twice or not document.problems) and same(document.root.to_json(), value)
    return "values", ours, library


def _data(record: Record) -> bytes:
    if "data_b64" in record:
        return base64.b64decode(record["data_b64"])
    if "data" in record:
        return str(record["data"]).encode("utf-8", "surrogatepass")
    head, size = str(record["data_head"]).encode(), int(record["bytes"])
    return (head * (size // len(head) + 1))[:size]


def _library(data: bytes) -> tuple[bool, Any]:
    def refuse(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        return True, json.loads(data.decode(), parse_constant=refuse)
    except (ValueError, RecursionError):
        return False, None
