"""`driftd promote`: what is approved on this host becomes what is approved on all, after showing what that changes."""

from __future__ import annotations

import argparse
import sys

from driftd.baselines.promote import Promotion, overriding, prepare_promotion
from driftd.cli.approve import add_author, author
from driftd.cli.desk import Desk, add_root, agreed, opened
from driftd.cli.items import words_named
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.refusals import UsageError
from driftd.cli.render import change_lines, gap_lines
from driftd.cli.style import Style
from driftd.model.document import Json
from driftd.outputs.visible import visible
from driftd.promoting import Promotable, promotable, to_shape

EXAMPLE = 'driftd promote /etc/ssh/sshd_config --reason "tried on web-1, for all hosts" --ticket OPS-17'
NAMED = 5
"""Hosts that are named for an item; more are counted."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `promote`."""
    parser.add_argument(
        "selection", metavar="BASELINE|ITEM", nargs="*", help="what to move into the layer of all hosts"
    )
    parser.add_argument(
        "--all", action="store_true", help="everything that this host has an approved state of its own for"
    )
    add_author(parser, "why this is right for all hosts")
    add_root(parser)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Show what changes in the shared layer, ask, write it and then this host's layer, and have both adopted."""
    if bool(args.selection) == args.all:
        raise UsageError("name items or baselines, or say --all")
    with opened(args.config, args.root, "driftd promote") as desk:
        layers = {name: desk.layers(name) for name in desk.host.scope.baselines}
        found = promotable(desk.host.auditor, layers, words_named(args.selection))
        who = author(args)
        promotions = {name: prepare_promotion(layers[name], items, who) for name, items in found.items.items()}
        elsewhere: dict[str, list[str]] = {}
        for name, promotion in promotions.items():
            elsewhere |= overriding(layers[name], promotion.items, desk.host.trust)
        if not args.json:
            _show(found, promotions, elsewhere)
        count = sum(len(promotion.items) for promotion in promotions.values())
        if count and not agreed(args, count, "promote"):
            print("nothing was promoted", file=sys.stderr)
            return DRIFT
        revisions = _write(desk, promotions)
        if args.json:
            print_json("promote", _shape(found, promotions, elsewhere, revisions))
        else:
            for name, written in revisions.items():
                for layer, revision in written.items():
                    print(f"{name}: revision {revision} of the {layer} layer approved")
        return INCOMPLETE if any(promotion.gaps for promotion in promotions.values()) else OK


def _write(desk: Desk, promotions: dict[str, Promotion]) -> dict[str, dict[str, int]]:
    revisions = {}
    for name, promotion in promotions.items():
        for proposal in promotion.proposals.values():
            desk.commit(name, proposal)
        written = {layer: proposal.after.revision for layer, proposal in promotion.proposals.items()}
        if written:
            revisions[name] = written
    desk.adopt(list(revisions))
    return revisions


def _show(found: Promotable, promotions: dict[str, Promotion], elsewhere: dict[str, list[str]]) -> None:
    style = Style.of(sys.stdout)
    for _, item, changes in found.differences:
        print(style.paint(visible(item), "1"))
        for change in changes:
            for line in change_lines(change, style):
                print(line)
    for item, hosts in elsewhere.items():
        more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
        named = visible(", ".join(hosts[:NAMED]))
        print(
            f"{visible(item)}: nothing changes on {named}{more}, which {'have' if len(hosts) > 1 else 'has'} a state of its own"
        )
    for item in found.shared:
        print(f"{visible(item)} is in the layer of all hosts already")
    gaps = [gap for promotion in promotions.values() for gap in promotion.gaps]
    for line in gap_lines([(gap.item, gap.reason, gap.detail) for gap in gaps], style):
        print(line)
    if not any(promotion.items for promotion in promotions.values()):
        print("nothing to promote")


def _shape(
    found: Promotable,
    promotions: dict[str, Promotion],
    elsewhere: dict[str, list[str]],
    revisions: dict[str, dict[str, int]],
) -> dict[str, Json]:
    return {
        "items": {name: list(promotion.items) for name, promotion in promotions.items()},
        "differences": to_shape(found.differences),
        "overridden": {item: list(hosts) for item, hosts in elsewhere.items()},
        "gaps": [gap.to_json() for promotion in promotions.values() for gap in promotion.gaps],
        "revisions": {name: dict(written) for name, written in revisions.items()},
    }
