"""`driftd compare`: the semantic difference of any two configuration files."""

from __future__ import annotations

import argparse
import sys

from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.reading import ReadFile, keeper_for, read_file
from driftd.cli.render import Style, change_lines
from driftd.compare.differ import Comparison, compare
from driftd.model.change import Aspect, Change, Kind
from driftd.model.document import Json
from driftd.outputs.visible import visible
from driftd.secrets.fingerprint import SecretKeeper

EXAMPLE = "driftd compare sshd_config.before sshd_config --as /etc/ssh/sshd_config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `compare`."""
    parser.add_argument("before", metavar="A", help="what it was; - is standard input")
    parser.add_argument("after", metavar="B", help="what it is")
    parser.add_argument("--as", dest="as_path", metavar="PATH", help="read both as if they stood at PATH")
    parser.add_argument("--format", metavar="NAME", help="read both in this format")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print every setting that differs."""
    keeper = keeper_for(args.config)
    before = read_file(args.before, args.as_path, args.format, keeper=keeper)
    after = read_file(args.after, args.as_path, args.format or _same_format(args, before), keeper=keeper)
    equal = before.content == after.content
    comparison = Comparison(()) if equal else _compared(before, after, keeper)
    changes = comparison.changes
    problems: list[Json] = [
        {"file": side.path, "line": problem.line, "message": problem.message}
        for side in (before, after)
        for problem in side.problems
    ]
    problems.extend({"line": problem.line, "message": problem.message} for problem in comparison.problems)
    failed = before.failed or after.failed
    if args.json:
        body: dict[str, Json] = {
            "format": after.format,
            "equal": equal,
            "cosmetic": not equal and not changes,
            "changes": [change.to_json() for change in changes],
            "problems": problems,
        }
        print_json("compare", body)
    else:
        _tell(after, changes, problems, equal=equal)
    if failed:
        return INCOMPLETE
    return DRIFT if changes else OK


def _same_format(args: argparse.Namespace, before: ReadFile) -> str | None:
    """Two names of one file are read in one format: `app.conf` and `app.conf.bak`."""
    if args.as_path is not None or before.failed or before.format == "text":
        return None
    return before.format


def _compared(before: ReadFile, after: ReadFile, keeper: SecretKeeper) -> Comparison:
    if before.document is None or after.document is None:
        digests = keeper.digest(before.content), keeper.digest(after.content)
        return Comparison((Change(Aspect.CONTENT, Kind.CHANGED, "$", *digests, message="compared by digest alone"),))
    from driftd.audit import dialect_for

    if before.failed != after.failed:  # one side is lines, so both are
        before = _as_text(before)
        after = _as_text(after)
    assert before.document is not None and after.document is not None
    return compare(before.document.root, after.document.root, dialect=dialect_for(after.document))


def _as_text(side: ReadFile) -> ReadFile:
    if side.failed:
        return side
    return read_file(side.path, None, "text") if side.path != "stdin" else side


def _tell(after: ReadFile, changes: tuple[Change, ...], problems: list[Json], *, equal: bool) -> None:
    style = Style.of(sys.stdout)
    for problem in problems:
        assert isinstance(problem, dict)
        where = problem.get("file", after.path)
        print(f"{visible(str(where))}:{problem['line'] or '?'}: {visible(str(problem['message']))}", file=sys.stderr)
    if equal:
        print("equal: the same bytes")
    elif not changes:
        print("cosmetic: other bytes, the same settings")
    for change in changes:
        for line in change_lines(change, style, ""):
            print(line)
