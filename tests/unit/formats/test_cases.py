"""Every format reads its cases: tests/cases/formats/NAME/CASE.input beside what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from driftd.formats.registry import FORMATS, by_name
from driftd.model.keys import render_key

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "cases" / "formats"
INPUTS = sorted(CASES.glob("*/*.input"))


@pytest.mark.parametrize("source", INPUTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_is_read_as_expected(source: Path) -> None:
    expected = json.loads(source.with_suffix(".expected.json").read_text())
    document = by_name(source.parent.name).parse(source.read_bytes(), expected.pop("path", "/case"))
    nodes = [(render_key(steps), node) for steps, node in document.root.walk() if steps]
    assert document.format == source.parent.name
    assert document.root.to_json() == expected["settings"]
    assert {key: node.line for key, node in nodes} == expected["locations"]
    assert {key: node.raw for key, node in nodes if node.raw is not None} == expected.get("raw", {})
    assert document.includes == expected.get("includes", [])
    assert [[problem.line, problem.message] for problem in document.problems] == expected.get("problems", [])


@pytest.mark.parametrize("source", INPUTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_ends_of_lines_and_a_byte_order_mark_mean_nothing(source: Path) -> None:
    data = source.read_bytes().replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf")
    parse = by_name(source.parent.name).parse
    path = json.loads(source.with_suffix(".expected.json").read_text()).get("path", "/case")
    plain = parse(data, path).root.to_json()
    assert parse(b"\xef\xbb\xbf" + data, path).root.to_json() == plain
    assert parse(data.replace(b"\n", b"\r\n"), path).root.to_json() == plain


def test_registry_cases_and_reference_name_the_same_formats() -> None:
    reference = (ROOT / "docs" / "reference" / "formats.md").read_text()
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", reference, re.MULTILINE)
    names = sorted(entry.name for entry in FORMATS)
    assert sorted(rows) == names
    assert sorted(path.name for path in CASES.iterdir()) == names
    assert {source.parent.name for source in INPUTS} == set(names)


def test_every_case_has_an_expectation_and_every_expectation_a_case() -> None:
    assert {path.with_suffix("").with_suffix("") for path in CASES.glob("*/*.expected.json")} == {
        path.with_suffix("") for path in INPUTS
    }
