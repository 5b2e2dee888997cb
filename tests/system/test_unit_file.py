"""The unit file, as systemd reads it and as the sandbox bites."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "driftd.service"
HIDING = (
    "InaccessiblePaths", "PrivateDevices", "PrivateIPC", "PrivatePIDs", "PrivateTmp", "PrivateUsers", "ProcSubset", "ProtectHostname",
    "ProtectKernelLogs", "ProtectKernelModules", "ProtectProc", "RootDirectory", "RootImage", "TemporaryFileSystem",
)  # fmt: skip

PAGE = UNIT.parents[1] / "docs" / "reference" / "unit.md"
EXPOSURE = 30
"""Ten times what `systemd-analyze security` may say at most, between 0 and 100."""


def settings() -> dict[str, str]:
    lines = [line for line in UNIT.read_text("utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_systemd_has_nothing_to_say_about_it(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("systemd-analyze")
    unit = tmp_path / UNIT.name
    command = settings()["ExecStart"].split()[0]
    unit.write_text(UNIT.read_text("utf-8").replace(command, sys.executable))  # which need not be installed here
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_have_something_to_say_about_a_mistake(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    """systemd-analyze exits 0 on unknown keys: its standard error is what counts."""
    require_real("systemd-analyze")
    unit = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace(settings()["ExecStart"].split()[0], sys.executable)
    unit.write_text(text.replace("WatchdogSec=", "WatchdogSeconds="))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], check=False, capture_output=True, text=True)
    assert "WatchdogSeconds" in done.stderr


def test_the_sandbox_is_tight(require_real: Callable[[str], None]) -> None:
    require_real("systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(UNIT)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", HIDING)
def test_nothing_is_hidden_from_the_daemon(name: str) -> None:
    assert name not in settings()


def test_the_page_names_every_line_and_no_other() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    named = [word for row in rows for word in re.findall(r"`([A-Z]\w+=[^`]*)`", row.split(" | ")[0])]
    lines = {line for line in UNIT.read_text("utf-8").splitlines() if "=" in line and not line.startswith("#")}
    assert sorted(named) == sorted(line for line in lines if not line.startswith(("Description=", "Documentation=")))


def test_the_page_names_what_must_not_be_there() -> None:
    text = PAGE.read_text("utf-8").partition("## Read-only, never hidden")[2].partition("\n## ")[0]
    assert set(HIDING) - set(re.findall(r"`(\w+)`", text)) == set()


def test_the_page_says_what_systemd_says_of_it(require_real: Callable[[str], None]) -> None:
    require_real("systemd-analyze")
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None
    stated = re.search(r"says ([\d.]+) of 10", PAGE.read_text("utf-8"))
    assert stated is not None
    assert abs(float(found[1]) - float(stated[1])) <= 0.3  # versions of systemd weigh differently


def test_homes_are_read_only_and_not_hidden() -> None:
    assert settings()["ProtectHome"] == "read-only"
    assert settings()["ProtectSystem"] == "strict"


def test_the_service_has_an_account_and_one_capability() -> None:
    assert settings()["User"] == settings()["Group"] == "driftd"
    assert settings()["AmbientCapabilities"] == settings()["CapabilityBoundingSet"] == "CAP_DAC_READ_SEARCH"


def test_every_line_stands_under_a_reason() -> None:
    """A reason may cover the lines that follow it without a gap."""
    covered = False
    for line in UNIT.read_text("utf-8").partition("[Service]")[2].partition("[Install]")[0].splitlines():
        if line.startswith("#"):
            covered = True
        elif not line:
            covered = False
        else:
            assert covered, f"{line} has no reason"


def test_the_watcher_runs_without_writable_and_executable_memory(lacking: Callable[[str], None]) -> None:
    """MemoryDenyWriteExecute= is on: ctypes, which watchdog's reader uses, must live with it."""
    script = """
import ctypes, os, sys, tempfile
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if libc.prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
from driftd.watch.inotify import InotifyWatcher
watcher = InotifyWatcher()
watcher.start(None)
problem = watcher.watch(os.fsencode(tempfile.gettempdir()))
watcher.close()
sys.exit(problem)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    if done.returncode == 77:
        lacking("PR_SET_MDWE of Linux 6.3")
    assert done.returncode == 0, done.stderr
