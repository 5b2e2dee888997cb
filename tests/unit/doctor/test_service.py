"""The unit and its drop-ins: what hides something from the daemon is found, wherever it is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftd.daemon.control import ControlError, DaemonAbsentError, NoAnswerError
from driftd.doctor.service import daemon, installed_unit, program, sandbox, unit
from driftd.installing.unit import shipped_unit

ETC = "etc/systemd/system"


def put(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def hiding(root: Path) -> list[str]:
    return [finding.message for finding in sandbox(installed_unit(root), []) if finding.state != "ok"]


def test_the_unit_that_ships_hides_nothing(tmp_path: Path) -> None:
    put(tmp_path, f"{ETC}/driftd.service", shipped_unit())
    assert hiding(tmp_path) == []
    [told] = sandbox(installed_unit(tmp_path), [])
    assert told.state == "ok"


@pytest.mark.parametrize(
    "line",
    [
        "PrivateTmp=yes", "ProtectHome=true", "ProtectHome=tmpfs", "InaccessiblePaths=/srv/secret", "PrivateDevices=1",
        "TemporaryFileSystem=/var:ro", "ProtectKernelModules=on", "ProtectProc=invisible", "ProcSubset=pid", "PrivateUsers=yes",
    ],
)  # fmt: skip
def test_a_drop_in_that_hides_is_named_with_its_line(line: str, tmp_path: Path) -> None:
    put(tmp_path, f"{ETC}/driftd.service", shipped_unit())
    file = put(tmp_path, f"{ETC}/driftd.service.d/override.conf", f"[Service]\n# ours\n{line}\n")
    [told] = hiding(tmp_path)
    assert told.startswith(f"{file}:3: {line} hides ")
    [finding] = sandbox(installed_unit(tmp_path), [])
    assert "systemctl edit driftd" in finding.mend


def test_what_a_later_drop_in_takes_back_is_not_told(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib/systemd/system/driftd.service", shipped_unit())
    put(tmp_path, "usr/lib/systemd/system/driftd.service.d/50-site.conf", "[Service]\nPrivateTmp=yes\n")
    put(tmp_path, "run/systemd/system/driftd.service.d/60-test.conf", "[Service]\nInaccessiblePaths=/a\n")
    put(tmp_path, f"{ETC}/driftd.service.d/50-site.conf", "[Service]\nProtectHome=read-only\n")
    put(tmp_path, f"{ETC}/driftd.service.d/70-ours.conf", "[Service]\nInaccessiblePaths=\n")
    assert hiding(tmp_path) == []


def test_what_the_daemon_says_is_hidden_is_told_too(tmp_path: Path) -> None:
    put(tmp_path, f"{ETC}/driftd.service", shipped_unit())
    [told] = sandbox(installed_unit(tmp_path), [("/home", "ProtectHome")])
    assert (told.state, "/home is hidden" in told.message, "take ProtectHome= away" in told.mend) == (
        "warning",
        True,
        True,
    )
    put(tmp_path, f"{ETC}/driftd.service.d/a.conf", "[Service]\nProtectHome=yes\n")
    [told] = sandbox(installed_unit(tmp_path), [("/home", "ProtectHome")])
    assert "a.conf:2" in told.message


def test_what_cannot_be_looked_at_is_not_called_well(tmp_path: Path) -> None:
    put(tmp_path, f"{ETC}/driftd.service", shipped_unit())
    [told] = sandbox(installed_unit(tmp_path), None)
    assert (told.state, "needs root" in told.message) == ("warning", True)


def test_a_host_without_the_unit_is_told_how_to_get_it(tmp_path: Path) -> None:
    [told] = unit(installed_unit(tmp_path))
    assert (told.state, told.mend) == ("warning", "driftd init --system")


def test_a_unit_whose_program_is_gone_and_a_newer_one_that_waits_are_told(tmp_path: Path) -> None:
    file = put(tmp_path, f"{ETC}/driftd.service", "[Service]\nExecStart=/opt/gone/driftd run\nUser=driftd\n")
    put(tmp_path, f"{ETC}/driftd.service.dpkg-dist", "[Service]\n")
    gone, newer = unit(installed_unit(tmp_path))
    assert (gone.state, "/opt/gone/driftd" in gone.message) == ("failed", True)
    assert (newer.state, newer.mend) == ("warning", f"diff -u {file} {file}.dpkg-dist")
    file.write_text("[Service]\nExecStart=/bin/sh -c true\nUser=driftd\n")
    assert next(unit(installed_unit(tmp_path))).message == f"{file} starts /bin/sh as driftd"


def refuse(error: Exception) -> Callable[[], Any]:
    def ask() -> Any:
        raise error

    return ask


def test_the_daemon_is_well_absent_stuck_or_not_ours_to_ask() -> None:
    well: dict[str, Any] = {"daemon": {"pid": 7, "since": "x", "stuck": False}}
    assert daemon(lambda: well, None, "driftd run").state == "ok"
    stuck: dict[str, Any] = {"daemon": {"pid": 7, "stuck": True}}
    assert daemon(lambda: stuck, None, "driftd run").mend == "systemctl restart driftd"
    absent = daemon(refuse(DaemonAbsentError("x")), None, "driftd run --config y")
    assert (absent.state, absent.mend) == ("warning", "driftd run --config y")
    assert daemon(refuse(NoAnswerError("stuck", 7)), None, "driftd run").state == "failed"
    assert daemon(refuse(ControlError("broken")), None, "driftd run").state == "failed"
    refused = daemon(refuse(ControlError("/s: you may not talk to the daemon")), None, "driftd run")
    assert (refused.state, "needs root" in refused.message) == ("warning", True)


def test_a_program_that_others_can_change_or_the_service_cannot_run_is_told() -> None:
    assert [finding.state for finding in program("/usr/bin/driftd", [], None)] == ["ok"]
    assert [finding.state for finding in program("/home/a/driftd", ["belongs to a"], None)] == ["warning"]
    [told] = program("/root/driftd", [], Path("/root"))
    assert (told.state, "cannot pass /root" in told.message) == ("failed", True)


def test_what_the_unit_leaves_writable_is_known_from_all_of_its_lines(tmp_path: Path) -> None:
    put(tmp_path, f"{ETC}/driftd.service", shipped_unit())
    put(tmp_path, f"{ETC}/driftd.service.d/a.conf", "[Service]\nReadWritePaths=/srv/a -/srv/b\nReadWritePaths=/srv/c\n")
    found = installed_unit(tmp_path)
    assert found is not None
    open_ = ("/var/lib/driftd", "/var/log/driftd/deep", "/run/driftd", "/srv/a", "/srv/b/c", "/srv/c")
    assert [place for place in open_ if not found.may_write(Path(place))] == []
    closed = ("/srv", "/srv/ab", "/var/lib", "/var/log/other", "/etc/driftd")
    assert [place for place in closed if found.may_write(Path(place))] == []
    put(tmp_path, f"{ETC}/driftd.service.d/b.conf", "[Service]\nProtectSystem=full\n")
    relaxed = installed_unit(tmp_path)
    assert relaxed is not None
    assert relaxed.may_write(Path("/srv"))
