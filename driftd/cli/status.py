"""`driftd status`: what is drifted now, and how much is covered."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from driftd.app import Surroundings, open_host, open_view
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.render import gap_lines
from driftd.cli.style import Style
from driftd.daemon.control import ControlError, DaemonAbsentError, ask
from driftd.daemon.status import absent_shape
from driftd.model.document import Json
from driftd.outputs.visible import visible

EXAMPLE = "driftd status"
PATIENCE = 15.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `status`."""
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the state; 3 where there are gaps, or the daemon is absent or stuck."""
    shape = state(args.config)
    if args.json:
        print_json("status", shape)
    else:
        _tell(shape)
    return exit_status(shape)


def state(config: str | None) -> dict[str, Json]:
    """Return the shape of `status --json`, from the daemon where one runs."""
    host = open_host(config, Surroundings.of_process())
    try:
        answer = ask(host.settings.control_socket, "status", timeout=PATIENCE)
        assert isinstance(answer, dict)
        return answer
    except DaemonAbsentError:
        with open_view(host) as (memory, database):
            return absent_shape(memory, database)
    except ControlError as error:
        with open_view(host) as (memory, database):
            shape = absent_shape(memory, database)
            daemon = shape["daemon"]
            assert isinstance(daemon, dict)
            daemon |= {"running": True, "stuck": True, "error": str(error)}
            return shape
    finally:
        host.close()


def exit_status(shape: dict[str, Json]) -> int:
    """Return the status that a state comes to."""
    daemon, coverage = shape["daemon"], shape["coverage"]
    assert isinstance(daemon, dict) and isinstance(coverage, dict)
    if not daemon["running"] or daemon["stuck"] or coverage["gap_count"]:
        return INCOMPLETE
    return DRIFT if shape["drifts"] else OK


def _tell(shape: dict[str, Json]) -> None:
    style = Style.of(sys.stdout)
    daemon, coverage, drifts = shape["daemon"], shape["coverage"], shape["drifts"]
    assert isinstance(daemon, dict) and isinstance(coverage, dict) and isinstance(drifts, list)
    if daemon["running"] and not daemon["stuck"]:
        print(f"daemon    running, pid {daemon['pid']}, since {daemon['since']}")
    else:
        print(style.paint(f"daemon    {'stuck' if daemon['stuck'] else 'not running'}", "31"))
    print(f"audits    quick {daemon['last_quick'] or 'never'}, deep {daemon['last_deep'] or 'never'}")
    gaps = coverage["gaps"]
    assert isinstance(gaps, list)
    print(f"coverage  {coverage['compared']} of {coverage['items']} items compared, {len(gaps)} gaps")
    by_severity = Counter(str(drift["severity"]) for drift in drifts if isinstance(drift, dict))
    words = ", ".join(
        f"{by_severity[word]} {word}" for word in ("critical", "high", "medium", "low", "info") if by_severity[word]
    )
    print(f"drifts    {len(drifts)} open" + (f": {words}" if words else ""))
    for output in _objects(shape["outputs"]):
        error = f", {visible(str(output['last_error']))}" if output.get("last_error") else ""
        print(f"output    {output['name']}: {output['state']}, backlog {output['backlog']}{error}")
    for watch in _objects(shape["watch"]):
        if watch["mode"] == "polled":
            print(f"watch     {visible(str(watch['item']))}: {watch['mode']} ({watch['reason']})")
    for drift in _objects(drifts):
        print(f"{drift['severity']:<9} {visible(str(drift['item']))}  ({drift['baseline']}, {drift['status']})")
    counted = Counter(str(gap["reason"]) for gap in _objects(gaps))
    if waiting := counted.pop("not-approved", 0):
        print(f"{waiting} items wait for a first approval: driftd approve --reason TEXT")
    named = [
        (str(gap["item"]), str(gap["reason"]), str(gap.get("detail", "")))
        for gap in _objects(gaps)
        if gap["reason"] != "not-approved"
    ]
    for line in gap_lines(named, style):
        print(line)


def _objects(values: Json) -> list[dict[str, Json]]:
    assert isinstance(values, list)
    return [value for value in values if isinstance(value, dict)]
