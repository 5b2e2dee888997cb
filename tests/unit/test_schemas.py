"""The published schemas are sound, agree with each other, and name what the code accepts and emits."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import msgspec
import pytest

from driftd.handbook.vocabulary_page import keys_of
from driftd.model.baseline import Baseline
from driftd.model.change import Severity, Status
from driftd.model.event import CODES, Action
from driftd.model.item import ItemType
from driftd.settings.types import Settings

SCHEMAS: dict[str, dict[str, Any]] = {
    entry.name.removesuffix(".json"): json.loads(entry.read_text())
    for entry in (resources.files("driftd") / "schemas").iterdir()
    if entry.name.endswith(".json")
}


def test_there_is_one_schema_per_shape() -> None:
    shapes = {"approve", "approved", "approved-item", "baseline", "check", "compare", "diff", "events", "parse"}
    assert shapes | {"doctor", "init", "promote", "rekey", "settings", "status"} <= SCHEMAS.keys()


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:driftd:{name}:1"


def test_what_two_schemas_share_is_the_same_in_both() -> None:
    seen: dict[str, tuple[str, object]] = {}
    for name, schema in sorted(SCHEMAS.items()):
        for word, definition in schema.get("$defs", {}).items():
            other, known = seen.setdefault(word, (name, definition))
            assert definition == known, f"$defs/{word} differs between {other} and {name}"


def _struct_fields(wanted: type[msgspec.Struct]) -> dict[str, Any]:
    return {info.encode_name: info for info in msgspec.structs.fields(wanted)}


def _structs_of(annotation: object) -> list[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _structs_of(part)]


def _assert_same(schema: dict[str, Any], wanted: type[msgspec.Struct], where: str) -> None:
    infos = _struct_fields(wanted)
    assert schema["properties"].keys() == infos.keys(), where
    required = {name for name, info in infos.items() if info.required}
    assert set(schema.get("required", ())) == required, where
    for name, info in infos.items():
        for struct in _structs_of(info.type):
            below = schema["properties"][name]
            below = below.get("items", below)
            first = next(iter(_struct_fields(struct)))
            kind = next((one for one in below.get("anyOf", ()) if first in one["properties"]), below)
            _assert_same(kind, struct, f"{where}.{name}")


def test_the_schema_of_baselines_names_what_a_baseline_takes() -> None:
    _assert_same(SCHEMAS["baseline"], Baseline, "$")


def test_the_schema_of_settings_names_what_settings_take() -> None:
    _assert_same(SCHEMAS["settings"], Settings, "$")


@pytest.mark.parametrize("name", ["settings", "baseline"])
def test_every_key_that_people_write_is_described_for_its_manual_page(name: str) -> None:
    undescribed = [
        key for key, entry in keys_of(SCHEMAS[name]) if not entry.get("description") and "const" not in entry
    ]
    assert undescribed == []


def test_the_words_of_the_schemas_are_those_of_the_model() -> None:
    shared = SCHEMAS["check"]["$defs"]
    assert shared["severity"]["enum"] == [severity.word for severity in Severity]
    assert shared["status"]["enum"] == [status.value for status in Status]
    actions = SCHEMAS["events"]["properties"]["event"]["properties"]["action"]["enum"]
    assert sorted(actions) == sorted(action.value for action in Action)
    types = SCHEMAS["approved-item"]["properties"]["attributes"]["properties"]["type"]["enum"]
    assert sorted(types) == sorted(kind.value for kind in ItemType)


@pytest.mark.parametrize("action", list(Action))
def test_each_action_has_its_code_in_the_schema_of_events(action: Action) -> None:
    rows = [row for row in SCHEMAS["events"]["allOf"] if "code" in json.dumps(row["then"])]
    codes = {
        row["if"]["properties"]["event"]["properties"]["action"]["const"]: row["then"]["properties"]["event"][
            "properties"
        ]["code"]["const"]
        for row in rows
    }
    assert codes[action.value] == CODES[action]
