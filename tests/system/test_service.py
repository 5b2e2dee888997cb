"""driftd as a service: its package, and real systemd as PID 1. One machine for all of it, in the order of a life."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import driftd
from driftd.ready.catalog import ready_baseline
from tests.system.nspawn import Machine

PROJECT = Path(driftd.__file__).parent.parent
PATIENCE = 60.0
"""Seconds until something that has to happen counts as not happening."""
BEFORE = "0.0.1"
"""The release before: the same source with another version."""
SETTINGS = """\
baselines: [baselines]
audit: {every: 12h, jitter: 0s}
outputs:
  - journald: {}
  - jsonl: {path: /var/log/driftd/events.jsonl}
"""
BASELINE = """\
schema: driftd/baseline/1
name: live
items:
  - path: /etc/live/**
  - path: /etc/shadow
  - path: /home/alice/**
  - path: /var/tmp/live/*
  - command: [sh, -c, "cat /var/lib/driftd/secret.key > /dev/null 2>&1 && echo open || echo closed"]
    name: own
    every: 1h
"""
LIVE_UNIT = """\
schema: driftd/baseline/1
name: live-unit
items:
  - command: [systemctl, cat, live.service]
    name: live-unit
    format: systemd
    every: 2s
"""
LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
"""A machine has it; older versions of systemd-nspawn keep it from what runs in them."""
Object = dict[str, Any]


class Service:
    """driftd in a machine."""

    def __init__(self, machine: Machine, now: Path, before: Path) -> None:
        self.machine = machine
        self.run = machine.run
        self.now = now
        self.before = before

    def package(self, *words: str, status: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("dpkg", "--force-unsafe-io", *words, status=status, **more)

    def show(self, name: str) -> str:
        return self.run("systemctl", "show", "--property", name, "--value", "driftd").stdout.strip()

    @property
    def pid(self) -> int:
        return int(self.show("MainPID"))

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file as an editor would: inside, and in one piece."""
        script = 'mkdir -p "${1%/*}" && cat > "$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"'
        self.run("sh", "-c", script, "sh", path, f"{mode:o}", given=text)

    def drop_in(self, text: str) -> None:
        """Change the unit, or with an empty text change it back, and start it anew."""
        place = "/etc/systemd/system/driftd.service.d/tests.conf"
        self.run("rm", "-f", place)
        if text:
            self.write(place, text)
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "restart", "driftd")

    def events(self, *matches: str) -> list[Object]:
        done = self.run("journalctl", "--quiet", "--output=json", "--identifier=driftd", *matches, status=None)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return [entry for entry in found if "DRIFTD_EVENT" in entry]

    def until(self, found: Callable[[], object], what: str) -> Any:
        """Return what is found, once it is."""
        end = time.monotonic() + PATIENCE
        while not (result := found()):
            log = self.run("journalctl", "--quiet", "--unit=driftd", "--output=cat", "--lines=30").stdout
            assert time.monotonic() < end, f"did not happen in {PATIENCE:.0f} s: {what}\n{log}"
            time.sleep(0.1)
        return result

    def status(self) -> Object:
        done = self.run("driftd", "status", "--json", status=None)
        assert done.stdout, done.stderr
        shape: Object = json.loads(done.stdout)
        return shape

    def changes(self, item: str) -> list[tuple[str, str | None]]:
        """Return how an item differs from what is approved, as the running daemon knows it: keys, each with its rule."""
        drifts = [drift for drift in self.status()["drifts"] if drift["item"] == item]
        return [(change["key"], change["rule"]) for drift in drifts for change in drift["changes"]]

    def looked(self) -> Object | None:
        """Return the status once the first audit of the running daemon is done."""
        shape = self.status()
        daemon = shape["daemon"]
        audits = [daemon[name] for name in ("last_quick", "last_deep") if daemon[name]]
        return shape if daemon["running"] and max(audits, default="") >= daemon["since"] else None

    def gaps(self) -> dict[str, str]:
        """Return the gaps once the first audit is done."""
        shape = self.until(self.looked, "the first audit")
        return {gap["item"]: gap["reason"] for gap in shape["coverage"]["gaps"]}


def built(directory: Path, version: str | None) -> Path:
    """Build the package from this source, under another version if one is given, with the libraries of this environment."""
    project = directory / "project"
    for name in ("driftd", "systemd", "packaging"):
        shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copyfile(PROJECT / name, project / name)
    if version is not None:
        init = project / "driftd" / "__init__.py"
        init.write_text(re.sub(r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"', init.read_text()))
    words = ["--project", project, "--output", directory, "--compression", "none", *libraries()]
    subprocess.run(
        [sys.executable, PROJECT / "packaging" / "deb.py", *map(str, words)], check=True, capture_output=True
    )
    [package] = directory.glob("*.deb")
    return package


def libraries() -> list[str]:
    """Return where libraries come from: this environment, where it is of the machine's own Python; else the network."""
    ask = ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])"]
    minor = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.split()
    return ["--environment", sys.prefix] if minor == [str(part) for part in sys.version_info[:2]] else []


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, require_real: Callable[[str], None]) -> Iterator[Service]:
    """A machine on which driftd was installed from its package; its tests go on from one another."""
    for needed in ("root", "systemd-nspawn", "dpkg-deb", "pgrep", "landlock"):
        require_real(needed)
    packages = [built(tmp_path_factory.mktemp("package"), version) for version in (BEFORE, None)]
    with Machine(tmp_path_factory.mktemp("machine"), options=[f"--system-call-filter={LANDLOCK}"]) as machine:
        before, now = (Path(shutil.copy(package, machine.shared)) for package in packages)
        machine.run("rm", "-f", "/var/lib/man-db/auto-update")  # of the whole machine's pages, at each installation
        service = Service(machine, now, before)
        service.package("--install", str(before))
        yield service


def test_an_installed_service_waits_for_settings(service: Service) -> None:
    assert service.run("systemctl", "is-enabled", "driftd").stdout.strip() == "enabled"
    assert service.show("ActiveState") == "inactive"
    assert service.show("ConditionResult") == "no"
    assert service.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""
    assert service.run("driftd", "--version").stdout == f"driftd {BEFORE}\n"
    assert service.run("stat", "-c", "%U %a", "/var/lib/driftd", "/var/log/driftd").stdout == "driftd 700\ndriftd 750\n"
    for path in ("/usr/share/man/man1/driftd.1.gz", "/usr/share/bash-completion/completions/driftd"):
        assert service.machine.path(path).is_file()
    assert not list(service.machine.path("/opt/driftd").rglob("*.pth"))


def test_it_starts_and_audits_what_is_roots_alone(service: Service) -> None:
    service.write("/etc/live/app.yml", "host: db-1\n", 0o600)
    service.write("/etc/live/big.conf", "".join(f"key{number} = {number}\n" for number in range(30_000)))
    service.run("useradd", "--create-home", "alice")
    service.write("/home/alice/settings.ini", "[a]\nb = 1\n")
    service.write("/var/tmp/live/x.yml", "a: 1\n")
    service.write("/etc/driftd/driftd.yaml", SETTINGS)
    service.write("/etc/driftd/baselines/live/baseline.yaml", BASELINE)
    service.run("driftd", "approve", "--reason", "first", "--yes")
    service.run("systemctl", "start", "driftd")
    assert service.gaps() == {}
    assert service.show("StatusText").endswith("0 drifted, 0 gaps")
    assert service.run("find", "/var/lib/driftd", "!", "-user", "driftd").stdout == ""
    assert service.run("find", "/etc/driftd", "!", "-user", "root").stdout == ""


def test_a_change_is_an_event_in_the_journal_with_fields(service: Service) -> None:
    service.write("/etc/live/app.yml", "host: db-2\n", 0o600)
    matches = ("DRIFTD_ACTION=drift-opened", "DRIFTD_ITEM=/etc/live/app.yml")
    [entry] = service.until(lambda: service.events(*matches), "an event in the journal")
    assert entry["DRIFTD_ITEM"] == "/etc/live/app.yml"
    assert entry["DRIFTD_BASELINE"] == "live"
    assert entry["DRIFTD_STATUS"] == "unapproved"
    assert entry["_SYSTEMD_UNIT"] == "driftd.service"
    assert entry["_UID"] == service.run("id", "--user", "driftd").stdout.strip()
    assert "db-2" in entry["MESSAGE"]
    event = json.loads(entry["DRIFTD_EVENT"])
    assert [change["key"] for change in event["driftd"]["changes"]] == ["$.host"]


def test_root_approves_beside_the_running_service(service: Service) -> None:
    service.write("/etc/live/app.yml", "host: db-3\n", 0o600)
    service.until(lambda: service.events("DRIFTD_ACTION=drift-updated"), "the second change")
    service.run("driftd", "approve", "/etc/live/app.yml", "--reason", "db-3 it is", "--yes")
    service.until(lambda: service.events("DRIFTD_ACTION=drift-resolved"), "the resolution")
    assert service.run("find", "/var/lib/driftd", "!", "-user", "driftd").stdout == ""
    assert service.run("find", "/etc/driftd", "!", "-user", "root").stdout == ""


def test_a_reload_takes_new_settings_and_keeps_the_old_ones_where_they_are_wrong(service: Service) -> None:
    pid = service.pid
    service.write("/etc/driftd/driftd.yaml", SETTINGS + "timezone: Europe/Vienna\n")
    service.run("systemctl", "reload", "driftd")
    service.until(lambda: service.events("DRIFTD_ACTION=daemon-reloaded"), "the reload")
    service.write("/etc/driftd/driftd.yaml", SETTINGS + "timezone: Europe/Wien\n")
    service.run("systemctl", "reload", "driftd")
    service.until(lambda: service.events("DRIFTD_ACTION=daemon-reload-failed"), "the refusal")
    assert (service.pid, service.show("ActiveState")) == (pid, "active")
    service.write("/etc/driftd/driftd.yaml", SETTINGS)
    service.run("systemctl", "reload", "driftd")
    service.until(lambda: len(service.events("DRIFTD_ACTION=daemon-reloaded")) > 1, "the way back")


def test_what_systemd_has_loaded_is_audited_with_systemctl(service: Service) -> None:
    unit = "/etc/systemd/system/live.service"
    text = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
    service.write(unit, text)
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "start", "live")
    service.write("/etc/driftd/baselines/systemd-effective/baseline.yaml", ready_baseline("systemd-effective").text)
    service.write("/etc/driftd/baselines/live-unit/baseline.yaml", LIVE_UNIT)
    reloads = len(service.events("DRIFTD_ACTION=daemon-reloaded"))
    service.run("systemctl", "reload", "driftd")
    service.until(lambda: len(service.events("DRIFTD_ACTION=daemon-reloaded")) > reloads, "the new baselines")
    service.run("driftd", "approve", "systemd-effective", "live-unit", "--reason", "as loaded", "--yes")
    service.until(lambda: service.gaps() == {}, "what was approved is judged")

    service.run("systemctl", "enable", "live")
    enabled = [("$[?@.unit_file=='live.service'].state", None)]
    service.until(lambda: service.changes("command:systemd-unit-files") == enabled, "what is enabled")
    service.write(unit, text.replace("[Install]", "Nice=5\n[Install]"))

    def unloaded() -> bool:
        return "SYSTEMD-EFFECTIVE-RELOAD" in {rule for _, rule in service.changes("command:systemd-units")}

    service.until(unloaded, "a unit that is not loaded as it is")
    service.until(
        lambda: service.changes("command:live-unit") == [("$.Service[0].Nice", None)], "what systemctl cat says"
    )

    service.write(unit, text)
    service.run("systemctl", "daemon-reload")
    service.run("systemctl", "disable", "--now", "live")
    service.until(lambda: not service.changes("command:systemd-unit-files"), "what is enabled, as it was")
    service.until(lambda: not service.changes("command:live-unit"), "the unit as it was")
    service.until(lambda: not unloaded(), "everything is loaded")
    service.run("rm", "-r", unit, "/etc/driftd/baselines/systemd-effective", "/etc/driftd/baselines/live-unit")
    service.run("systemctl", "reload", "driftd")
    service.until(lambda: len(service.events("DRIFTD_ACTION=daemon-reloaded")) > reloads + 1, "the baselines before")


def test_the_sandbox_is_as_the_unit_says(service: Service) -> None:
    def capabilities(pid: int) -> dict[str, str]:
        lines = service.run("cat", f"/proc/{pid}/status", status=None).stdout.splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def holds(pid: int, wanted: dict[str, str]) -> bool:
        told = capabilities(pid)
        return not told or wanted.items() <= told.items()  # the audit for which it was there is done

    daemon = capabilities(service.pid)
    only_reading = f"{1 << 2:016x}"
    assert {daemon[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {only_reading}
    assert (daemon["NoNewPrivs"], daemon["Seccomp"]) == ("1", "2")
    assert "0" not in daemon["Uid"].split()
    within = ("nsenter", f"--target={service.pid}", "--mount", "--")
    for path in ("/etc/x", "/usr/x", "/home/alice/x", "/opt/driftd/x"):
        assert "Read-only file system" in service.run(*within, "touch", path, status=1).stderr
    service.run(*within, "touch", "/var/lib/driftd/x", "/var/log/driftd/x", "/run/driftd/x")
    service.run("rm", "/var/lib/driftd/x", "/var/log/driftd/x", "/run/driftd/x")
    limits = service.run("cat", f"/proc/{service.pid}/limits").stdout
    assert re.search(r"^Max core file size\s+0\s+0", limits, re.MULTILINE)
    service.write("/etc/live/big.conf", "".join(f"key{number} = {number + 1}\n" for number in range(30_000)))
    service.until(lambda: service.events("DRIFTD_ACTION=drift-opened", "DRIFTD_ITEM=/etc/live/big.conf"), "a big file")
    children = service.run("pgrep", "--parent", str(service.pid)).stdout.split()
    words = {child: service.run("cat", f"/proc/{child}/cmdline", status=None).stdout.split("\0") for child in children}
    words = {child: said for child, said in words.items() if {"parser", "looker", "rereader"} & {*said}}  # no command
    [parser] = [child for child, said in words.items() if "parser" in said]  # it stays for a minute
    for child in words:
        right = "0" * 16 if child == parser else only_reading
        wanted = {"CapPrm": right, "CapEff": right, "CapInh": "0" * 16, "CapAmb": "0" * 16, "NoNewPrivs": "1"}
        confined = partial(holds, int(child), wanted)
        service.until(confined, f"{words[child]} has given up all but {wanted}")  # one that starts has not yet
    assert capabilities(int(parser))


def test_the_watchdog_restarts_a_daemon_that_was_stopped(service: Service) -> None:
    service.drop_in("[Service]\nWatchdogSec=3\nRestartSec=100ms\n")
    service.until(service.looked, "the first audit")
    opened, pid = len(service.events("DRIFTD_ACTION=drift-opened")), service.pid
    service.run("kill", "-STOP", str(pid))
    service.until(lambda: service.pid not in (0, pid) and service.show("ActiveState") == "active", "the restart")
    assert int(service.show("NRestarts")) >= 1
    assert f"Killing process {pid}" in service.run("journalctl", "--unit=driftd", "--output=cat").stdout
    assert service.gaps() == {}
    assert len(service.events("DRIFTD_ACTION=drift-opened")) == opened
    service.drop_in("")


def test_what_a_drop_in_hides_is_a_gap_and_not_gone(service: Service) -> None:
    gone = len(service.events("DRIFTD_ACTION=drift-opened"))
    service.drop_in("[Service]\nProtectHome=tmpfs\nPrivateTmp=yes\nInaccessiblePaths=/etc/shadow\n")
    gaps = service.gaps()
    assert {gaps["/home/alice/settings.ini"], gaps["/var/tmp/live/x.yml"], gaps["/etc/shadow"]} == {"masked"}
    assert set(gaps.values()) == {"masked"}
    assert len(service.events("DRIFTD_ACTION=drift-opened")) == gone
    doctor = service.run("driftd", "doctor", status=None).stdout
    for setting in ("ProtectHome=", "PrivateTmp=", "InaccessiblePaths="):
        assert f"take {setting} away" in doctor
    log = service.run("journalctl", "--unit=driftd", "--output=cat").stdout
    assert '"place": "/home", "setting": "ProtectHome"' in log
    assert '"/proc' not in log
    service.drop_in("[Service]\nProtectHome=tmpfs\nProtectProc=invisible\n")
    assert service.gaps()["/home/alice/settings.ini"] == "masked"
    assert "PID 1's mounts cannot be read" in service.run("journalctl", "--unit=driftd", "--output=cat").stdout
    service.drop_in("")
    assert service.gaps() == {}
    assert "nothing is hidden from the daemon" in service.run("driftd", "doctor", status=None).stdout


def test_what_is_mounted_while_it_runs_is_not_hidden_from_it(service: Service) -> None:
    service.run("mkdir", "/etc/live/mounted")
    service.run("mount", "-t", "tmpfs", "none", "/etc/live/mounted")
    try:

        def restored() -> bool:
            told = service.events("DRIFTD_ACTION=coverage-restored")
            return any("/etc/live/mounted (mounts-changed)" in entry["MESSAGE"] for entry in told)

        service.until(restored, "a look at what was mounted")
        assert service.gaps() == {}
    finally:
        service.run("umount", "/etc/live/mounted")
        service.run("rmdir", "/etc/live/mounted")


def test_its_log_is_rotated(service: Service) -> None:
    service.run("logrotate", "--force", "--state", "/tmp/rotated", "/etc/logrotate.d/driftd")
    service.write("/etc/live/app.yml", "host: db-4\n", 0o600)
    service.until(lambda: service.machine.path("/var/log/driftd/events.jsonl").exists(), "a new file")
    assert service.run("stat", "-c", "%U %a", "/var/log/driftd/events.jsonl").stdout == "driftd 640\n"


def test_an_upgrade_keeps_the_state_and_repeats_nothing(service: Service) -> None:
    before, started = service.status(), len(service.events("DRIFTD_ACTION=daemon-started"))
    events = [entry["DRIFTD_EVENT_ID"] for entry in service.events()]
    service.package("--install", str(service.now))
    shape = service.until(service.looked, "the first audit")
    assert shape["drifts"] == before["drifts"] != []
    fresh = [entry for entry in service.events() if entry["DRIFTD_EVENT_ID"] not in events]
    assert {entry["DRIFTD_ACTION"] for entry in fresh} <= {"daemon-stopped", "daemon-started", "audit-completed"}
    ids = [entry["DRIFTD_EVENT_ID"] for entry in service.events()]
    assert len(ids) == len(set(ids))
    assert len(service.events("DRIFTD_ACTION=daemon-started")) == started + 1
    assert service.run("driftd", "--version").stdout == f"driftd {driftd.__version__}\n"


def test_a_downgrade_is_refused_before_anything_is_touched(service: Service) -> None:
    done = service.package("--install", str(service.before), status=1)
    assert f"version {BEFORE} is older than {driftd.__version__}" in done.stderr
    assert service.run("driftd", "--version").stdout == f"driftd {driftd.__version__}\n"
    service.until(service.looked, "the daemon of the version that stays")


def test_the_state_of_a_newer_version_is_refused_once_and_clearly(service: Service) -> None:
    service.run("systemctl", "stop", "driftd")
    database = "import sqlite3, sys; base = sqlite3.connect('/var/lib/driftd/driftd.db'); "
    read = "print(*base.execute('PRAGMA user_version').fetchone())"
    write = "base.execute('PRAGMA user_version = ' + sys.argv[1])"
    version = service.run("python3", "-c", database + read).stdout.strip()
    service.run("python3", "-c", database + write, "9999")
    service.run("systemctl", "start", "driftd", status=1)
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("2", "0")
    assert "newer driftd" in service.run("journalctl", "--unit=driftd", "--output=cat", "--lines=20").stdout
    service.run("python3", "-c", database + write, version)
    service.run("systemctl", "start", "driftd")
    assert service.gaps() == {}


def test_removed_it_leaves_its_state_and_purged_nothing(service: Service) -> None:
    service.package("--remove", "driftd")
    assert service.run("systemctl", "is-active", "driftd", status=None).stdout.strip() == "inactive"
    assert not service.machine.path("/opt/driftd").exists()
    assert not service.machine.path("/usr/bin/driftd").is_symlink()
    assert service.machine.path("/var/lib/driftd/journal").is_dir()
    assert service.machine.path("/etc/driftd/driftd.yaml").is_file()
    service.run("getent", "passwd", "driftd")
    service.package("--purge", "driftd")
    places = ("/etc", "/opt", "/run", "/usr", "/var", "/home", "/tmp")
    left = service.run("find", *places, "-xdev", "-name", "*driftd*", "-not", "-path", "/var/log/journal/*").stdout
    hosts = {line for line in left.splitlines() if Path(line).exists()}
    assert set(left.splitlines()) - hosts == set()
    for database in ("passwd", "group"):
        assert service.run("getent", database, "driftd", status=2).stdout == ""
    assert service.run("systemctl", "status", "driftd", status=4).returncode == 4
