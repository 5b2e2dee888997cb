"""toml-test, versions 1.0 and 1.1: typed values of valid documents, refusals of invalid ones."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import tomllib
from typing import Any

from scoring.corpus import Record
from scoring.values import parsed, same

_TIMES = {
    "datetime": dt.datetime,
    "datetime-local": dt.datetime,
    "date-local": dt.date,
    "time-local": dt.time,
}


def case(record: Record) -> tuple[str, bool, bool | None] | None:
    """A valid case must have its values, an invalid one must be refused; 1.1 is read, and noted for readers of 1.0."""
    data = base64.b64decode(record["toml_b64"]) if "toml_b64" in record else record["toml"].encode()
    document = parsed("toml", data, "/x.toml")
    library = _library(data)
    newer = record["toml_1_0"] != record["toml_1_1"]
    if not record["valid"]:
        if newer and record["toml_1_0"]:
            return "1.1 refused or noted", document is None or bool(document.problems), library is None
        return "invalid refused", document is None, library is None
    tagged = record["tagged_json"]
    wanted = _untagged(json.loads(tagged) if isinstance(tagged, str) else tagged)
    ours = document is not None and _equal(document.root.to_json(), wanted)
    return (
        "valid in 1.1 alone" if newer and record["toml_1_1"] else "valid",
        ours,
        library is not None and _equal(library, wanted),
    )


def _library(data: bytes) -> dict[str, Any] | None:
    try:
        return tomllib.loads(data.decode().replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return None


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(member) for member in value]
    if value.keys() != {"type", "value"} or not isinstance(value["value"], str):
        return {name: _untagged(member) for name, member in value.items()}
    kind, text = value["type"], value["value"]
    if kind in _TIMES:
        return _TIMES[kind].fromisoformat(text)
    return {"string": str, "integer": int, "float": float, "bool": lambda said: said == "true"}[kind](text)


def _equal(found: Any, wanted: Any) -> bool:
    """Dates, times, `nan` and `inf` are text in driftd."""
    if isinstance(wanted, dt.date | dt.time):
        try:
            return bool((type(wanted).fromisoformat(found) if isinstance(found, str) else found) == wanted)
        except ValueError:
            return False
    if isinstance(wanted, float) and not math.isfinite(wanted):
        return isinstance(found, str | float) and str(float(found)).lstrip("-") == str(wanted).lstrip("-")
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(_equal(found[name], wanted[name]) for name in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_equal, found, wanted))
    return same(found, wanted)
