"""Who a host is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.settings.host import APPLICATION, HostFacts, application_id, host_facts
from driftd.settings.types import HostSettings

MACHINE = "0123456789abcdef0123456789abcdef"


def facts(root: Path, settings: HostSettings | None = None, node: str = "node-1", with_id: bool = True) -> HostFacts:
    found, problems = host_facts(
        settings or HostSettings(),
        lambda path: (root / path[1:]).read_bytes(),
        node,
        file="driftd.yaml",
        with_id=with_id,
    )
    assert problems == []
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text(MACHINE + "\n")
    (tmp_path / "etc/hostname").write_text("# the name\n\napi-1\n")
    return tmp_path


def test_the_id_is_derived_and_does_not_show_the_machine_id(root: Path) -> None:
    found = facts(root)
    assert found.id == application_id(bytes.fromhex(MACHINE))
    assert MACHINE not in str(found)


def test_the_id_is_the_one_systemd_derives(require_real: Callable[[str], None], lacking: Callable[[str], None]) -> None:
    require_real("systemd-id128")
    own = Path("/etc/machine-id")
    if not own.exists() or len(own.read_text().strip()) != 32:
        lacking("machine-id")
    argv = ["systemd-id128", "machine-id", f"--app-specific={APPLICATION.hex()}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert application_id(bytes.fromhex(own.read_text().strip())) == done.stdout.strip()


def test_an_id_that_is_given_needs_no_machine_id(tmp_path: Path) -> None:
    assert facts(tmp_path, HostSettings(id="rack-7")).id == "rack-7"


@pytest.mark.parametrize("content", [None, "", "uninitialized\n", "0" * 32 + "\n", "short\n", "g" * 32])
def test_without_a_machine_id_the_host_has_to_be_told_its_id(root: Path, content: str | None) -> None:
    (root / "etc/machine-id").unlink()
    if content is not None:
        (root / "etc/machine-id").write_text(content)
    found, problems = host_facts(HostSettings(), lambda path: (root / path[1:]).read_bytes(), "node-1")
    assert found.id is None
    assert "set host.id" in str(problems[0])
    assert "/etc/machine-id" in str(problems[0])


def test_a_tree_that_is_audited_has_no_id(root: Path) -> None:
    assert facts(root, HostSettings(id="mine"), with_id=False).id is None


def test_the_name_is_the_given_one_then_the_static_one_then_the_kernels(root: Path) -> None:
    assert facts(root, HostSettings(name="db-1")).name == "db-1"
    assert facts(root).name == "api-1"
    (root / "etc/hostname").write_text("../../etc\n")
    assert facts(root).name == "node-1"
    (root / "etc/hostname").unlink()
    assert facts(root).name == "node-1"
    assert facts(root, node="(none)").name == "localhost"


def test_labels_travel_along(root: Path) -> None:
    assert facts(root, HostSettings(labels={"role": "api"})).labels == {"role": "api"}
