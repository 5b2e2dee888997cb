"""The index template of Elasticsearch follows the schema of events. `python -m tests.unit.test_elastic_template` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contract.shapes import schema

TEMPLATE = Path(__file__).parents[2] / "integrations" / "elastic" / "index-template.json"
Json = Any
KEYWORD = {"type": "keyword", "ignore_above": 8191}
TYPES = {"integer": {"type": "long"}, "number": {"type": "double"}, "boolean": {"type": "boolean"}, "string": KEYWORD}
TEXTS = {"message": {"type": "match_only_text"}}
"""Members that are read by words, not as a whole."""


def resolved(node: Json, events: Json) -> Json:
    name = node.get("$ref", "").rpartition("/")[2]
    return events["$defs"][name] if name else node


def mapping(node: Json, events: Json, name: str = "") -> Json:
    """Return the mapping of a member of events."""
    node = resolved(node, events)
    if node.get("$id") != events["$id"] and node is events["$defs"]["timestamp"]:
        return {"type": "date"}
    kinds = node.get("type", "string")
    kind = next(one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null")
    if name in TEXTS:
        return TEXTS[name]
    if kind == "array":
        return mapping(node["items"], events)
    if kind == "object" and "properties" in node:
        return {"properties": {below: mapping(member, events, below) for below, member in node["properties"].items()}}
    return {"type": "flattened"} if kind == "object" else TYPES[kind]


def template() -> Json:
    events = schema("events")
    properties = mapping(events, events)["properties"]
    properties["driftd"]["dynamic"] = False
    properties["labels"] = {"type": "object", "dynamic": True}
    return {
        "index_patterns": ["logs-driftd*"],
        "data_stream": {},
        "priority": 200,
        "_meta": {"description": "Events of driftd, by their schema (driftd events --schema)."},
        "template": {"settings": {"index.mapping.total_fields.limit": 500}, "mappings": {"properties": properties}},
    }


def leaves(properties: Json, above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, member in properties.items():
        below = member.get("properties")
        found |= leaves(below, f"{above}{name}.") if below else {f"{above}{name}": member["type"]}
    return found


def test_the_template_that_ships_is_the_one_that_the_schema_makes() -> None:
    assert json.loads(TEMPLATE.read_text()) == template()


def test_fields_have_the_types_that_searches_need() -> None:
    found = leaves(template()["template"]["mappings"]["properties"])
    assert len(found) < 400, "beyond it Elasticsearch would have to be told"
    assert found.items() >= {
        "@timestamp": "date", "message": "match_only_text", "event.id": "keyword", "event.severity": "long", "event.sequence": "long",
        "file.path": "keyword", "host.name": "keyword", "labels": "object", "driftd.drift_id": "keyword",
        "driftd.detection_delay_us": "long", "driftd.changes.key": "keyword", "driftd.changes.before": "keyword",
        "driftd.previous.severity": "keyword", "driftd.output.sequence": "long", "driftd.open": "flattened",
        "driftd.audit.started": "date", "driftd.gaps.item": "keyword", "driftd.controls": "keyword",
    }.items()  # fmt: skip


if __name__ == "__main__":
    TEMPLATE.write_text(json.dumps(template(), indent=1) + "\n")
