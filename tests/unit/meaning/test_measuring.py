"""The measuring programs of bench/ run on a corpus that is made up here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench"


def run(program: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCH / program), *words], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def write(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    edit = {"format": "sysctl", "hard": False, "label_method": "text: made up", "path": "etc/sysctl.conf"}
    edits = [
        {"id": "0001", "expected_drift": True, **edit},
        {"id": "0002", "expected_drift": False, **edit},
        {"id": "0003", "expected_drift": True, **edit},
    ]
    write(tmp_path / "history" / "manifest.jsonl", edits)
    for number, after in (("0001", "a.b = 2\n"), ("0002", "# why\na.b=1\n"), ("0003", "a.b  =  1\n")):
        (tmp_path / "history" / f"{number}.before").write_text("a.b = 1\n")
        (tmp_path / "history" / f"{number}.after").write_text(after)
    write(tmp_path / "configs.jsonl", [{"path": "/etc/sysctl.conf", "format": "sysctl", "text": "# why\na.b = 1\n"}])
    error = {"id": "e1", "file": "core-site.xml", "format": "xml", "parameter": "a.b", "before": "1", "after": "<&"}
    write(tmp_path / "injected-errors.jsonl", [error])
    pair = {"id": "p1", "format": "yaml", "before": "a: 1\n", "after": '{"a": 1}\n', "expected": "neutral", "why": ""}
    write(tmp_path / "conformance" / "semantic-pairs.jsonl", [pair])
    write(
        tmp_path / "conformance" / "yaml-test-suite.jsonl",
        [{"id": "Y", "yaml": "- 1\n", "json": "[1]", "error": False}],
    )
    return tmp_path


def test_what_was_right_and_wrong_is_counted_and_the_residual_case_is_named(corpus: Path) -> None:
    printed = run("meaning.py", str(corpus))
    assert "| sysctl | 3 | 1 | 100.0 % | 50.0 % |" in printed
    assert "| 0003 `sysctl` | text | no drift | not read |  |" in printed
    assert "| core-site.xml | 1 | 1 | 0 |" in printed
    assert "| against without comments | 1 | 0 | 0 |" in printed
    assert "| yaml | 1 | 1 | 0 |" in printed
    assert "| yaml-test-suite: values | 1 | 1 | 0 | 1 (PyYAML, safe_load) |" in printed


def test_without_a_corpus_there_is_nothing_to_measure() -> None:
    assert run("meaning.py").startswith("no corpus")


def test_fuzzing_knows_a_family_for_every_format_and_counts_what_it_reads() -> None:
    assert "data: " in run("fuzz.py", "--list")
    assert " 0 faults" in run("fuzz.py", "--family", "data", "--minutes", "0.01")
