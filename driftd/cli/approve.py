"""`driftd approve`: make the observed state the approved one, after showing what that means."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from datetime import UTC, datetime
from pathlib import Path

from driftd.approving.gather import Gathered
from driftd.baselines.author import Author, proposer
from driftd.baselines.proposal import prepare_undo, propose
from driftd.cli.approve_view import print_whole, show
from driftd.cli.desk import Desk, add_root, agreed, opened
from driftd.cli.items import words_named
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, add_reason, print_json
from driftd.cli.refusals import UsageError
from driftd.cli.style import Style

EXAMPLE = 'driftd approve /etc/ssh/sshd_config --reason "root login only by key" --ticket OPS-17'
LATEST = -1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `approve`."""
    parser.add_argument("selection", metavar="BASELINE|ITEM", nargs="*", help="what to approve (default: everything)")
    add_author(parser, "why this is right")
    parser.add_argument("--shared", action="store_true", help="write the layer of all hosts, not this host's own")
    parser.add_argument(
        "--undo",
        metavar="REVISION",
        nargs="?",
        type=int,
        const=LATEST,
        help="approve again what an earlier revision of a baseline approved (default: the one before)",
    )
    add_root(parser)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Show what differs, ask, write the approved files, and have them adopted."""
    with opened(args.config, args.root, "driftd approve") as desk:
        if args.undo is not None:
            return _undo(desk, args)
        selection = words_named(args.selection)
        gathered = desk.gather(selection)
        left = _leave_own(desk, gathered, selection) if args.shared else set()
        if not args.json:
            show(gathered, Style.of(sys.stdout))
        if gathered.items and not agreed(args, gathered.count):
            print("nothing was approved", file=sys.stderr)
            return DRIFT
        revisions = _write(desk, gathered, args)
        if args.json:
            print_whole(gathered, revisions)
        else:
            for name, revision in revisions.items():
                print(f"{name}: revision {revision} approved")
        return INCOMPLETE if gathered.gaps or left else OK


def _leave_own(desk: Desk, gathered: Gathered, selection: list[str]) -> set[str]:
    """Take out of what was gathered for the shared layer the items of the host's own, which hides it.

    Return those that were asked for by name or would have been approved. Nothing would change for this host, and what
    would change for others was not shown: that is what promoting is for.
    """
    hidden = {name: desk.layers(name).host.items for name in desk.host.scope.baselines}
    baselines = [word for word in selection if word in hidden]
    names = baselines if selection else hidden
    own = [item for name, items in hidden.items() for item in items if name in names or item in selection]
    asked = {item for items in hidden.values() for item in selection if item in items}
    asked |= {entry.item for entry in gathered.spool.entries() if entry.item in hidden[entry.baseline]}
    gathered.leave_out(asked)
    gathered.overridden = own
    return asked


def add_author(parser: argparse.ArgumentParser, why: str) -> None:
    """Add what `author` reads, and `--yes`; `why`: what the reason has to say."""
    add_reason(parser, why)
    parser.add_argument("--ticket", metavar="ID", help="where it was decided")
    parser.add_argument("--yes", action="store_true", help="do not ask")


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


def _write(desk: Desk, gathered: Gathered, args: argparse.Namespace) -> dict[str, int]:
    revisions = {}
    for name in gathered.items:
        proposal = propose(desk.layers(name), gathered.files(name), author(args), shared=args.shared)
        if proposal.changed:
            desk.commit(name, proposal)
            revisions[name] = proposal.after.revision
    desk.adopt(list(revisions))
    return revisions


def _undo(desk: Desk, args: argparse.Namespace) -> int:
    if len(args.selection) != 1 or args.selection[0] not in desk.host.scope.baselines:
        raise UsageError("--undo takes one baseline: driftd approve NAME --undo --reason TEXT")
    name = args.selection[0]
    layers = desk.layers(name)
    layer = layers.shared if args.shared else layers.host
    if layer.manifest is None:
        raise UsageError(f"{name}: nothing is approved in that layer")
    revision = layer.manifest.revision - 1 if args.undo == LATEST else args.undo
    proposal = prepare_undo(layers, revision, desk.history(), author(args), shared=args.shared)
    if not args.json:
        print(f"{name}: revision {revision} again: {len(proposal.writes)} items back, {len(proposal.deletes)} removed")
    if not agreed(args, len(proposal.writes) + len(proposal.deletes)):
        print("nothing was approved", file=sys.stderr)
        return DRIFT
    desk.commit(name, proposal)
    desk.adopt([name])
    if args.json:
        print_json("approve", {"items": {}, "drifts": [], "revisions": {name: proposal.after.revision}})
    else:
        print(f"{name}: revision {proposal.after.revision} approved")
    return OK
