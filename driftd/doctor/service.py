"""The service: its unit, what drop-ins change in it, and whether the daemon answers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftd.doctor.finding import Finding, failed, fine, hidden, warning
from driftd.model.document import Json

NAME: Final = "driftd.service"
UNITS: Final = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_YES: Final = frozenset({"yes", "true", "on", "1", "y", "t"})
_HIDING: Final = {
    "PrivateTmp": "the directories of temporary files",
    "PrivateDevices": "/dev",
    "PrivateUsers": "who owns what",
    "ProtectKernelModules": "/usr/lib/modules",
    "ProtectKernelLogs": "/dev/kmsg",
    "ProtectHostname": "later changes of the host's name",
    "PrivateIPC": "/dev/mqueue",
}
"""Switches of a unit that take something away from what the daemon sees. See systemd.exec(5)."""
_HIDING_PATHS: Final = ("InaccessiblePaths", "TemporaryFileSystem", "RootDirectory", "RootImage", "BindPaths")
_WRITABLE: Final = {
    "ReadWritePaths": "",
    "StateDirectory": "/var/lib/",
    "CacheDirectory": "/var/cache/",
    "LogsDirectory": "/var/log/",
    "RuntimeDirectory": "/run/",
}
"""What leaves directories writable, each with where its values begin."""
_LINE: Final = re.compile(r"^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A setting of a unit, where it was last said."""

    value: str
    file: Path
    number: int

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit as systemd puts it together of its files."""

    file: Path
    settings: dict[str, Line]
    read_write: tuple[str, ...] = ()
    """What ReadWritePaths= and its kin leave writable; what a later empty line takes back is still in it."""

    def value(self, name: str) -> str:
        """Return what a setting is; empty where it is not set."""
        line = self.settings.get(name)
        return line.value if line else ""

    @property
    def user(self) -> str:
        """As whom it runs."""
        return self.value("User") or "root"

    def may_write(self, directory: Path) -> bool:
        """Whether ProtectSystem=strict leaves a directory writable; see systemd.exec(5)."""
        if self.value("ProtectSystem") != "strict":
            return True
        place = directory.resolve()
        left = (*self.read_write, "/dev", "/proc", "/sys")
        return any(place.is_relative_to(Path(above).resolve()) for above in left)


def installed_unit(root: Path = Path("/")) -> Unit | None:
    """Return the unit that is installed, with its drop-ins; None: there is none."""
    places = [root / place.lstrip("/") for place in UNITS]
    file = next((place / NAME for place in places if (place / NAME).is_file()), None)
    if file is None:
        return None
    settings: dict[str, Line] = {}
    writable: list[str] = []
    _take(file, settings, writable)
    named: dict[str, Path] = {}
    for place in reversed(places):  # of two drop-ins of one name, that of /etc counts
        named |= {path.name: path for path in (place / f"{NAME}.d").glob("*.conf")}
    for _, path in sorted(named.items()):
        _take(path, settings, writable)
    return Unit(file, settings, tuple(writable))


def _take(file: Path, settings: dict[str, Line], writable: list[str]) -> None:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for number, text in enumerate(lines, 1):
        if found := _LINE.match(text):
            settings[found[1]] = Line(found[2], file, number)
            if (above := _WRITABLE.get(found[1])) is not None:
                writable += [above + word.lstrip("-+").partition(":")[0] for word in found[2].split()]


def unit(found: Unit | None) -> Iterator[Finding]:
    """Yield how the unit is: what it starts, and whether a newer one waits beside it."""
    if found is None:
        yield warning("unit", f"{NAME} is not installed: nothing starts driftd at boot", "driftd init --system")
        return
    words = found.value("ExecStart").lstrip("-@:+!").split()
    if not words or not os.path.exists(words[0]):
        yield failed(
            "unit",
            f"{found.file} starts {words[0] if words else 'nothing'}, which is not there",
            "driftd init --system",
        )
    else:
        yield fine("unit", f"{found.file} starts {words[0]} as {found.user}")
    newer = found.file.with_name(f"{found.file.name}.dpkg-dist")
    if newer.exists():
        yield warning("unit", f"{found.file} was changed here, and a newer one came", f"diff -u {found.file} {newer}")


def sandbox(found: Unit | None, masks: list[tuple[str, str]] | None) -> Iterator[Finding]:
    """Yield what the unit hides from the daemon: it looks deleted, and has to be a gap.

    `masks`: what the running daemon does not see as the host has it, each place with the setting that hides it; None
    where that could not be looked at.
    """
    hiding = list(_hiding(found)) if found is not None else []
    for name, line, told in hiding:
        yield warning("sandbox", f"{line}: {told}", _take_away(name))
    known = {name for name, _, _ in hiding}
    for place, setting in masks or ():
        if setting not in known:
            told = f"{place} is hidden from the daemon: items there are gaps"
            yield warning("sandbox", told, _take_away(setting))
    if masks is None:
        yield hidden("sandbox", "what the running daemon does not see")
    elif not hiding and not masks:
        yield fine("sandbox", "nothing is hidden from the daemon")


def _take_away(setting: str) -> str:
    return f"systemctl edit driftd: take {setting}= away, then systemctl restart driftd"


def _hiding(found: Unit) -> Iterator[tuple[str, Line, str]]:
    for name, what in _HIDING.items():
        line = found.settings.get(name)
        if line is not None and line.value.lower() in (*_YES, "disconnected", "self", "full"):
            yield name, line, f"{name}={line.value} hides {what} from driftd"
    for name in _HIDING_PATHS:
        line = found.settings.get(name)
        if line is not None and line.value:
            yield name, line, f"{name}={line.value} hides what is there from driftd"
    for name, hidden_by, what in (
        ("ProtectHome", (*_YES, "tmpfs"), "/home, /root and /run/user"),
        ("ProtectProc", ("noaccess", "invisible", "ptraceable"), "processes of others"),
        ("ProcSubset", ("pid",), "the settings of the kernel in /proc"),
    ):
        line = found.settings.get(name)
        if line is not None and line.value.lower() in hidden_by:
            yield name, line, f"{name}={line.value} hides {what} from driftd"


Ask = Callable[[], Json]
"""Asks the daemon for its status; raises what `driftd.daemon.control.ask` raises."""


def daemon(ask: Ask, found: Unit | None, start: str) -> Finding:
    """Return whether the daemon answers. `start`: how to start it by hand."""
    from driftd.daemon.control import ControlError, DaemonAbsentError, NoAnswerError

    try:
        answer = ask()
    except DaemonAbsentError:
        begin = "systemctl enable --now driftd" if found is not None else start
        return warning("daemon", "is not running", begin)
    except NoAnswerError as error:
        return failed("daemon", str(error), "systemctl restart driftd")
    except ControlError as error:
        if "may not talk" in str(error):
            return hidden("daemon", "whether it is well")
        return failed("daemon", str(error), "systemctl restart driftd")
    told = answer.get("daemon") if isinstance(answer, dict) else None
    about = told if isinstance(told, dict) else {}
    if about.get("stuck"):
        return failed("daemon", f"pid {about.get('pid')} is stuck", "systemctl restart driftd")
    return fine("daemon", f"runs as pid {about.get('pid')} since {about.get('since')}")


def program(path: str, trouble: list[str], closed: Path | None) -> Iterator[Finding]:
    """Yield whether the service can run its program, and whether others can change that.

    `trouble`: what trust says about it; `closed`: a place on the way that the service's account cannot pass.
    """
    for problem in trouble:
        yield warning("program", problem, f"ls -ld {os.path.dirname(path)} {path}")
    if closed is not None:
        told = f"{path}: the service's account cannot pass {closed}"
        yield failed(
            "program", told, "/usr/bin/python3 -m venv /opt/driftd (install driftd there), then driftd init --system"
        )
    elif not trouble:
        yield fine("program", path)
