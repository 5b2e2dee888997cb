"""What an error ends with: 2 is not tried again by whoever keeps the daemon running, 3 is."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from driftd.cli.failures import told
from driftd.cli.main import INCOMPLETE, USAGE
from driftd.store.connection import sqlite_translated
from driftd.store.errors import StoreError, from_os_error


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (errno.ENOSPC, INCOMPLETE),
        (errno.EROFS, INCOMPLETE),
        (errno.EIO, INCOMPLETE),
        (errno.EACCES, USAGE),
        (errno.ENOTDIR, USAGE),
    ],
)
def test_a_daemon_that_cannot_use_its_state_now_is_to_be_started_again(
    number: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = from_os_error(OSError(number, "reason"), Path("/state/lock"), "take the lock")
    assert told(error, "run") == status
    assert told(error, "rekey") == USAGE
    assert "cannot take the lock: reason" in capsys.readouterr().err


def test_a_fault_of_driftds_own_ends_the_daemon_so_that_it_is_started_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(ZeroDivisionError("a secret value"), "run") == INCOMPLETE
    assert told(ZeroDivisionError("a secret value"), "check") == USAGE
    said = capsys.readouterr().err
    assert "please report this" in said
    assert "secret value" not in said


def test_a_database_that_somebody_holds_may_be_free_later() -> None:
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    with pytest.raises(StoreError) as caught, sqlite_translated(Path("/state/driftd.db"), "open the database"):
        raise locked
    assert caught.value.passes
