"""Conformance suites of data formats: how many cases driftd reads right, beside the library one would use instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from scoring import suites_json, suites_settings, suites_toml, suites_yaml
from scoring.corpus import Record, records
from scoring.tables import table

Judged = tuple[str, bool, bool | None]
"""What a case asks for, whether driftd is right, and whether the library is (None: there is none here)."""
Suite = Callable[[Record], Judged | None]

SUITES: dict[str, tuple[str, Suite, str]] = {
    "yaml-test-suite": ("yaml-test-suite", suites_yaml.case, "PyYAML, safe_load"),
    "toml-test": ("toml-test", suites_toml.case, "tomllib"),
    "JSONTestSuite": ("JSONTestSuite", suites_json.case, "json"),
    "properties": ("javaproperties-0.8.2", suites_settings.properties_case, "-"),
    "dotenv": ("python-dotenv-1.2.4", suites_settings.dotenv_case, "-"),
    "environment files": ("env-file", suites_settings.environment_case, "-"),
    "INI files": ("ini-files", suites_settings.ini_case, "configparser"),
    "systemd units": ("unit-corpus", suites_settings.unit_case, "-"),
    "systemd fuzz inputs": ("fuzz-unit-file", suites_settings.unit_case, "-"),
}
"""By name: the file, how a case is judged, the library beside."""


@dataclass
class Score:
    cases: int = 0
    right: int = 0
    library: int | None = None
    wrong: list[str] = field(default_factory=list)

    def add(self, case: str, ours: bool, library: bool | None) -> None:  # noqa: FBT001
        self.cases += 1
        self.right += ours
        if library is not None:
            self.library = (self.library or 0) + library
        if not ours:
            self.wrong.append(case + (" (the library is right)" if library else ""))


def print_suites(corpus: Path, *, verbose: bool) -> None:
    """Print right and wrong per suite and kind of case; a case that only the library has right is named."""
    rows, wrong = [], []
    for name, (file, judge, library) in SUITES.items():
        scores: dict[str, Score] = {}
        for number, record in enumerate(records(corpus / "conformance" / f"{file}.jsonl")):
            judged = judge(record)
            if judged is not None:
                asked, ours, theirs = judged
                case = str(record.get("id") or record.get("name") or record.get("file") or number)
                scores.setdefault(asked, Score()).add(case, ours, theirs)
        for asked, score in scores.items():
            beside = "-" if score.library is None else f"{score.library} ({library})"
            rows.append((f"{name}: {asked}", score.cases, score.right, score.cases - score.right, beside))
            wrong.append((f"{name}: {asked}", score.wrong))
    print("## Conformance suites\n")
    table(("", "cases", "right", "wrong", "the library's right"), rows)
    for name, cases in wrong:
        lost = cases if verbose else [case for case in cases if case.endswith(")")]
        if lost:
            print(f"- {name}: {', '.join(lost)}")
    print()
