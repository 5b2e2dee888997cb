"""`driftd parse`: what driftd reads in files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from driftd.cli.document_view import document_lines, head_line, numbered, painted
from driftd.cli.main import INCOMPLETE, OK
from driftd.cli.options import JsonStream, add_config, add_json, print_json
from driftd.cli.parsed import UNREAD, Parsed, Wanted, parsed, query_of
from driftd.cli.reading import ReadFile, keeper_for, known_format
from driftd.cli.refusals import UsageError
from driftd.cli.view import View, add_view, view_of
from driftd.formats.registry import FORMATS
from driftd.model.document import Node
from driftd.model.item import shown_path
from driftd.outputs.visible import visible

EXAMPLE = "driftd parse /etc/ssh/sshd_config"
BY_DIGEST: Final = "compared by digest alone"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `parse`."""
    parser.usage = "driftd parse [OPTIONS] FILE..."
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="files to read, and directories with all files below; - is standard input",
    )
    parser.add_argument("--as", dest="as_path", metavar="PATH", help="read it as if it stood at PATH")
    parser.add_argument("--format", metavar="NAME", help="read it in this format")
    parser.add_argument("--key", metavar="JSONPATH", help="show what this key or query (RFC 9535) selects")
    parser.add_argument("--keys", action="store_true", help="one value a line, with its whole key")
    parser.add_argument("--formats", action="store_true", help="list the formats that driftd knows, and their files")
    add_view(parser, columns=False)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the settings of files with their lines."""
    if args.formats:
        return _formats()
    if not args.files:
        raise UsageError("a file is needed: driftd parse FILE (--formats lists what can be read)")
    known_format(args.format)
    wanted = Wanted(keeper_for(args.config), args.format, args.as_path, query_of(args.key))
    several = len(args.files) > 1 or os.path.isdir(args.files[0])
    found = chain.from_iterable(parsed(file, wanted) for file in args.files)
    if not args.json:
        view = view_of(args)
        return _status([_tell(each, args, view, several=several) for each in found])
    if not several:
        [one] = found
        print_json("parse", one.to_json())
        return _status([one.read.failed])
    return _status(_json_of_several(found, args.files))


def _json_of_several(found: Iterable[Parsed], files: list[str]) -> list[bool]:
    stream = JsonStream("parse", "files")
    failed = []
    for each in found:
        stream.add(each.to_json())
        failed.append(each.read.failed)
    where = os.path.abspath(files[0]) if len(files) == 1 else os.getcwd()
    stream.end(
        {
            "path": shown_path(os.fsencode(where)),
            "format": None,
            "dialect": None,
            "settings": None,
            "locations": {},
            "includes": [],
            "problems": [],
        }
    )
    return failed


def _status(failed: list[bool]) -> int:
    return INCOMPLETE if any(failed) else OK


def _tell(file: Parsed, args: argparse.Namespace, view: View, *, several: bool) -> bool:
    """Print one file; return whether it could not be read in its format."""
    read, selected = file.read, file.selected
    for line in _messages(read):
        print(line, file=sys.stderr)
    if selected is None:
        lines = _flat(file.keys(), view) if args.keys else _tree(read, view)
    else:
        lines = _selected(selected, view, keys=args.keys)
        if not selected and not several:
            print(f"{visible(read.path)}: nothing at {visible(args.key)}", file=sys.stderr)
    if selected is None or (selected and several):
        sys.stdout.write(head_line(read.path, _reading(read), _facts(file), view.style) + "\n")
    sys.stdout.writelines(line + "\n" for line in lines)
    return read.failed


def _messages(read: ReadFile) -> Iterator[str]:
    for problem in read.problems:
        yield f"{visible(read.path)}:{problem.line or '?'}: {visible(problem.message)}"
    if read.failed and read.document is not None:
        told = f"shown as lines of text; --format NAME reads it as something else than {read.format}"
        yield f"{visible(read.path)}: {told}"


def _reading(read: ReadFile) -> str:
    if read.withheld == UNREAD:
        return UNREAD
    return f"{read.withheld}: {BY_DIGEST}" if read.withheld else read.format or BY_DIGEST


def _facts(file: Parsed) -> list[str]:
    read = file.read
    includes = read.document.includes if read.document else []
    facts = ["does not parse"] if read.failed else []
    facts += [f"dialect {file.dialect.name}"] if file.dialect.name else []
    return facts + ([f"includes {', '.join(includes)}"] if includes else [])


def _tree(read: ReadFile, view: View) -> list[str]:
    return document_lines(read.document.root, view.style) if read.document else []


def _flat(keys: Iterator[tuple[str, Node]], view: View) -> Iterator[str]:
    for key, node in keys:
        if not isinstance(node.value, dict | list):
            yield numbered(node.line, f"{visible(key)} = {painted(node.value, view.style)}", view.style)


def _selected(selected: list[tuple[str, Node]], view: View, *, keys: bool) -> Iterator[str]:
    for key, node in selected:
        if isinstance(node.value, dict | list) and node.value and not keys:
            yield numbered(node.line, view.style.paint(f"{visible(key)}:", "1"), view.style)
            yield from document_lines(node, view.style)
        elif isinstance(node.value, dict | list):
            yield numbered(node.line, f"{visible(key)} = {'{}' if isinstance(node.value, dict) else '[]'}", view.style)
        else:
            yield numbered(node.line, f"{visible(key)} = {painted(node.value, view.style)}", view.style)


def _formats() -> int:
    for entry in sorted(FORMATS, key=lambda entry: entry.name):
        by_content = "; by content" if entry.sniff else ""
        hints = f" of {' '.join(entry.hints)}" if entry.sniff and entry.hints else ""
        print(f"{entry.name:<14} {' '.join(entry.patterns)}{by_content}{hints}")
    return OK
