"""`driftd approve`: make the observed state the approved one, after showing what that means."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from driftd.app import Host, Surroundings, open_host, open_workplace
from driftd.approving import gather, items_from_wire, to_wire
from driftd.baselines.approve import Author, Proposal, prepare, prepare_undo, proposer, write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.history import History
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.refusals import UsageError
from driftd.cli.render import gap_lines, shape_lines
from driftd.cli.style import Style
from driftd.daemon.control import DaemonAbsentError, ask
from driftd.daemon.peers import Peer
from driftd.model.approved import ApprovedItem
from driftd.model.document import Json
from driftd.outputs.visible import visible

EXAMPLE = 'driftd approve /etc/ssh/sshd_config --reason "root login only by key" --ticket OPS-17'
LATEST = -1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `approve`."""
    parser.add_argument("selection", metavar="BASELINE|ITEM", nargs="*", help="what to approve (default: everything)")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why this is right")
    parser.add_argument("--ticket", metavar="ID", help="where it was decided")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--shared", action="store_true", help="write the layer of all hosts, not this host's own")
    parser.add_argument(
        "--undo",
        metavar="REVISION",
        nargs="?",
        type=int,
        const=LATEST,
        help="approve again what an earlier revision of a baseline approved (default: the one before)",
    )
    add_config(parser)
    add_json(parser)


@dataclass(slots=True)
class Desk:
    """Where approving happens: in the running daemon, or in this process, which holds the lock meanwhile."""

    host: Host
    gather: Callable[[list[str]], dict[str, Json]]
    adopt: Callable[[list[str]], None]


def run(args: argparse.Namespace) -> int:
    """Show what differs, ask, write the approved files, and have them adopted."""
    with opened(args.config) as desk:
        if args.undo is not None:
            return _undo(desk, args)
        gathered = desk.gather(list(args.selection))
        items = gathered["items"]
        assert isinstance(items, dict)
        if not args.json:
            _show(gathered)
        if items and not agreed(args, sum(len(states) for states in items.values() if isinstance(states, dict))):
            print("nothing was approved", file=sys.stderr)
            return DRIFT
        revisions = _write(desk, items_from_wire(items), args)  # type: ignore[arg-type]
        if args.json:
            print_json("approve", {**gathered, "revisions": dict(revisions)})
        else:
            for name, revision in revisions.items():
                print(f"{name}: revision {revision} approved")
        return INCOMPLETE if gathered["gaps"] else OK


@contextmanager
def opened(config: str | None) -> Iterator[Desk]:
    """Yield the desk; the daemon's where one runs."""
    host = open_host(config, Surroundings.of_process(), make_key=True)
    socket = host.settings.control_socket
    try:
        ask(socket, "status")
    except DaemonAbsentError:
        workplace = open_workplace(host, "driftd approve", lambda _: None)
        try:

            def adopt(names: list[str]) -> None:
                for name in names:
                    workplace.adoption.adopt(name, Peer.of_process())

            yield Desk(host, lambda words: to_wire(gather(host.auditor, words, host.content)), adopt)
            workplace.finish()
        finally:
            workplace.close()
        return
    try:
        yield Desk(
            host,
            lambda words: _object(ask(socket, "propose", {"selection": list(words)})),
            lambda names: _ignore(ask(socket, "adopt", {"baselines": list(names)})),
        )
    finally:
        host.close()


def _object(answer: Json) -> dict[str, Json]:
    assert isinstance(answer, dict)
    return answer


def _ignore(answer: Json) -> None:
    assert answer is not None


def author(args: argparse.Namespace) -> Author:
    """Return who approves, as far as the kernel knows."""
    try:
        login = Path("/proc/self/loginuid").read_text()
    except OSError:
        login = None
    who = proposer(login, os.environ.get("SUDO_USER"), os.getuid(), _user_name)
    return Author(who, datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"), args.reason, args.ticket)


def _user_name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _write(desk: Desk, items: dict[str, dict[str, ApprovedItem | None]], args: argparse.Namespace) -> dict[str, int]:
    revisions = {}
    for name, states in items.items():
        layers = _layers(desk.host, name)
        for item in states:
            layers.get(item)  # what cannot be believed is found here, and written anew
        proposal = prepare(layers, states, author(args), shared=args.shared)
        if proposal.changed:
            _commit(desk, name, proposal)
            revisions[name] = proposal.after.revision
    desk.adopt(list(revisions))
    return revisions


def _commit(desk: Desk, name: str, proposal: Proposal) -> None:
    directory = desk.host.scope.baselines[name].directory
    write(proposal, directory, History(desk.host.settings.state / "revisions"))


def _layers(host: Host, name: str) -> ApprovedLayers:
    return ApprovedLayers(host.scope.baselines[name].directory, host.facts.name, host.trust)


def _undo(desk: Desk, args: argparse.Namespace) -> int:
    if len(args.selection) != 1 or args.selection[0] not in desk.host.scope.baselines:
        raise UsageError("--undo takes one baseline: driftd approve NAME --undo --reason TEXT")
    name = args.selection[0]
    layers = _layers(desk.host, name)
    layer = layers.shared if args.shared else layers.host
    if layer.manifest is None:
        raise UsageError(f"{name}: nothing is approved in that layer")
    revision = layer.manifest.revision - 1 if args.undo == LATEST else args.undo
    history = History(desk.host.settings.state / "revisions")
    proposal = prepare_undo(layers, revision, history, author(args), shared=args.shared)
    if not args.json:
        print(f"{name}: revision {revision} again: {len(proposal.writes)} items back, {len(proposal.deletes)} removed")
    if not agreed(args, len(proposal.writes) + len(proposal.deletes)):
        print("nothing was approved", file=sys.stderr)
        return DRIFT
    _commit(desk, name, proposal)
    desk.adopt([name])
    if args.json:
        print_json("approve", {"items": {}, "drifts": [], "revisions": {name: proposal.after.revision}})
    else:
        print(f"{name}: revision {proposal.after.revision} approved")
    return OK


def agreed(args: argparse.Namespace, count: int, verb: str = "approve") -> bool:
    """Whether the one who asked says yes, or has said so."""
    if args.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"not on a terminal: say --yes to {verb} without being asked")
    sys.stderr.write(f"{verb} {count} item{'s' if count != 1 else ''}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _show(gathered: dict[str, Json]) -> None:
    style = Style.of(sys.stdout)
    drifts, first, gaps, left = (gathered[name] for name in ("drifts", "first", "gaps", "left"))
    assert isinstance(drifts, list) and isinstance(first, list) and isinstance(gaps, list) and isinstance(left, list)
    for drift in drifts:
        assert isinstance(drift, dict) and isinstance(drift["changes"], list)
        print(style.paint(visible(str(drift["item"])), "1"))
        for change in drift["changes"]:
            assert isinstance(change, dict)
            for line in shape_lines(change, style):
                print(line)
    if first:
        print(f"{len(first)} items are approved for the first time")
    named = [
        (str(gap["item"]), str(gap["reason"]), str(gap.get("detail", ""))) for gap in gaps if isinstance(gap, dict)
    ]
    for line in gap_lines(named, style):
        print(line)
    if left:
        rules = sorted({str(rule) for rule in left})
        print(f"still violated after this: {', '.join(rules)}")
    items = gathered["items"]
    if isinstance(items, dict) and not items:
        print("nothing to approve: everything is as approved")
