"""What is written for Wazuh names fields that events have, and actions that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from driftd.model.event import Action
from tests.contract.shapes import schema

PROJECT = Path(__file__).parents[2]
RULES = PROJECT / "integrations" / "wazuh" / "driftd_rules.xml"
PAGE = PROJECT / "docs" / "how-to" / "wazuh.md"


def has(name: str) -> bool:
    """Whether events have a member, by the published schema."""
    node: Any = schema("events")
    for part in name.split("."):
        node = schema("events")["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        node = node.get("items", node)
        node = schema("events")["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        if part not in node.get("properties", {}):
            return False
        node = node["properties"][part]
    return True


def test_the_fields_of_the_page_are_fields_of_events() -> None:
    table = PAGE.read_text().partition("| Wazuh | driftd |")[2]
    cells = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]*)\|$", table, re.MULTILINE)
    named = {name for cell, note in cells for name in re.findall(r"`([a-z@][a-z_.0-9]+)`", cell + note)}
    assert len(named) > 15
    assert {name for name in named if not has(name)} == set()


def test_the_rules_are_read_and_name_what_there_is() -> None:
    rules = ET.parse(RULES).getroot().findall("rule")
    numbers = [rule.attrib["id"] for rule in rules]
    assert len(set(numbers)) == len(numbers)
    actions, severities = set(), set()
    for rule in rules:
        parent = rule.findtext("if_sid")
        assert parent is None or parent in numbers
        for field in rule.findall("field"):
            assert has(field.attrib["name"])
            words = {word.strip("^$") for word in (field.text or "").split("|")}
            actions |= words if field.attrib["name"] == "event.action" else set()
            severities |= words if field.attrib["name"] == "driftd.severity" else set()
    assert actions <= set(Action)
    assert severities == {"low", "medium", "high", "critical"}
