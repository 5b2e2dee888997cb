"""`driftd events`: what happened, from the journal. It needs no daemon, and disturbs none."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from driftd.app import Surroundings, settings_of
from driftd.cli.folding import Folding, add_members
from driftd.cli.main import OK
from driftd.cli.options import add_config, add_json, add_since, moment
from driftd.cli.refusals import UsageError
from driftd.cli.style import Style
from driftd.model.event import Event, sequence_of
from driftd.outputs.pretty import render
from driftd.store.reader import JournalReader

EXAMPLE = "driftd events --since 2h"
LOOK_AGAIN = 0.2
"""Seconds between two looks at a journal that is followed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `events`."""
    parser.add_argument("--follow", "-f", action="store_true", help="go on with events as they happen")
    parser.add_argument("--after", metavar="SEQUENCE", type=int, default=0, help="events after this sequence")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of an event")
    add_members(parser)
    add_since(parser, None)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print events; with --json one object a line, the events themselves, also those that a summary tells."""
    if args.schema:
        return _schema()
    _, settings = settings_of(args.config, Surroundings.of_process())
    journal = JournalReader(settings.state / "journal")
    since = moment(args.since, datetime.now(UTC)) if args.since else None
    style, folding = Style.of(sys.stdout), Folding()
    for event in _events(journal, args.after, follow=args.follow):
        if since is not None and happened(event) < since:
            continue
        if args.json or args.members or folding.shows(event):
            _print(event, style, as_json=args.json)
    for line in folding.left():
        print(line)
    return OK


def _events(journal: JournalReader, after: int, *, follow: bool) -> Iterator[Event]:
    while True:
        for event in journal.read(after):
            after = sequence_of(event)
            yield event
        if not follow:
            return
        sys.stdout.flush()
        time.sleep(LOOK_AGAIN)


def happened(event: Event) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(str(event["@timestamp"]))


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
