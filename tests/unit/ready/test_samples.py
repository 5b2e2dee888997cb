"""Every ready-made baseline is held against files as people write them: a good one is in order, a bad one is found out.

`tests/cases/ready/NAME.yaml`: for one path a good and a bad file, and the rules that the bad one breaks, no more and no less.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftd.baselines.definition import load_baselines
from driftd.baselines.ownership import ties
from driftd.cli.scaffold import Scaffold
from driftd.formats.reading import read
from driftd.installing.place import Place
from driftd.model.baseline import Baseline, CommandItem, ItemPattern
from driftd.model.item import COMMAND
from driftd.policy.rules import violations
from driftd.ready.catalog import ready_baselines
from driftd.settings.trust import Trust
from driftd.sources.glob import Glob
from driftd.sources.root import Root

CASES = Path(__file__).parents[2] / "cases" / "ready"
ELSEWHERE = {"sshd", "accounts", "sysctl", "eventify-api"}
"""Held against files in test_catalog.py."""


def samples() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yaml")):
        for number, sample in enumerate(yaml.safe_load(file.read_text("utf-8"))):
            yield pytest.param(file.stem, sample, id=f"{file.stem}-{number}")


@cache
def definitions() -> dict[str, Baseline]:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        for ready in ready_baselines():
            (Path(directory) / ready.name).mkdir()
            (Path(directory) / ready.name / "baseline.yaml").write_text(ready.text, encoding="utf-8")
        trust = Trust(frozenset({0, os.getuid()}))
        return {
            one.definition.name: one.definition for one in load_baselines([Path(directory)], {"role": "api"}, trust)
        }


def broken(name: str, path: str, content: str) -> set[str]:
    """Return the rules that a file breaks, of all baselines that have something to say about it."""
    reading = read(content.encode(), path, _format_of(path))
    assert reading.document is not None
    assert reading.problem is None
    rules = [rule for each in definitions().values() for rule in each.rules if Glob(rule.item).matches(path)]
    assert any(rule in definitions()[name].rules for rule in rules), f"no rule of {name} is about {path}"
    return {violation.rule.id for violation in violations(rules, reading.document)}


def _format_of(path: str) -> str | None:
    """Return the format that a baseline names for the output of a command."""
    items = [item for one in definitions().values() for item in one.items if isinstance(item, CommandItem)]
    return next((item.format for item in items if COMMAND + item.name == path), None)


@pytest.mark.parametrize(("name", "sample"), list(samples()))
def test_a_good_file_is_in_order_and_a_bad_one_is_found_out(name: str, sample: dict[str, Any]) -> None:
    assert broken(name, sample["path"], sample["good"]) == set()
    assert broken(name, sample["path"], sample["bad"]) == set(sample["finds"])
    items = [item.path if isinstance(item, ItemPattern) else COMMAND + item.name for item in definitions()[name].items]
    assert any(Glob(item).matches(sample["path"]) for item in items)


def test_every_rule_is_found_broken_by_a_sample() -> None:
    found = {rule for _, sample in (param.values for param in samples()) for rule in sample["finds"]}
    known = {rule.id for name, one in definitions().items() if name not in ELSEWHERE for rule in one.rules}
    assert found == known


def test_every_baseline_has_samples() -> None:
    assert {file.stem for file in CASES.glob("*.yaml")} == definitions().keys() - ELSEWHERE


def test_no_two_baselines_claim_one_item_with_the_same_right() -> None:
    patterns = [
        (name, Glob(item.path))
        for name, one in definitions().items()
        for item in one.items
        if isinstance(item, ItemPattern)
    ]
    patterns.append(("linux-etc", Glob("/etc/**")))
    assert [(patterns[one], patterns[other]) for one, other in ties(patterns)] == []


def test_what_is_written_for_a_host_that_has_everything_is_commented_and_loads(tmp_path: Path) -> None:
    """With the owner that its comment proposes, as somebody sets it; beside the baseline for the whole of /etc."""
    offered = [one for one in ready_baselines() if not one.example and one.when]  # others are for people to choose
    tree, into = tmp_path / "tree", tmp_path / "into"
    for path in {one.when[0] for one in offered}:
        (tree / path[1:]).mkdir(parents=True, exist_ok=True)
    list(Scaffold(Root(os.fsencode(tree)), into, system=False).place(Place(Root(), privileged=False)))
    for one in offered:
        file = into / "baselines" / one.name / "baseline.yaml"
        text = file.read_text()
        assert text.startswith(f"# Ready-made: {one.summary}. Here because of {one.when[0]}.\n")
        file.write_text(text.replace("#owner: ", "owner: ", 1))
    trust = Trust(frozenset({0, os.getuid()}))
    loaded = {one.definition.name: one.definition for one in load_baselines([into / "baselines"], {}, trust)}
    assert loaded.keys() == {one.name for one in offered} | {"linux-etc"}
    assert {loaded[one.name].owner for one in offered} == {"ops@example.org"}
