"""A service with an account of its own: what its files belong to, and what it believes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, DRIFT, USAGE
from tests.system.daemon_process import ScratchHost

ACCOUNT = 4242
READS_EVERYTHING = (
    "setpriv",
    f"--reuid={ACCOUNT}",
    f"--regid={ACCOUNT}",
    "--clear-groups",
    "--bounding-set=-all,+dac_read_search",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
)
"""Before a command: the account of the unit, with the one capability that the unit leaves it."""


@pytest.fixture
def host(tmp_path: Path, require_real: Callable[[str], None]) -> ScratchHost:
    require_real("second user")
    host = ScratchHost(tmp_path, outputs=[], control={})
    host.state.mkdir(0o700)
    os.chown(host.state, ACCOUNT, ACCOUNT)
    return host


def owners(directory: Path) -> set[int]:
    return {path.lstat().st_uid for path in (directory, *directory.rglob("*"))}


def test_what_root_does_in_the_services_state_stays_the_services(host: ScratchHost) -> None:
    """And what is approved is root's."""
    host.write("a.yml").chmod(0o600)
    assert host.run("approve", "--reason", "first", "--yes").returncode == 0
    host.write("a.yml", "x: 2\n")
    assert host.run("approve", "--reason", "second", "--yes").returncode == 0  # keeps the first for an undo
    assert host.run("run", "--once").returncode == 0
    assert owners(host.state) == {ACCOUNT}
    assert {path.name for path in host.state.iterdir()} >= {
        "secret.key",
        "journal",
        "driftd.db",
        "revisions",
        "content",
    }
    assert owners(host.baseline) == {0}
    assert host.run("rekey", "--reason", "exercise", "--yes").returncode == 0
    assert (owners(host.state), owners(host.baseline)) == ({ACCOUNT}, {0})


def test_a_link_that_the_account_planted_does_not_lead_root_elsewhere(host: ScratchHost) -> None:
    host.write("a.yml")
    roots = host.directory / "roots"
    roots.mkdir(0o700)
    (host.state / "journal").symlink_to(roots)
    done = host.run("approve", "--reason", "first", "--yes")
    assert done.returncode == USAGE, done
    assert "journal" in done.stderr
    assert list(roots.iterdir()) == []


def test_the_account_reads_what_is_roots_alone(host: ScratchHost) -> None:
    host.write("a.yml").chmod(0o600)
    assert host.run("approve", "--reason", "first", "--yes").returncode == 0
    host.write("a.yml", "x: 2\n")
    host.before = READS_EVERYTHING
    done = host.run("run", "--once")
    assert done.returncode == DRIFT, done
    assert "$.x" in done.stdout
    assert owners(host.state) == {ACCOUNT}


def test_the_account_believes_nothing_that_it_could_write_itself(host: ScratchHost) -> None:
    host.before = READS_EVERYTHING
    assert host.run("check").returncode == CLEAN  # of an empty tree: the settings are taken
    os.chown(host.baseline, ACCOUNT, ACCOUNT)
    done = host.run("check")
    assert done.returncode == USAGE
    assert f"{host.baseline}: belongs to {ACCOUNT}" in done.stderr
