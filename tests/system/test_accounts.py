"""A service with an account of its own: what its files belong to, and what it believes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, DRIFT, USAGE, environment
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
    require_real("unshare")
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


@pytest.mark.parametrize("maker", [0, ACCOUNT])
def test_root_acts_as_the_account_through_a_link_as_well(host: ScratchHost, maker: int) -> None:
    """Root's link to the account's directory, and the account's link to one of root's."""
    target = host.state.with_name("elsewhere")
    target.mkdir(0o700)
    os.chown(target, ACCOUNT - maker, ACCOUNT - maker)
    link = host.state.with_name("link")
    link.symlink_to(target)
    os.chown(link, maker, maker, follow_symlinks=False)
    script = """
import os, sys
from pathlib import Path
from driftd.acting import as_owner_of
with as_owner_of(Path(sys.argv[1])):
    print(os.geteuid(), os.getegid())
"""
    command = [sys.executable, "-c", script, str(link)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(ACCOUNT), str(ACCOUNT)]


def test_a_state_of_nobody_who_is_in_the_user_namespace_is_refused_in_words(host: ScratchHost) -> None:
    script = """
import os, sys
from pathlib import Path
from driftd.acting import as_owner_of
from driftd.store.errors import StoreError
input()
os.setgid(0)
os.setuid(0)
try:
    with as_owner_of(Path(sys.argv[1])):
        print("acted")
except StoreError as error:
    print(error.what)
"""
    command = ["unshare", "--user", sys.executable, "-c", script, str(host.state)]
    namespace = os.stat("/proc/self/ns/user").st_ino
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, text=True) as process:
        within = Path(f"/proc/{process.pid}")
        end = time.monotonic() + 30
        while (within / "ns/user").stat().st_ino == namespace:
            assert time.monotonic() < end, "no user namespace"
        for table in ("uid_map", "gid_map"):
            (within / table).write_text(f"0 0 {ACCOUNT}")  # all but the last
        said, _ = process.communicate("\n", timeout=30)
    assert said == "belongs to user 65534, whom driftd may not act as here\n"


def test_a_parser_of_root_that_acts_as_the_account_can_never_be_root_again(host: ScratchHost) -> None:
    script = """
import sys
from pathlib import Path
from driftd.acting import as_owner_of
from driftd.sources.isolated import IsolatedReader
with as_owner_of(Path(sys.argv[1])):
    reader = IsolatedReader()
    reader.parse(b"a: 1", "/x.yaml", None)
    print(Path(f"/proc/{reader._parser._process.pid}/status").read_text())
    reader.close()
"""
    command = [sys.executable, "-c", script, str(host.state)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    status = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"65534"}
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}


def test_a_command_that_root_has_run_is_nobodys_there_as_well(host: ScratchHost) -> None:
    items = [{"command": ["cat", "/proc/self/status"], "name": "who"}]
    body = {"schema": "driftd/baseline/1", "name": "live", "items": items}
    (host.baseline / "baseline.yaml").write_text(json.dumps(body))
    assert host.run("approve", "--reason", "first", "--yes").returncode == 0
    [approved] = host.baseline.rglob("who.json")
    text = approved.read_text()
    assert re.search(r"Uid:(?:\W+t?65534){4}", text), text
    assert re.search(r"CapPrm:\W+t?0{16}", text), text


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
