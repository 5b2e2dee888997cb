"""`driftd diff`: how the host differs from what is approved, setting by setting."""

from __future__ import annotations

import argparse
import sys

from driftd.app import Surroundings, open_host, open_view
from driftd.cli.main import OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.refusals import UsageError
from driftd.cli.render import shape_lines
from driftd.cli.style import Style
from driftd.daemon.control import DaemonAbsentError, ask
from driftd.daemon.status import diff_shape
from driftd.model.document import Json
from driftd.outputs.visible import visible

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
        try:
            answer = ask(host.settings.control_socket, "diff", {"items": list(args.items)})
        except DaemonAbsentError:
            with open_view(host) as (memory, _):
                answer = diff_shape(memory, args.items)
    finally:
        host.close()
    assert isinstance(answer, dict)
    if args.json:
        print_json("diff", answer)
    else:
        _tell(answer["drifts"])
    return OK


def _tell(drifts: Json) -> None:
    assert isinstance(drifts, list)
    style = Style.of(sys.stdout)
    for drift in drifts:
        assert isinstance(drift, dict) and isinstance(drift["changes"], list)
        print(
            f"{drift['severity']} {style.paint(visible(str(drift['item'])), '1')}  ({drift['baseline']}, {drift['status']})"
        )
        for change in drift["changes"]:
            assert isinstance(change, dict)
            for line in shape_lines(change, style):
                print(line)
    if not drifts:
        print("no open drift")
