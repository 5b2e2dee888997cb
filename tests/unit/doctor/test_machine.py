"""What auditing needs of the machine, each as it is and broken."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftd.doctor import machine

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)


def test_proc_is_there_or_mounted_by_the_command_that_is_told(tmp_path: Path) -> None:
    assert machine.proc().state == "ok"
    missing = machine.proc(tmp_path)
    assert (missing.state, missing.mend) == ("failed", "mount -t proc proc /proc")


def test_the_clock_is_asked_whether_it_follows_a_time_server() -> None:
    assert machine.clock(NOW, None, lambda: True).state == "ok"
    assert "no time server" in machine.clock(NOW, None, lambda: False).message
    assert machine.clock(NOW, None, lambda: None).state == "warning"
    assert machine.kernel_is_synchronised() in (True, False, None)


def test_a_clock_that_was_set_back_is_told_by_the_last_event() -> None:
    told = machine.clock(NOW, NOW + timedelta(hours=2), lambda: True)
    assert (told.state, "2:00:00 from now" in told.message) == ("failed", True)
    assert machine.clock(NOW, NOW + timedelta(seconds=5), lambda: True).state == "ok"
    assert machine.clock(datetime(1970, 1, 2, tzinfo=UTC), None, lambda: True).state == "failed"


@pytest.mark.parametrize(("allowed", "state"), [(1000, "ok"), (150, "warning"), (99, "failed")])
def test_watches_are_enough_scarce_or_too_few(allowed: int, state: str, tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user/max_inotify_watches").write_text(f"{allowed}\n")
    [told] = machine.inotify(100, tmp_path)
    assert told.state == state
    assert ("fs.inotify.max_user_watches=" in told.mend) == (state != "ok")


def test_limits_that_cannot_be_read_are_not_called_well(tmp_path: Path) -> None:
    [told] = machine.inotify(100, tmp_path)
    assert (told.state, "cannot look" in told.message) == ("warning", True)


def test_a_locale_is_fine_or_names_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert machine.language("utf-8").state == "ok"
    assert machine.language("iso8859-1").mend == "export LC_ALL=C.UTF-8"
    monkeypatch.setenv("LC_ALL", "xx_YY.nonsense")
    told = machine.language("utf-8")
    assert (told.state, told.mend) == ("warning", "export LC_ALL=C.UTF-8")


def refuse(number: int) -> Callable[[], int]:
    def version() -> int:
        raise OSError(number, os.strerror(number))

    return version


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.ENOSYS, "uname -r"), (errno.EOPNOTSUPP, "/sys/kernel/security/lsm"), (errno.EPERM, "SystemCallFilter=")],
)
def test_a_machine_that_closes_nothing_to_commands_is_told_why_and_what_to_do(number: int, mend: str) -> None:
    told = machine.landlock(2, refuse(number))
    assert (told.state, "2 command items" in told.message, mend in told.mend) == ("warning", True, True)
    assert machine.landlock(0, refuse(number)).state == "ok"
    assert machine.landlock(2, lambda: 1).state == "ok"


def test_the_kernel_says_which_landlock_it_has(require_real: Callable[[str], None]) -> None:
    require_real("landlock")
    assert machine.kernel_landlock() >= 1
