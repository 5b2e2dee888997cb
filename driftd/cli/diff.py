"""`driftd diff`: how the host differs from what is approved, setting by setting."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from driftd.app import Host, Surroundings, open_host, open_view
from driftd.cli.main import OK
from driftd.cli.options import JsonStream, add_config, add_json
from driftd.cli.refusals import UsageError
from driftd.cli.render import shape_lines
from driftd.cli.style import Style
from driftd.daemon.control import DaemonAbsentError, ask
from driftd.daemon.status import diff_page
from driftd.model.document import Json
from driftd.outputs.visible import visible
from driftd.store.tables import Place

EXAMPLE = "driftd diff /etc/ssh/sshd_config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `diff`."""
    parser.add_argument("items", metavar="ITEM", nargs="*", help="show these alone")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the open drifts as the daemon, or else its state, knows them."""
    host = open_host(args.config, Surroundings.of_process())
    try:
        unknown = [item for item in args.items if host.scope.audited(item) is None]
        if unknown:
            raise UsageError(f"{', '.join(unknown)}: not audited on this host")
        with _pages(host, list(args.items)) as pages:
            if args.json:
                _print_json(pages)
            else:
                _tell(pages)
    finally:
        host.close()
    return OK


@contextmanager
def _pages(host: Host, items: list[str]) -> Iterator[Iterator[Json]]:
    """Yield the open drifts, the worst first, from the daemon where one runs."""
    socket = host.settings.control_socket
    try:
        first = ask(socket, "diff", {"items": list(items)})
    except DaemonAbsentError:
        with open_view(host) as (_, database):
            yield _following(diff_page(database, items, None), lambda after: diff_page(database, items, after))
        return
    yield _following(first, lambda after: ask(socket, "diff", {"after": list(after)}))


def _following(page: Json, more: Callable[[Place], Json]) -> Iterator[Json]:
    while True:
        assert isinstance(page, dict) and isinstance(page["drifts"], list)
        yield from page["drifts"]
        match page["next"]:
            case [int(rank), str(item), str(drift_id)]:
                page = more((rank, item, drift_id))
            case _:
                return


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
