"""Suites of formats with names and values: properties, dotenv, environment files, INI, units of systemd.

The vectors of javaproperties and python-dotenv are those libraries' own tests, all of which they pass.
"""

from __future__ import annotations

import base64
import configparser
import re
from typing import Any

from scoring.corpus import Record
from scoring.judgement import judge
from scoring.values import last, parsed, understood

Judged = tuple[str, bool, bool | None] | None
_UNITS = (
    ".service",
    ".network",
    ".netdev",
    ".target",
    ".socket",
    ".path",
    ".mount",
    ".swap",
    ".slice",
    ".timer",
    ".link",
)


def properties_case(record: Record) -> Judged:
    """What a text means, and escapes that Java refuses; vectors about writing are left out."""
    test, vector = record["test"], record.get("vector")
    if vector is None or test not in {"test_loads", "test_loads_invalid_u_escape"}:
        return None
    text = vector[0]
    data = base64.b64decode(text["b64"]) if isinstance(text, dict) else text.encode("utf-8", "surrogatepass")
    document = parsed("properties", data, "/x.properties")
    if test == "test_loads_invalid_u_escape":
        return "wrong escapes refused", document is None, None
    return "values", document is not None and last(document.root.to_json()) == dict(vector[1]["map"]), None


def dotenv_case(record: Record) -> Judged:
    """The bindings of a text; where one of its lines is wrong, there must be a problem."""
    if record["test"] != "test_parse_stream" or "vector" not in record:
        return None
    text, bindings = record["vector"]
    document = parsed("dotenv", text.encode("utf-8", "surrogatepass"), "/.env")
    wrong = any(binding["error"] for binding in bindings)
    wanted = {each["key"]: each["value"] for each in bindings if each["key"] is not None and not each["error"]}
    if document is None:
        return ("wrong lines noted" if wrong else "values"), wrong and not wanted, None
    right = last(understood(document)) == wanted
    return ("wrong lines noted", right and bool(document.problems), None) if wrong else ("values", right, None)


def environment_case(record: Record) -> Judged:
    """What systemd's load_env_file reads."""
    document = parsed("envfile", str(record["input"]).encode(), "/etc/default/x")
    wanted = dict(str(entry).split("=", 1) for entry in record["expected_entries_in_order"] if entry is not None)
    return "values", document is not None and last(understood(document)) == wanted, None


def ini_case(record: Record) -> Judged:
    """The settings that configparser finds, where it can read a file; else it is read at all."""
    data = str(record["data"]).encode("utf-8", "surrogatepass")
    document = parsed("ini", data, "/x.ini")
    wanted = _configparser(str(record["data"]))
    if wanted is None:
        return "configparser cannot read them: read, or refused", True, None
    if document is None:
        return "settings as configparser's", False, True
    return "settings as configparser's", _flat(document.root.to_json()) == wanted, True


def _configparser(text: str) -> dict[str, dict[str, str | None]] | None:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    parser.SECTCRE = re.compile(r"\[(?P<header>.+)\]\s*(?:[#;].*)?\Z")  # or it cuts what follows
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {name.strip(): {key: _spaced(value) for key, value in parser.items(name)} for name in parser.sections()}


def _flat(settings: Any) -> dict[str, dict[str, str | None]]:
    flat: dict[str, dict[str, str | None]] = {}
    for name, members in settings.items():
        for section in members if isinstance(members, list) else [members]:
            if isinstance(section, dict):
                into = flat.setdefault(name, {})
                into.update(
                    {key: _spaced(value) for key, value in last(section).items() if not isinstance(value, dict)}
                )
    return flat


def _spaced(value: str | None) -> str | None:
    return None if value is None else " ".join(value.split())


def unit_case(record: Record) -> Judged:
    """A unit is read, and means the same with other ends of lines."""
    name = str(record["file"])
    data = base64.b64decode(record["data_b64"]) if "data_b64" in record else str(record.get("data", "")).encode()
    if not name.endswith(_UNITS):
        return None
    document = parsed("systemd", data, f"/etc/systemd/system/{name}")
    same = not judge(name, data, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "systemd").drift
    return "read, and the same with CRLF", document is not None and same, None
