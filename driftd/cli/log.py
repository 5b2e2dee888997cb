"""`driftd log verify`: is the history of events intact? Anybody who may read the journal can ask; no daemon is needed."""

from __future__ import annotations

import argparse
import sys

from driftd.app import settings_of
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.refusals import UsageError
from driftd.model.document import Json
from driftd.outputs.visible import visible
from driftd.store.damage import JournalProblem, chain_of
from driftd.store.errors import StoreError
from driftd.store.reader import JournalReader, is_failing_disk
from driftd.store.store import JOURNAL_NAME
from driftd.surroundings import Surroundings

EXAMPLE = "driftd log verify --head sha256:0b9bb9e5..."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `log`."""
    parser.add_argument("what", metavar="verify", choices=["verify"], help="read the whole journal and check its chain")
    parser.add_argument(
        "--head",
        metavar="CHAIN",
        help="a chain value that left the host, in a heartbeat (driftd.chain_head) or any event: is it in this journal?",
    )
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Check the journal; 1 where it is not as it was recorded, 3 where the disk does not give all of it."""
    _, settings = settings_of(args.config, Surroundings.of_process())
    journal = JournalReader(settings.state / JOURNAL_NAME)
    try:
        problems = journal.verify()
        shape = _shape(journal, problems)
        if args.head is not None:
            shape["head_found"] = _holds(journal, args.head)
    except StoreError as error:
        if not is_failing_disk(error):
            raise
        print(f"driftd log: {error}", file=sys.stderr)
        return INCOMPLETE
    if not shape["segments"]:
        raise UsageError(f"{journal.directory}: there is no journal yet")
    intact = not problems and shape.get("head_found", True) is True
    if args.json:
        print_json("log", {"intact": intact, **shape})
    else:
        _tell(shape, problems, args.head)
    return OK if intact else DRIFT


def _shape(journal: JournalReader, problems: list[JournalProblem]) -> dict[str, Json]:
    segments, size = journal.extent()
    end = journal.position()
    return {
        "first": journal.first_sequence(),
        "last": end.sequence,
        "head": end.chain,
        "segments": segments,
        "bytes": size,
        "problems": [{**problem.to_json(), "lines": problem.lines} for problem in problems],
    }


def _holds(journal: JournalReader, head: str) -> bool:
    """Whether some event has this chain value: then everything up to it is what it was when the value was made."""
    return any(chain_of(event) == head for event in journal.read())


def _tell(shape: dict[str, Json], problems: list[JournalProblem], head: str | None) -> None:
    for problem in problems:
        print(visible(str(problem)))
    if head is not None and not shape["head_found"]:
        print("no event has that chain value: it was pruned, or this is another history")
    said = "intact" if not problems else f"damaged at {len(problems)} place{'s' if len(problems) > 1 else ''}"
    print(f"events {shape['first']} to {shape['last']}, {shape['segments']} segments, {shape['bytes']} bytes: {said}")
    print(f"head {shape['head']}")
