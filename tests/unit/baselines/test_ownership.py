"""Whose an item is, where several baselines mean it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from driftd.baselines.definition import LoadedBaseline
from driftd.baselines.scope import Scope, ScopedPattern
from driftd.model.baseline import Baseline, ItemPattern


def baseline(name: str, *paths: str, approved: Literal["required", "none"] = "required") -> LoadedBaseline:
    items = tuple(ItemPattern(path=path) for path in paths)
    definition = Baseline(schema="driftd/baseline/1", name=name, items=items, approved=approved)
    return LoadedBaseline(definition, Path("/baselines") / name, "sha256:0")


@pytest.mark.parametrize(
    ("first", "second", "item", "owner"),
    [
        ("/etc/**", "/etc/ssh/*", "/etc/ssh/sshd_config", "second"),
        ("/etc/ssh/sshd_config", "/etc/ssh/*", "/etc/ssh/sshd_config", "first"),
        ("/etc/ssh/s*", "/etc/ssh/*", "/etc/ssh/sshd_config", "first"),
        ("/etc/**", "/etc/ssh/*", "/etc/hosts", "first"),
    ],
)
def test_the_most_specific_pattern_owns_an_item(first: str, second: str, item: str, owner: str) -> None:
    for order in ((first, second), (second, first)):
        names = ("first", "second") if order[0] == first else ("second", "first")
        scope = Scope([baseline(name, path) for name, path in zip(names, order, strict=True)])
        audited = scope.audited(item)
        assert audited is not None
        assert audited.baseline == owner


def test_a_baseline_of_rules_does_not_take_an_item_from_one_that_approves_it() -> None:
    scope = Scope([baseline("host", "/etc/**"), baseline("hardening", "/etc/ssh/sshd_config", approved="none")])
    audited = scope.audited("/etc/ssh/sshd_config")
    assert audited is not None
    assert audited.baseline == "host"
    assert audited.terms.needs_approval


def test_a_baseline_of_rules_owns_what_nobody_approves() -> None:
    audited = Scope([baseline("hardening", "/etc/ssh/sshd_config", approved="none")]).audited("/etc/ssh/sshd_config")
    assert audited is not None
    assert not audited.terms.needs_approval


def test_within_one_baseline_the_pattern_named_first_wins() -> None:
    scope = Scope([baseline("host", "/etc/*.conf", "/etc/*")])
    audited = scope.audited("/etc/app.conf")
    assert audited is not None
    assert isinstance(audited.scoped, ScopedPattern)
    assert audited.scoped.pattern.path == "/etc/*.conf"
