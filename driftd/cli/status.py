"""`driftd status`: what is drifted now, how much is covered, and whether the daemon does its work."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from driftd.app import open_host, settings_of
from driftd.cli.drift_pages import open_drifts
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import JsonStream, add_config, add_json, print_json
from driftd.cli.status_view import StatusView
from driftd.cli.style import Style
from driftd.daemon.control import DaemonAbsentError, DaemonLeftError, NoAnswerError, ask
from driftd.daemon.status import absent_shape, unknown_shape
from driftd.model.document import Json
from driftd.model.item import Gap
from driftd.settings.outputs import names_of
from driftd.store.errors import StoreError
from driftd.store.reader import JournalReader
from driftd.store.store import JOURNAL_NAME
from driftd.surroundings import Surroundings
from driftd.workplace import open_view

EXAMPLE = "driftd status"
PATIENCE = 10.0
"""Seconds that the daemon has to say anything; its control thread answers within two when its loop does not."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `status`."""
    parser.add_argument("--all", action="store_true", help="name every open drift, not the worst alone")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the state; 3 where there are gaps, or the daemon is absent or stuck."""
    shape = state(args.config)
    with _drifts(args.config, shape, everything=args.all) as drifts:
        if not args.json:
            StatusView(shape, Style.of(sys.stdout), everything=args.all).tell(drifts)
        elif args.all:
            _stream(shape, drifts)
        else:
            print_json("status", shape)
    return exit_status(shape)


def state(config: str | None) -> dict[str, Json]:
    """Return the shape of `status --json`, from the daemon where one runs; at once, in whatever state that is."""
    _, settings = settings_of(config, Surroundings.of_process())
    try:
        answer = ask(settings.control_socket, "status", timeout=PATIENCE)
    except (DaemonAbsentError, DaemonLeftError):
        return _stored(config)
    except NoAnswerError as error:
        return _beside(_stored(config), {"running": True, "pid": error.pid, "stuck": True, "error": str(error)})
    assert isinstance(answer, dict)
    if not answer.pop("partial", False):
        return answer
    stored, daemon = _stored(config), answer["daemon"]
    assert isinstance(daemon, dict)
    return {**_beside(stored, daemon), "host": answer["host"], "outputs": answer["outputs"]}


def _beside(stored: dict[str, Json], daemon: dict[str, Json]) -> dict[str, Json]:
    known = stored["daemon"]
    assert isinstance(known, dict)
    return {**stored, "daemon": {**known, **daemon}}


def _stored(config: str | None) -> dict[str, Json]:
    """Return what the state directory says."""
    host = open_host(config, Surroundings.of_process(), anonymous=True)
    try:
        with open_view(host) as (memory, database):
            journal = JournalReader(host.settings.state / JOURNAL_NAME)
            return absent_shape(memory, database, journal, names_of(host.settings.outputs))
    except StoreError as error:
        return unknown_shape(Gap("/", "unreadable", str(error)))
    finally:
        host.close()


@contextmanager
def _drifts(config: str | None, shape: dict[str, Json], *, everything: bool) -> Iterator[Iterator[Json]]:
    """Yield the open drifts, the worst first: those of the shape, or all there are."""
    drifts = shape["drifts"]
    assert isinstance(drifts, list)
    if not everything:
        yield iter(drifts)
        return
    host = open_host(config, Surroundings.of_process(), anonymous=True)
    try:
        with open_drifts(host, []) as pages:
            yield pages
    finally:
        host.close()


def _stream(shape: dict[str, Json], drifts: Iterator[Json]) -> None:
    stream = JsonStream("status", "drifts")
    for drift in drifts:
        stream.add(drift)
    stream.end({name: value for name, value in shape.items() if name != "drifts"})


def exit_status(shape: dict[str, Json]) -> int:
    """Return the status that a state comes to."""
    daemon, coverage, summary = shape["daemon"], shape["coverage"], shape["summary"]
    assert isinstance(daemon, dict) and isinstance(coverage, dict) and isinstance(summary, dict)
    if not daemon["running"] or daemon["stuck"] or coverage["gap_count"]:
        return INCOMPLETE
    return DRIFT if summary["drifts"] else OK
