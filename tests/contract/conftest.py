"""What the suite runs on: the installed command and a host in a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.command import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A host in a directory, with settings and nothing audited yet."""
    return Sandbox(tmp_path)


@pytest.fixture
def shop(sandbox: Sandbox) -> Sandbox:
    """A host with one approved YAML file and one rule about it."""
    sandbox.write("database.yml", "production:\n  host: db-1.internal\n  port: 5432\n")
    sandbox.baseline(
        items=[{"path": sandbox.item("*.yml")}],
        severity="high",
        rules=[
            {
                "id": "SHOP-DB",
                "item": sandbox.item("database.yml"),
                "key": "$.production.host",
                "require": {"enum": ["db-1.internal", "db-2.internal"]},
                "severity": "critical",
                "why": "Another host stopped the shop for four hours.",
                "fix": "Set production.host to the primary.",
                "reference": "https://wiki.example/postmortem",
                "controls": ["NIST CM-6"],
            }
        ],
    )
    sandbox.approve()
    return sandbox
