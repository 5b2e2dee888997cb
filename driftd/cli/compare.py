"""`driftd compare`: the semantic difference of any two configuration files, or of two directories."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from driftd.cli.compare_frame import advice, entry_lines, git_lines, pair_lines, problem_lines, total_lines
from driftd.cli.git import git_difference, git_pair, read_by_pager
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import JsonStream, add_config, add_json, print_json
from driftd.cli.pairs import Contents, Difference, difference
from driftd.cli.reading import STDIN, content_of, keeper_for, known_format
from driftd.cli.refusals import UsageError
from driftd.cli.tree_differences import Totals, TreeReading, tree_differences
from driftd.cli.view import add_view, view_of
from driftd.model.document import Problem
from driftd.secrets.fingerprint import SecretKeeper

EXAMPLE = "driftd compare sshd_config.before sshd_config --as /etc/ssh/sshd_config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `compare`."""
    parser.usage = "driftd compare [OPTIONS] A B\n       driftd compare [OPTIONS] --git ARGUMENTS"
    parser.add_argument("before", metavar="A", nargs="?", help="what it was: a file, a directory; - is standard input")
    parser.add_argument("after", metavar="B", nargs="?", help="what it is; a directory beside a file: the file in it")
    parser.add_argument("--as", dest="as_path", metavar="PATH", help="read both as if they stood at PATH")
    parser.add_argument("--format", metavar="NAME", help="read both in this format")
    parser.add_argument(
        "--git",
        metavar="ARGUMENTS",
        nargs=argparse.REMAINDER,
        help="take what git passes to GIT_EXTERNAL_DIFF; to be named last; the status is 0",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="print nothing; the exit status says it")
    add_view(parser, columns=True)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print every setting that differs."""
    known_format(args.format)
    if args.git is not None:
        return _git(args)
    before, after = _operands(args)
    keeper = keeper_for(args.config)
    if os.path.isdir(before):
        return _directories(before, after, args, keeper)
    sides = [Contents(content_of(file), _name(file), args.as_path) for file in (before, after)]
    found = difference(after, sides[0], sides[1], keeper, format=args.format)
    found.before, found.after = ("standard input" if file == STDIN else file for file in (before, after))
    if args.json:
        print_json("compare", found.to_json())
    elif not args.quiet:
        _print(pair_lines(found, view_of(args)), [*problem_lines(found), *advice(found)])
    return INCOMPLETE if found.failed else DRIFT if found.changes else OK


def _operands(args: argparse.Namespace) -> tuple[str, str]:
    """Return what to compare; a directory beside a file stands for the file of that name in it."""
    before, after = args.before, args.after
    if before is None or after is None:
        raise UsageError("two files or directories are needed: driftd compare A B")
    if before == STDIN and after == STDIN:
        raise UsageError("standard input can be one side only")
    directories = os.path.isdir(before), os.path.isdir(after)
    if any(directories) and STDIN in (before, after):
        raise UsageError("standard input cannot be compared with a directory")
    if directories == (True, False):
        before = os.path.join(before, os.path.basename(after))
    elif directories == (False, True):
        after = os.path.join(after, os.path.basename(before))
    if os.path.isdir(before) != os.path.isdir(after):
        raise UsageError(f"{before} and {after}: one is a directory, the other is not")
    return before, after


def _name(file: str) -> str:
    return "stdin" if file == STDIN else os.path.abspath(file)


def _directories(before: str, after: str, args: argparse.Namespace, keeper: SecretKeeper) -> int:
    totals = Totals()
    found = totals.counting(tree_differences(before, after, TreeReading(keeper, args.format, args.as_path)))
    if args.json:
        stream = JsonStream("compare", "files")
        for difference in found:
            stream.add(difference.named_json())
        stream.end({**totals.verdict(), "format": None, "changes": [], "problems": [], "summary": totals.to_json()})
    else:
        view = view_of(args)
        for difference in found:
            if not args.quiet:
                _print(entry_lines(difference, view), problem_lines(difference))
        if not args.quiet:
            _print(total_lines(totals), ())
    if totals.incomplete:
        return INCOMPLETE
    return DRIFT if totals.differing or totals.added or totals.removed else OK


def _git(args: argparse.Namespace) -> int:
    """Print what differs at a path of a repository. Git stops at any other status than 0."""
    pair = git_pair(args.git)
    if isinstance(pair, str):
        found = Difference(pair, pair, pair, failed=True, unread=True, problems=[(pair, Problem(None, "not merged"))])
    else:
        found = git_difference(pair, keeper_for(args.config), args.format)
    if args.json:
        print_json("compare", found.named_json())
    elif not args.quiet:
        view = view_of(args, paged=read_by_pager())
        # One stream: the pager reads standard output, and a problem belongs to its path.
        _print([*git_lines(found, view), *problem_lines(found)], ())
    return OK


def _print(lines: Iterable[str], problems: Iterable[str]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    for line in lines:
        print(line)
