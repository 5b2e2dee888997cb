"""`driftd timeline`: the 3 a.m. command. What changed on this host lately, worst first."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from driftd.app import settings_of
from driftd.cli.event_choice import Choice, add_choice, happened
from driftd.cli.events import add_json_lines
from driftd.cli.folding import Folding, add_members
from driftd.cli.main import OK
from driftd.cli.options import add_config, add_since, moment
from driftd.cli.record import record_of
from driftd.cli.render import shape_lines
from driftd.cli.style import Style
from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, severity_of
from driftd.outputs.visible import visible
from driftd.surroundings import Surroundings

EXAMPLE = "driftd timeline --since 2h"
_ROUTINE = (Action.AUDIT_COMPLETED, Action.DAEMON_HEARTBEAT)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `timeline`."""
    add_choice(parser)
    add_members(parser)
    add_since(parser, "2h")
    add_config(parser)
    add_json_lines(parser)


def run(args: argparse.Namespace) -> int:
    """Print what changed since a moment, worst first, the newest first among equals."""
    _, settings = settings_of(args.config, Surroundings.of_process())
    since = moment(args.since, datetime.now(UTC))
    choice, folding = Choice.of(args, since), Folding()
    each = args.members or bool(args.item)
    found = [
        event
        for event in record_of(settings).read(0, since)
        if choice.takes(event) and not _is_routine(event, args.action) and (each or folding.shows(event))
    ]
    found.sort(key=happened, reverse=True)
    found.sort(key=severity_of, reverse=True)
    if args.json:
        for event in found:
            sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    else:
        _tell(found, [*folding.left()], args.since)
    return OK


def _is_routine(event: Event, asked_for: list[str] | None) -> bool:
    return action_of(event) in _ROUTINE and action_of(event) not in (asked_for or ())


def _tell(found: list[Event], left: list[str], since: str) -> None:
    style = Style.of(sys.stdout)
    for line in left:
        print(line)
    if not (found or left):
        print(f"nothing changed since {since}")
    for event in found:
        when = happened(event).strftime("%Y-%m-%d %H:%M:%SZ")
        word = severity_of(event).word
        print(f"{when}  {word:<9}{visible(str(event['message']).removeprefix(f'{word}: '))}")
        for line in _detail(namespace(event), style):
            print(" " * 22 + line)


def _detail(told: dict[str, Json], style: Style) -> Iterator[str]:
    """Yield the changes of a drift, or the worst of many that are told together."""
    changes, summary = told.get("changes"), told.get("summary")
    for change in changes if isinstance(changes, list) else ():
        assert isinstance(change, dict)
        yield from shape_lines(change, style, "")
    worst = summary.get("worst") if isinstance(summary, dict) else None
    for drift in worst if isinstance(worst, list) else ():
        assert isinstance(drift, dict)
        yield f"{drift['severity']} {visible(str(drift['item']))}"
