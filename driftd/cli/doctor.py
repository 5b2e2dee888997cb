"""`driftd doctor`: can this host be audited? Each line that is not well names the command that mends it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from driftd.acting import as_owner_of, reads_everything
from driftd.app import Host, open_host, settings_of
from driftd.cli.hidden import hidden_from_daemon
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.style import Style
from driftd.daemon.control import ControlError, DaemonAbsentError, ask
from driftd.doctor import commands, files, machine, metrics, outputs, service
from driftd.doctor import state as states
from driftd.doctor.finding import Finding, State, failed, fine, warning
from driftd.doctor.service import Unit
from driftd.doctor.writing import Writer
from driftd.installing.unit import barred
from driftd.model.item import shown_path
from driftd.outputs.visible import visible
from driftd.settings.locate import SYSTEM_FILE
from driftd.settings.problems import ConfigurationError
from driftd.settings.trust import Trust
from driftd.settings.types import Settings
from driftd.store.errors import StoreError
from driftd.surroundings import Surroundings

EXAMPLE = "driftd doctor"
_COLORS: dict[State, str] = {"ok": "32", "warning": "33", "failed": "31"}
_PATIENCE = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `doctor`."""
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Look at what auditing needs; 1 where something has failed, 3 where something could be better."""
    findings = list(examine(args.config, Surroundings.of_process()))
    if args.json:
        print_json("doctor", {"findings": [finding.to_json() for finding in findings]})
    else:
        _tell(findings)
    found = {finding.state for finding in findings}
    return DRIFT if "failed" in found else INCOMPLETE if "warning" in found else OK


def _tell(findings: list[Finding]) -> None:
    style = Style.of(sys.stdout)
    for finding in findings:
        state = style.paint(f"{finding.state:<8}", _COLORS[finding.state])
        print(f"{state} {finding.name:<12} {visible(finding.message)}")
        if finding.mend:
            print(f"{'':<22}{visible(finding.mend)}")


def examine(config: str | None, around: Surroundings) -> Iterator[Finding]:
    """Yield a finding for everything that auditing needs; what cannot be looked at says so, the rest is looked at."""
    yield machine.proc()
    yield machine.language(sys.stdout.encoding)
    try:
        file, settings = settings_of(config, around)
    except ConfigurationError as error:
        yield from files.problems("settings", error.problems)
        yield machine.clock(datetime.now(UTC), None)
        return
    yield fine("settings", f"{file}, schedules in {settings.timezone}")
    unit = service.installed_unit() if file == SYSTEM_FILE else None
    if file == SYSTEM_FILE:
        yield from service.unit(unit)
        yield from _program(unit)
    account = unit.user if unit is not None else None
    yield from states.state(settings.state, account)
    yield machine.clock(datetime.now(UTC), states.newest_write(settings.state))
    yield from _host(config, around, settings, account)
    yield from _daemon(file, settings, unit)
    who = account or states.user_name(around.uid)
    writer = Writer(who) if unit is None else Writer(who, unit.may_write)
    yield from outputs.outputs(settings.outputs, lambda: _as_owner(settings.state), writer)
    yield from metrics.metrics(settings.metrics, lambda: _as_owner(settings.state), writer, file)


@contextmanager
def _as_owner(state: Path) -> Iterator[None]:
    """Try the block as the account of the service, where we may act as it."""
    with ExitStack() as acting:
        with suppress(StoreError):
            acting.enter_context(as_owner_of(state))
        yield


def _program(unit: Unit | None) -> Iterator[Finding]:
    words = unit.value("ExecStart").lstrip("-@:+!").split() if unit is not None else []
    if unit is not None and words and os.path.exists(words[0]):
        closed = barred(Path(words[0])) if unit.user != "root" else None
        yield from service.program(
            words[0], [str(problem) for problem in Trust.service().check(Path(words[0]))], closed
        )


def _host(config: str | None, around: Surroundings, settings: Settings, account: str | None) -> Iterator[Finding]:
    try:
        host = open_host(config, around)
    except ConfigurationError as error:
        yield from files.problems("baselines", error.problems)
        return
    except StoreError as error:
        yield failed("state", f"{error.where}: {error.what}", error.remedy)
        return
    try:
        yield _applying(host)
        yield states.identity(settings.state, host.facts.id)
        yield files.key(settings.key_file, around.key_trust(settings.state), host.keeper.key_id)
        yield from files.items(host.auditor, host.scope, privileged=reads_everything())
        who = account or states.user_name(around.uid)
        yield from commands.commands(host.scope.commands, who)
        yield machine.landlock(commands.exposing(host.scope.commands, who))
        yield from machine.inotify(len(host.auditor.directories))
        yield from _approved(host)
    finally:
        host.close()


def _applying(host: Host) -> Finding:
    if host.baselines:
        return fine("baselines", f"{len(host.baselines)} apply to {host.facts.name}")
    labels = ", ".join(f"{name}={value}" for name, value in sorted(host.facts.labels.items())) or "none"
    mend = f"compare `applies_to` in the baselines with host.labels in {host.file}"
    return warning("baselines", f"none applies to {host.facts.name} (labels: {labels}): nothing is audited", mend)


def _approved(host: Host) -> Iterator[Finding]:
    config = "" if host.file == SYSTEM_FILE else f" --config {host.file}"
    waiting = []
    for name, layers in host.auditor.approvals.layers.items():
        for problem in layers.problems:
            yield failed("approved", str(problem), f"driftd approve{config} {name} --undo --reason repair")
        if not layers.problems and not layers.approved:
            waiting += [name] if host.scope.baselines[name].definition.approved == "required" else []
    if waiting:
        told = f"nothing is approved yet: {', '.join(waiting)}"
        yield warning("approved", told, f"driftd approve{config} {' '.join(waiting)} --reason TEXT")


def _daemon(file: Path, settings: Settings, unit: Unit | None) -> Iterator[Finding]:
    socket = settings.control_socket
    found = service.daemon(lambda: ask(socket, "status", timeout=_PATIENCE), unit, f"driftd run --config {file}")
    yield found
    told = service.sandbox(unit, _masks(socket) if found.state == "ok" else [])
    yield from (finding for finding in told if found.state == "ok" or finding.state != "ok")


def _masks(socket: Path) -> list[tuple[str, str]] | None:
    """Return what the running daemon does not see, with the setting that hides it; None where we may not look."""
    try:
        return [(shown_path(mask.point), mask.setting) for mask in hidden_from_daemon(socket)]
    except (ControlError, DaemonAbsentError, OSError):
        return None
