"""`driftd check`: one audit now. It writes nothing, and asks no daemon: it is how one audits the auditor."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json, root_of, severity
from driftd.cli.refusals import UsageError
from driftd.cli.render import drift_lines, gap_lines, note_lines, progress
from driftd.cli.style import Style
from driftd.daemon.events import timestamp
from driftd.model.baseline import Rule
from driftd.model.change import Severity, Status
from driftd.model.document import Json
from driftd.model.result import NOT_APPROVED, AuditResult
from driftd.settings.host import HostFacts

EXAMPLE = "driftd check sshd --fail-on high"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `check`."""
    parser.add_argument("baselines", metavar="BASELINE", nargs="*", help="audit the items of these alone")
    parser.add_argument("--root", metavar="DIR", help="audit the tree under DIR: an image, a staged deployment")
    parser.add_argument(
        "--fail-on", metavar="SEVERITY", default="info", help="exit 1 from this severity on (default: info)"
    )
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Audit once and print the drifts."""
    from driftd.app import await_checkout, open_host
    from driftd.surroundings import Surroundings

    threshold = severity(args.fail_on)
    root = root_of(args.root)
    around = Surroundings.of_process()
    await_checkout(args.config, around)
    host = open_host(args.config, around, root=root, anonymous=os.path.realpath(root) != b"/")
    try:
        unknown = set(args.baselines) - set(host.scope.baselines)
        if unknown:
            known = ", ".join(sorted(host.scope.baselines)) or "none"
            raise UsageError(f"no baseline {', '.join(sorted(unknown))} on this host (there are: {known})")
        started = datetime.now(UTC)
        count = itertools.count(1)
        result = host.auditor.audit(set(args.baselines) or None, lambda _: progress(f"{next(count)} items"))
        progress("")
        result.coverage.gaps.extend(host.unsettled())  # else what was read is one whole state
    finally:
        host.close()
    if args.json:
        print_json("check", check_shape(host.facts, started, result))
    else:
        tell(result, host.rules())
    return exit_status(result, threshold)


def check_shape(facts: HostFacts, started: datetime, result: AuditResult) -> dict[str, Json]:
    """Return the shape of `check --json`."""
    return {
        "host": {"id": facts.id, "name": facts.name, "labels": dict(facts.labels)},
        "started": timestamp(started),
        "finished": timestamp(datetime.now(UTC)),
        "coverage": result.coverage.to_json(),
        "summary": result.summary(),
        "drifts": [drift.to_json() for drift in result.drifts],
    }


def exit_status(result: AuditResult, threshold: Severity) -> int:
    """Return 3 for gaps, else 1 for a change at or above the threshold that is neither waived nor expected."""
    if not result.coverage.complete:
        return INCOMPLETE
    counting = (Status.UNAPPROVED, Status.EXPLAINED)
    changes = (change for drift in result.drifts for change in drift.changes)
    bad = any(change.severity >= threshold and change.status in counting for change in changes)
    return DRIFT if bad else OK


def tell(result: AuditResult, rules: Mapping[str, Rule]) -> None:
    """Print an audit's result for people, worst first."""
    style = Style.of(sys.stdout)
    for drift in result.drifts:
        for line in drift_lines(drift, style, rules):
            print(line)
    gaps = [
        (gap.item, gap.reason, gap.detail) for gap in result.coverage.gaps if gap.reason != NOT_APPROVED or gap.detail
    ]
    for line in gap_lines(gaps, style):
        print(line)
    for line in note_lines(result.coverage.notes, style):
        print(line)
    counts = Counter(drift.severity for drift in result.drifts)
    by_severity = ", ".join(f"{counts[level]} {level.word}" for level in sorted(counts, reverse=True))
    print(
        f"{result.coverage.items} items, {result.coverage.compared} compared, {len(result.drifts)} drifted"
        + (f" ({by_severity})" if by_severity else "")
        + (f", {result.not_approved} not approved yet" if result.not_approved else "")
        + (f", {len(gaps)} gaps" if gaps else "")
    )
