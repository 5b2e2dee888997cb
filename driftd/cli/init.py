"""`driftd init`: look at this host, write settings and baselines for what is found, and say what is not as it should be."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from driftd.app import Host, commit, open_host
from driftd.auditor import Examined
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.proposal import propose
from driftd.cli.approve import author
from driftd.cli.desk import gather_here
from driftd.cli.main import INCOMPLETE, OK
from driftd.cli.options import add_json, print_json, root_of
from driftd.cli.refusals import Refusal, UsageError
from driftd.cli.render import drift_lines, gap_lines, progress
from driftd.cli.scaffold import Scaffold
from driftd.cli.style import Style
from driftd.installing.place import Done, Place, Step
from driftd.installing.system import Shipped, install, program_in
from driftd.installing.unit import barred
from driftd.model.document import Json
from driftd.model.result import AuditResult
from driftd.outputs.visible import visible
from driftd.settings.trust import Trust
from driftd.sources.root import Root
from driftd.surroundings import Surroundings
from driftd.workplace import open_workplace

EXAMPLE = "driftd init --system"
SYSTEM = Path("/etc/driftd")
WROTE = (Done.WRITTEN, Done.UPDATED, Done.ADDED)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `init`."""
    parser.add_argument(
        "--system",
        action="store_true",
        help="make driftd a service: unit, user, directories, logrotate, completions, manual",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="look at the tree under DIR instead of this machine; with --system, write below it",
    )
    parser.add_argument("--into", metavar="DIR", help=f"where to write (default: {SYSTEM}); not with --system")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    parser.add_argument("--yes", action="store_true", help="overwrite settings and baselines instead of merging")
    parser.add_argument("--approve", action="store_true", help="approve what is there now, though nobody reviewed it")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Write the files, audit once, and print what was found."""
    around = Surroundings.of_process()
    root = root_of(args.root)
    _refuse_what_does_not_go_together(args, around)
    into = SYSTEM if args.system else Path(os.path.abspath(args.into or SYSTEM))
    place = Place(Root(root if args.system else b"/"), dry=args.dry_run, privileged=around.uid == 0)
    steps = list(_install(place)) if args.system else []
    scaffold = Scaffold(Root(root), into, system=into == SYSTEM)
    steps += scaffold.place(place, overwrite=args.yes)
    _tell_steps(args, steps)
    failed = {step.what for step in steps if step.done is Done.FAILED}
    if args.dry_run or (args.system and args.root is not None) or str(into / "driftd.yaml") in failed:
        if args.json:
            _print_json(args, steps, [name for name, _ in scaffold.baselines()], 0, AuditResult())
        elif args.root and not args.dry_run:
            print(f"nothing was audited: that tree is no host yet. Now: systemctl --root={args.root} enable driftd")
        return INCOMPLETE if failed else OK
    complete = _audit(args, around, into, root, steps)
    return OK if complete and not failed else INCOMPLETE


def _refuse_what_does_not_go_together(args: argparse.Namespace, around: Surroundings) -> None:
    if args.system and args.into:
        raise UsageError(f"--system writes to {SYSTEM}: leave --into out")
    if args.approve and (args.dry_run or (args.system and args.root is not None)):
        raise UsageError(
            "--approve needs a host whose state can be written: leave --dry-run, or --root with --system, out"
        )
    if args.system and args.root is None and not args.dry_run and around.uid != 0:
        raise Refusal("--system writes to /etc and makes a user: run it as root (--dry-run shows what it would do)")


def _install(place: Place) -> Iterator[Step]:
    from driftd.cli.handbook import files

    own = PurePosixPath(_program())
    program = own if place.root.is_machine else program_in(place, own)
    yield from install(place, Shipped(program, files()))
    if program is None:
        yield Step("driftd", Done.WARNED, "no driftd is in that tree yet: the unit says where it is expected")
    elif place.root.is_machine:
        if (closed := barred(Path(program))) is not None:
            told = f"the service's account cannot pass {closed}: install driftd where everybody can, below /opt and with the system's Python"
            yield Step(str(program), Done.FAILED, told)
        for problem in Trust.service().check(Path(program)):
            yield Step(str(program), Done.WARNED, f"the service would run what others can change: {problem}")


def _program() -> str:
    """Return the path of the command that runs."""
    called = os.path.abspath(sys.argv[0])
    return called if os.path.basename(called) == "driftd" else os.path.join(os.path.dirname(sys.executable), "driftd")


def _tell_steps(args: argparse.Namespace, steps: list[Step]) -> None:
    if args.json:
        return
    if args.dry_run:
        print("nothing is written; this is what would be done:")
    for step in steps:
        print(f"{step.done.value:<10}{visible(step.what)}" + (f": {visible(step.detail)}" if step.detail else ""))


def _audit(args: argparse.Namespace, around: Surroundings, into: Path, root: bytes, steps: list[Step]) -> bool:
    """Read every item once, and print what was found; return whether that was everything."""
    anonymous = not Root(root).is_machine and not args.approve  # an approval is recorded, and says of which host
    host = open_host(str(into / "driftd.yaml"), around, root=root, anonymous=anonymous, make_key=True)
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
        _print_json(args, steps, [*sorted(host.scope.baselines)], approved, result)
    else:
        _tell(host, approved, result, formats)
        print(_next(args, host.file, approved))
    return all(gap.reason == "not-approved" for gap in result.coverage.gaps)


def _format_of(examined: Examined) -> str:
    """Return in which format an item's content is read; what is no file is told by its type."""
    observed = examined.observed
    if observed.document is not None:
        return observed.document.format
    return observed.attributes.type.value if observed.attributes and observed.digest is None else "digest"


def _print_json(
    args: argparse.Namespace, steps: list[Step], baselines: list[Json], approved: int, result: AuditResult
) -> None:
    body: dict[str, Json] = {
        "files": [step.what for step in steps if step.done in WROTE and step.what.startswith("/")],
        "steps": [{**step.to_json()} for step in steps],
        "dry_run": args.dry_run,
        "baselines": baselines,
        "approved": approved,
        "coverage": result.coverage.to_json(),
        "drifts": [drift.to_json() for drift in result.drifts],
    }
    print_json("init", body)


def _approve_first(host: Host) -> int:
    """Approve everything as it is; return how many items that was."""
    workplace = open_workplace(host, "driftd init", lambda _: None)
    store = workplace.engine.store
    try:
        gathered = gather_here(host, [])
        reason = argparse.Namespace(reason="first approval by driftd init: nobody reviewed it", ticket=None)
        for name in gathered.items:
            loaded = host.scope.baselines[name]
            layers = ApprovedLayers(loaded.directory, host.facts.name, host.trust)
            commit(host, name, propose(layers, gathered.files(name), author(reason)))
            workplace.adoption.adopt_quietly(name)
        return gathered.count
    finally:
        store.close()


def _tell(host: Host, approved: int, result: AuditResult, formats: Counter[str]) -> None:
    style = Style.of(sys.stdout)
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


def _next(args: argparse.Namespace, file: Path, approved: int) -> str:
    """Return what a person does now. Nothing of it is done here."""
    config = "" if args.system else f" --config {file}"
    approve = [] if approved else [f"nothing is approved yet: driftd approve{config} --reason TEXT"]
    if args.system:  # enabling it makes a link in /etc, which is to be approved with the rest
        return "\n".join(
            ["now: systemctl enable --now driftd", *approve, "then: driftd doctor, driftd status, man driftd"]
        )
    watch = "then, in another terminal, change a setting and see: driftd status, driftd diff, driftd timeline"
    return "\n".join([*approve, f"now: driftd run{config}", watch])
