"""`driftd doctor`: can this host be audited? Each line that is not well names the command that mends it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from driftd.app import Host, Surroundings, open_host
from driftd.cli.hidden import hidden_from_daemon
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.style import Style
from driftd.daemon.control import ControlError, DaemonAbsentError, ask
from driftd.model.document import Json
from driftd.model.item import shown_path
from driftd.outputs.visible import visible

EXAMPLE = "driftd doctor"
State = Literal["ok", "warning", "failed"]
_COLORS: dict[State, str] = {"ok": "32", "warning": "33", "failed": "31"}
ROOM = 256 * 1024 * 1024
"""Free bytes under which the state directory is worth a warning."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    message: str
    mend: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the finding's shape."""
        return {"name": self.name, "state": self.state, "message": self.message, "mend": self.mend}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `doctor`."""
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Look at what auditing needs; 1 where something has failed, 3 where something could be better."""
    host = open_host(args.config, Surroundings.of_process())
    try:
        findings = list(examine(host))
    finally:
        host.close()
    if args.json:
        print_json("doctor", {"findings": [finding.to_json() for finding in findings]})
    else:
        style = Style.of(sys.stdout)
        for finding in findings:
            print(
                f"{style.paint(f'{finding.state:<8}', _COLORS[finding.state])} {finding.name:<12} {visible(finding.message)}"
            )
            if finding.mend:
                print(f"{'':<22}{visible(finding.mend)}")
    states = {finding.state for finding in findings}
    return DRIFT if "failed" in states else INCOMPLETE if "warning" in states else OK


def examine(host: Host) -> Iterator[Finding]:
    """Yield a finding for everything that auditing needs."""
    yield Finding("settings", "ok", f"{host.file}: {len(host.baselines)} baselines apply to {host.facts.name}")
    yield _state(host)
    yield _key(host)
    yield from _items(host)
    yield from _approved(host)
    yield _daemon(host)
    yield from _sandbox(host)
    yield from _outputs(host)


def _state(host: Host) -> Finding:
    state = host.settings.state
    if not state.is_dir():
        parent = next(path for path in state.parents if path.is_dir())
        writable = os.access(parent, os.W_OK)
        found: State = "warning" if writable else "failed"
        return Finding("state", found, f"{state}: not there yet", f"install -d -m 0700 {state}")
    if not os.access(state, os.W_OK):
        return Finding("state", "failed", f"{state}: not writable by you", f"chown {os.geteuid()} {state}")
    free = shutil.disk_usage(state).free
    if free < ROOM:
        return Finding("state", "warning", f"{state}: {free // 1024 // 1024} MiB free", f"make room on {state}")
    return Finding("state", "ok", f"{state}: {free // 1024 // 1024} MiB free")


def _key(host: Host) -> Finding:
    file = host.settings.key_file
    if not file.exists():
        return Finding(
            "secret key",
            "warning",
            f"{file}: not there",
            "driftd run makes one; copy it to hosts that share a baseline",
        )
    if not os.access(file, os.R_OK):
        return Finding("secret key", "failed", f"{file}: not readable by you", "run driftd as its owner")
    return Finding("secret key", "ok", f"{file}: id {host.keeper.key_id}")


def _items(host: Host) -> Iterator[Finding]:
    count, gaps = 0, []
    for found in host.auditor.found():
        if found.gap is not None:
            gaps.append(found.gap)
        else:
            count += 1
    yield Finding("items", "ok" if count else "warning", f"{count} items match the baselines")
    for gap in gaps[:10]:
        mend = (
            "raise max_items of the pattern"
            if gap.reason == "max-items"
            else "run as root, or give CAP_DAC_READ_SEARCH"
        )
        yield Finding("items", "warning", f"{gap.item}: {gap.reason}", mend)
    needed = len(host.auditor.directories)
    allowed = _number("/proc/sys/fs/inotify/max_user_watches")
    if allowed is not None:
        state: State = "ok" if needed < allowed else "failed"
        mend = "" if state == "ok" else f"sysctl -w fs.inotify.max_user_watches={needed * 2}"
        yield Finding("inotify", state, f"{needed} watches needed, {allowed} allowed", mend)


def _number(path: str) -> int | None:
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def _approved(host: Host) -> Iterator[Finding]:
    for name, layers in host.auditor.approvals.layers.items():
        if layers.problems:
            for problem in layers.problems:
                yield Finding("approved", "failed", str(problem), f"driftd approve {name} --undo --reason repair")
        elif not layers.approved and host.scope.baselines[name].definition.approved == "required":
            yield Finding(
                "approved", "warning", f"{name}: nothing is approved yet", f"driftd approve {name} --reason TEXT"
            )


def _daemon(host: Host) -> Finding:
    try:
        ask(host.settings.control_socket, "status", timeout=10.0)
    except DaemonAbsentError:
        return Finding("daemon", "warning", "not running", f"driftd run --config {host.file}")
    except ControlError as error:
        return Finding("daemon", "failed", str(error), "systemctl restart driftd")
    return Finding("daemon", "ok", "running")


def _sandbox(host: Host) -> Iterator[Finding]:
    """What the daemon's unit hides from it."""
    try:
        found = hidden_from_daemon(host.settings.control_socket)
    except DaemonAbsentError:
        return
    except (ControlError, OSError) as error:
        yield Finding("sandbox", "warning", f"what the unit hides cannot be told: {error}", "run driftd doctor as root")
        return
    for mask in found:
        mend = f"systemctl edit driftd: take {mask.setting}= away, then systemctl restart driftd"
        yield Finding(
            "sandbox", "warning", f"{shown_path(mask.point)}: hidden from the daemon: items there are gaps", mend
        )
    if not found:
        yield Finding("sandbox", "ok", "nothing is hidden from the daemon")


def _outputs(host: Host) -> Iterator[Finding]:
    if not host.settings.outputs:
        yield Finding(
            "outputs", "warning", "none: events stay in the journal of driftd", "add `outputs:` to the settings"
        )
    for entry in host.settings.outputs:
        options = entry.options
        path = getattr(options, "path", None)
        if entry.name == "journald":
            there = os.path.exists("/run/systemd/journal/socket")
            yield Finding(
                "outputs",
                "ok" if there else "failed",
                "journald: " + ("listens" if there else "does not listen"),
                "" if there else "systemctl start systemd-journald",
            )
        elif path is not None:
            writable = os.access(path if path.exists() else path.parent, os.W_OK)
            yield Finding(
                "outputs",
                "ok" if writable else "failed",
                f"{entry.name}: {path}",
                "" if writable else f"make {path.parent} writable for driftd",
            )
        else:
            yield Finding("outputs", "ok", entry.name)
