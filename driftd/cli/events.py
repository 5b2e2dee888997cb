"""`driftd events`: what happened, from the journal. It needs no daemon, and disturbs none."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from driftd.app import settings_of
from driftd.cli.event_choice import Choice, add_choice
from driftd.cli.folding import Folding, add_members
from driftd.cli.main import OK
from driftd.cli.options import add_config, add_since, moment
from driftd.cli.record import follow, record_of
from driftd.cli.refusals import UsageError
from driftd.cli.style import Style
from driftd.model.event import Event
from driftd.outputs.pretty import render
from driftd.surroundings import Surroundings

EXAMPLE = "driftd events --since 2h"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `events`."""
    parser.add_argument("--follow", "-f", action="store_true", help="go on with events as they happen")
    parser.add_argument("--after", metavar="SEQUENCE", type=int, default=0, help="events after this sequence")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of an event")
    add_choice(parser)
    add_members(parser)
    add_since(parser, None)
    add_config(parser)
    add_json_lines(parser)


def add_json_lines(parser: argparse.ArgumentParser) -> None:
    """Add `--json` of a command that prints events."""
    parser.add_argument("--json", action="store_true", help="print the events themselves, one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print events; with --json one object a line, the events themselves, also those that a summary tells."""
    if args.schema:
        return _schema()
    _, settings = settings_of(args.config, Surroundings.of_process())
    since = moment(args.since, datetime.now(UTC)) if args.since else None
    choice, record = Choice.of(args, since), record_of(settings)
    style, folding = Style.of(sys.stdout), Folding()
    each = args.json or args.members or bool(args.item)  # who asks for an item means its own events
    for event in follow(record, args.after, since) if args.follow else record.read(args.after, since):
        if choice.takes(event) and (each or folding.shows(event)):
            _print(event, style, as_json=args.json)
    for line in folding.left():
        print(line)
    return OK


def _print(event: Event, style: Style, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(event, separators=(",", ":")) + "\n")
    else:
        sys.stdout.write(render(event, color=style.color) + "\n")


def _schema() -> int:
    from importlib.resources import files

    schema = files("driftd") / "schemas" / "events.json"
    try:
        sys.stdout.write(schema.read_text())
    except FileNotFoundError as error:
        raise UsageError("the schema of events is not part of this installation") from error
    return OK
