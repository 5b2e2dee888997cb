"""`driftd init`: look at this host, write settings and baselines for what is found, and say what is not as it should be."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from driftd.app import Host, Surroundings, open_host, open_workplace
from driftd.approving import gather
from driftd.auditor import Examined
from driftd.baselines.approve import prepare, write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.history import History
from driftd.cli.approve import author
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_json, print_json
from driftd.cli.refusals import Refusal
from driftd.cli.render import drift_lines, gap_lines, progress
from driftd.cli.scaffold import Scaffold
from driftd.cli.style import Style
from driftd.model.document import Json
from driftd.model.result import AuditResult
from driftd.outputs.visible import visible
from driftd.sources.root import Root

EXAMPLE = "driftd init --into /etc/driftd"
SYSTEM = Path("/etc/driftd")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `init`."""
    parser.add_argument("--root", metavar="DIR", help="look at the tree under DIR instead of this machine")
    parser.add_argument("--into", metavar="DIR", default=str(SYSTEM), help=f"where to write (default: {SYSTEM})")
    parser.add_argument("--yes", action="store_true", help="overwrite without asking")
    parser.add_argument("--approve", action="store_true", help="approve what is there now, though nobody reviewed it")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the files, audit once, and print what was found."""
    into = Path(os.path.abspath(args.into))
    root = os.fsencode(os.path.abspath(args.root)) if args.root else b"/"
    scaffold = Scaffold(Root(root), into, system=into == SYSTEM)
    files = scaffold.files()
    present = [path for path in files if path.exists()]
    if present and not args.yes and not _may_overwrite(present):
        print("nothing was written", file=sys.stderr)
        return DRIFT
    scaffold.write(files)
    around = Surroundings.of_process()
    host = open_host(str(into / "driftd.yaml"), around, root=root, anonymous=True, make_key=True)
    try:
        progress("reading every item ...")
        formats: Counter[str] = Counter()
        result = host.auditor.audit(each=lambda examined: formats.update([_format_of(examined)]))
        approved = 0
        if args.approve:
            approved = _approve_first(host)
            result = host.auditor.audit()
        progress("")
    finally:
        host.close()
    if args.json:
        body: dict[str, Json] = {
            "files": [str(path) for path in files],
            "baselines": [*sorted(host.scope.baselines)],
            "approved": approved,
            "coverage": result.coverage.to_json(),
            "drifts": [drift.to_json() for drift in result.drifts],
        }
        print_json("init", body)
    else:
        _tell(host, list(files), approved, result, formats)
    gaps = [gap for gap in result.coverage.gaps if gap.reason != "not-approved"]
    return INCOMPLETE if gaps else OK


def _format_of(examined: Examined) -> str:
    """Return in which format an item's content is read; what is no file is told by its type."""
    observed = examined.observed
    if observed.document is not None:
        return observed.document.format
    return observed.attributes.type.value if observed.attributes and observed.digest is None else "digest"


def _may_overwrite(present: list[Path]) -> bool:
    if not sys.stdin.isatty():
        raise Refusal(f"{present[0]} is there already: say --yes to overwrite {len(present)} file(s)")
    for path in present:
        print(visible(str(path)), file=sys.stderr)
    sys.stderr.write(f"overwrite {len(present)} file(s)? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _approve_first(host: Host) -> int:
    """Approve everything as it is; return how many items that was."""
    workplace = open_workplace(host, "driftd init", lambda _: None)
    store = workplace.engine.store
    try:
        gathered = gather(host.auditor, [], host.content)
        reason = argparse.Namespace(reason="first approval by driftd init: nobody reviewed it", ticket=None)
        for name, items in gathered.items.items():
            loaded = host.scope.baselines[name]
            layers = ApprovedLayers(loaded.directory, host.facts.name, host.trust)
            write(prepare(layers, items, author(reason)), loaded.directory, History(host.settings.state / "revisions"))
            workplace.adoption.adopt_quietly(name)
        return gathered.count
    finally:
        store.close()


def _tell(host: Host, files: list[Path], approved: int, result: AuditResult, formats: Counter[str]) -> None:
    style = Style.of(sys.stdout)
    for path in files:
        print(f"wrote {visible(str(path))}")
    for drift in result.drifts:
        for line in drift_lines(drift, style, host.rules()):
            print(line)
    gaps = [(gap.item, gap.reason, gap.detail) for gap in result.coverage.gaps if gap.reason != "not-approved"]
    for line in gap_lines(gaps, style):
        print(line)
    coverage = result.coverage
    named = ", ".join(f"{count} {name}" for name, count in formats.most_common())
    print(f"{coverage.items} items, {coverage.ignored} ignored as volatile (see `ignore` in the baselines)")
    if named:
        print(f"read as: {named}")
    print(f"{len(result.drifts)} findings, {len(gaps)} gaps")
    if approved:
        print(f"{approved} items are approved as they are now. Nobody reviewed them: look at the findings above.")
    else:
        print(f"nothing is approved yet: driftd approve --config {host.file} --reason TEXT")
    print(f"now: driftd run --config {host.file}")
    print("then, in another terminal, change a setting and see: driftd status, driftd diff, driftd timeline")
