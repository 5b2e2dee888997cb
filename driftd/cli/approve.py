"""`driftd approve`: make the observed state the approved one, after showing what that means."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from datetime import UTC, datetime
from pathlib import Path

from driftd.approving import items_from_wire
from driftd.baselines.approve import Author, prepare, prepare_undo, proposer
from driftd.cli.desk import Desk, add_root, agreed, opened
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.refusals import UsageError
from driftd.cli.render import gap_lines, shape_lines
from driftd.cli.style import Style
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
    add_root(parser)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Show what differs, ask, write the approved files, and have them adopted."""
    with opened(args.config, args.root, "driftd approve") as desk:
        if args.undo is not None:
            return _undo(desk, args)
        gathered = desk.gather(list(args.selection))
        left = _leave_own(desk, gathered, list(args.selection)) if args.shared else []
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
        return INCOMPLETE if gathered["gaps"] or left else OK


def _leave_own(desk: Desk, gathered: dict[str, Json], selection: list[str]) -> list[str]:
    """Take out of what was gathered for the shared layer the items of the host's own, which hides it.

    Return those that were asked for by name or would have been approved. Nothing would change for this host, and what
    would change for others was not shown: that is what promoting is for.
    """
    baselines = [word for word in selection if word in desk.host.scope.baselines]
    names = baselines if selection else list(desk.host.scope.baselines)
    items = gathered["items"]
    assert isinstance(items, dict)
    asked, own = [], []
    for name in desk.host.scope.baselines:
        states = items.get(name, {})
        assert isinstance(states, dict)
        hidden = desk.layers(name).host.items
        own += [item for item in hidden if name in names or item in selection]
        asked += [item for item in hidden if item in states or item in selection]
        for item in asked:
            states.pop(item, None)
        if not states:
            items.pop(name, None)
    for part in ("drifts", "first"):
        told = gathered[part]
        assert isinstance(told, list)
        gathered[part] = [each for each in told if (each["item"] if isinstance(each, dict) else each) not in asked]
    gathered["overridden"] = [*own]
    return asked


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
        layers = desk.layers(name)
        for item in states:
            layers.get(item)  # what cannot be believed is found here, and written anew
        proposal = prepare(layers, states, author(args), shared=args.shared)
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
    own = gathered.get("overridden")
    if isinstance(own, list) and own:
        print(f"{len(own)} items have an approved state of this host's own, which hides the shared one:")
        print("  they stay as they are; `driftd promote` moves them into the layer of all hosts")
    items = gathered["items"]
    if isinstance(items, dict) and not items:
        print("nothing to approve" if own else "nothing to approve: everything is as approved")
