"""The state directory, as it is and broken."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from driftd.doctor.finding import Finding
from driftd.doctor.state import identity, newest_write, state, user_name, version
from driftd.store.connection import DATABASE_NAME
from driftd.store.migrations import MIGRATIONS


def worst(findings: list[Finding]) -> Finding:
    order = ["ok", "warning", "failed"]
    return max(findings, key=lambda finding: order.index(finding.state))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    return made


def test_a_directory_as_the_service_has_it_is_fine(directory: Path) -> None:
    assert {finding.state for finding in state(directory, user_name(os.getuid()))} == {"ok"}
    assert {finding.state for finding in state(directory, None)} == {"ok"}


def test_a_missing_directory_is_made_by_the_command_that_is_told(tmp_path: Path) -> None:
    [told] = state(tmp_path / "absent", "root")
    assert (told.state, told.mend) == ("warning", f"install -d -m 0700 -o root -g root {tmp_path}/absent")


def test_a_directory_of_somebody_else_is_given_to_the_service(directory: Path) -> None:
    told = worst(list(state(directory, "daemon")))
    assert (told.state, told.mend) == ("failed", f"chown -R daemon:daemon {directory}")


def test_a_directory_that_is_open_to_others_is_closed(directory: Path) -> None:
    directory.chmod(0o755)
    told = worst(list(state(directory, None)))
    assert (told.state, told.mend) == ("failed", f"chmod 0700 {directory}")


def test_a_file_where_the_directory_should_be_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    [told] = state(tmp_path / "state", None)
    assert (told.state, told.mend.startswith("mv ")) == ("failed", True)


def test_what_another_account_left_there_is_named(directory: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    (directory / "journal").mkdir()
    left = directory / "journal" / "1.jsonl"
    left.touch()
    os.chown(left, 4711, 4711)
    told = worst(list(state(directory, None)))
    assert (told.state, str(left) in told.message) == ("failed", True)
    assert told.mend == f"chown -hR root:root {directory}"


@pytest.mark.parametrize(("more", "expected"), [(0, "ok"), (1, "failed")])
def test_a_database_of_a_newer_driftd_is_told_without_being_opened(more: int, expected: str, directory: Path) -> None:
    assert version(directory).message == "no database yet"
    with sqlite3.connect(directory / DATABASE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + more}")
    connection.close()
    before = sorted(path.name for path in directory.iterdir())
    told = version(directory)
    assert (told.state, bool(told.mend)) == (expected, more > 0)
    assert sorted(path.name for path in directory.iterdir()) == before


def test_the_journal_says_when_it_was_last_written(directory: Path) -> None:
    assert newest_write(directory) is None
    (directory / "journal").mkdir()
    for name, seconds in (("1.jsonl", 1_000), ("2.jsonl", 3_000), ("notes", 9_000)):
        (directory / "journal" / name).write_text(json.dumps({}))
        os.utime(directory / "journal" / name, (seconds, seconds))
    assert newest_write(directory) == datetime.fromtimestamp(3_000, UTC)


def test_a_host_without_an_id_is_told_how_to_get_one(directory: Path) -> None:
    assert identity(directory, "some-id").state == "ok"
    assert identity(directory, None).mend == "systemd-machine-id-setup"
