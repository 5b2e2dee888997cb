"""The desk at which approved files are written: beside the running daemon, or in this process, which holds the lock meanwhile."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from driftd.acting import as_owner_of
from driftd.app import Host, await_checkout, commit, open_host, settings_of
from driftd.approving.gather import Gathered, gather
from driftd.approving.spool import Spool
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.history import History
from driftd.baselines.proposal import ApprovalError, Proposal
from driftd.cli.options import root_of
from driftd.cli.refusals import UsageError
from driftd.daemon.control import TASK_TIME, DaemonAbsentError, ask
from driftd.daemon.peers import Peer
from driftd.model.document import Json
from driftd.model.item import real_path, shown_path
from driftd.settings.types import Settings
from driftd.surroundings import Surroundings
from driftd.workplace import open_workplace


@dataclass(slots=True)
class Desk:
    """Where approving happens."""

    host: Host
    host_name: str
    """Whose layer is this host's: the daemon knows, whatever this process would take the host's name for."""
    gather: Callable[[list[str]], Gathered]
    adopt: Callable[[list[str]], None]

    def layers(self, name: str) -> ApprovedLayers:
        """Return what is approved for a baseline, as it stands on disk now."""
        return ApprovedLayers(self.host.scope.baselines[name].directory, self.host_name, self.host.trust)

    def history(self) -> History:
        """Return where earlier revisions are kept."""
        return History(self.host.settings.state / "revisions")

    def commit(self, name: str, proposal: Proposal) -> None:
        """Write a proposal of a baseline; ApprovalError where somebody is writing the files around it."""
        if (lock := self.host.checkout()) is not None:
            raise ApprovalError(f"{lock}: git is writing there; try again, or remove the file if no git is running")
        commit(self.host, name, proposal)


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add `--root`."""
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="the host is the tree under DIR (default: this machine, or what the daemon audits)",
    )


@contextmanager
def opened(config: str | None, root: str | None, command: str) -> Iterator[Desk]:
    """Yield the desk, beside the daemon where one runs; `command`: who holds the lock where none does."""
    around = Surroundings.of_process()
    await_checkout(config, around)
    audited, told = chosen_root(config, root, around)
    if told is None:
        with _alone(open_host(config, around, root=audited, make_key=True), command) as desk:
            yield desk
        return
    host = open_host(config, around, root=audited, anonymous=True, make_key=True)
    try:
        yield _beside(host, _object(told["host"]) if "host" in told else {})
    finally:
        host.close()


def chosen_root(config: str | None, root: str | None, around: Surroundings) -> tuple[bytes, dict[str, Json] | None]:
    """Return the directory that is the host, and the running daemon's status; None where none runs.

    `root`: as somebody said with `--root`; UsageError where it is no directory, or not what the daemon audits.
    """
    place = root_of(root)
    told = _daemon(settings_of(config, around)[1])
    if told is None:
        return place, None
    audited = _root(told)
    if root is not None and os.path.realpath(place) != os.path.realpath(audited):
        raise UsageError(f"--root {root}: the running daemon audits {shown_path(audited)}")
    return audited, told


def _daemon(settings: Settings) -> dict[str, Json] | None:
    try:
        return _object(ask(settings.control_socket, "status"))
    except DaemonAbsentError:
        return None


def _root(told: dict[str, Json]) -> bytes:
    return real_path(str(_object(told["daemon"]).get("root", "/")))


@contextmanager
def _alone(host: Host, command: str) -> Iterator[Desk]:
    workplace = open_workplace(host, command, lambda _: None)
    try:

        def adopt(names: list[str]) -> None:
            for name in names:
                workplace.adoption.adopt(name, Peer.of_process())

        yield Desk(host, host.facts.name, lambda words: gather_here(host, words), adopt)
        workplace.finish()
    finally:
        workplace.close()


def gather_here(host: Host, words: list[str]) -> Gathered:
    """Gather what may be approved in this process, which owns the state."""
    spool = Spool.make(host.settings.state, f"{os.getpid()}", time.time())
    spool.hide()
    return gather(host.auditor, words, host.content, spool)


def _beside(host: Host, told: dict[str, Json]) -> Desk:
    socket, state = host.settings.control_socket, host.settings.state

    def gather_there(words: list[str]) -> Gathered:
        answer = _object(ask(socket, "propose", {"selection": list(words)}, TASK_TIME))
        with as_owner_of(state):
            gathered = Gathered.from_wire(state, answer)
        gathered.spool.keep_to_oneself()
        return gathered

    def adopt(names: list[str]) -> None:
        ask(socket, "adopt", {"baselines": list(names)}, TASK_TIME)

    return Desk(
        host,
        str(told.get("name", host.facts.name)),
        gather_there,
        adopt,
    )


def _object(answer: Json) -> dict[str, Json]:
    assert isinstance(answer, dict)
    return answer


def agreed(args: argparse.Namespace, count: int, verb: str = "approve") -> bool:
    """Whether the one who asked says yes, or has said so."""
    if args.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"not on a terminal: say --yes to {verb} without being asked")
    sys.stderr.write(f"{verb} {count} item{'s' if count != 1 else ''}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
