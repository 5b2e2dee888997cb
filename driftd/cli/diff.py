"""`driftd diff`: how the host differs from what is approved, setting by setting."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from driftd.app import open_host
from driftd.cli.drift_pages import open_drifts
from driftd.cli.items import words_named
from driftd.cli.main import OK
from driftd.cli.options import JsonStream, add_config, add_json
from driftd.cli.refusals import UsageError
from driftd.cli.render import shape_lines
from driftd.cli.style import Style
from driftd.model.document import Json
from driftd.outputs.visible import visible
from driftd.surroundings import Surroundings

EXAMPLE = "driftd diff /etc/ssh/sshd_config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `diff`."""
    parser.add_argument("items", metavar="ITEM", nargs="*", help="show these alone")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the open drifts as the daemon, or else its state, knows them."""
    host = open_host(args.config, Surroundings.of_process(), anonymous=True)
    try:
        items = words_named(args.items)
        unknown = [item for item in items if host.scope.audited(item) is None]
        if unknown:
            raise UsageError(f"{', '.join(unknown)}: not audited on this host")
        with open_drifts(host, items) as pages:
            if args.json:
                _print_json(pages)
            else:
                _tell(pages)
    finally:
        host.close()
    return OK


def _print_json(drifts: Iterator[Json]) -> None:
    stream = JsonStream("diff", "drifts")
    for drift in drifts:
        stream.add(drift)
    stream.end({})


def _tell(drifts: Iterator[Json]) -> None:
    style = Style.of(sys.stdout)
    drift: Json = None
    for drift in drifts:
        assert isinstance(drift, dict) and isinstance(drift["changes"], list)
        print(
            f"{drift['severity']} {style.paint(visible(str(drift['item'])), '1')}  ({drift['baseline']}, {drift['status']})"
        )
        for change in drift["changes"]:
            assert isinstance(change, dict)
            for line in shape_lines(change, style):
                print(line)
    if drift is None:
        print("no open drift")
