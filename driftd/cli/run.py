"""`driftd run`: the daemon; with --once one audit that is recorded and published, for cron and containers."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from types import FrameType

from driftd.app import Host, await_checkout, open_host
from driftd.cli.main import OK
from driftd.cli.options import add_config, add_json, print_json, root_of, severity
from driftd.daemon.messages import Reload, Stop
from driftd.daemon.orphans import Orphans
from driftd.diagnostics import configure as configure_diagnostics
from driftd.model.change import Severity
from driftd.running import Daemon
from driftd.surroundings import Surroundings

EXAMPLE = "driftd run --config /etc/driftd/driftd.yaml"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `run`."""
    parser.add_argument("--once", action="store_true", help="one audit, recorded and published, then end")
    parser.add_argument(
        "--fail-on",
        metavar="SEVERITY",
        default="info",
        help="with --once: exit 1 from this severity on (default: info)",
    )
    parser.add_argument("--root", metavar="DIR", help="audit the tree under DIR: the host's file system in a container")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reads settings and baselines again."""
    threshold = severity(args.fail_on)
    is_first = os.getpid() == 1
    if is_first:  # of a container: what is fatal to others passes it by until it says what to do
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    configure_diagnostics(sys.stderr)
    around = Surroundings.of_process()
    root = root_of(args.root)
    await_checkout(args.config, around)
    host = open_host(args.config, around, root=root, make_key=True)
    if args.once:
        return _once(args, host, around, threshold)
    daemon = Daemon(host, around, args.config, root)
    _listen_to_signals(daemon)
    with Orphans() if is_first else nullcontext():
        daemon.run()
    return OK


def _once(args: argparse.Namespace, host: Host, around: Surroundings, threshold: Severity) -> int:
    # late: a daemon prints nothing
    from driftd.cli.check import check_shape, exit_status, tell
    from driftd.cli.unread import outlasting
    from driftd.once import audit_once

    started = datetime.now(UTC)
    result = audit_once(host, around)
    sys.stdout = outlasting(sys.stdout)
    if args.json:
        print_json("check", check_shape(host.facts, started, result))
    else:
        tell(result, host.rules())
    return exit_status(result, threshold)


def _listen_to_signals(daemon: Daemon) -> None:
    for number, message in (
        (signal.SIGTERM, Stop("SIGTERM")),
        (signal.SIGINT, Stop("SIGINT")),
        (signal.SIGHUP, Reload()),
    ):

        def put(_number: int, _frame: FrameType | None, message: Stop | Reload = message) -> None:
            daemon.put(message)

        signal.signal(number, put)
