"""`driftd parse`: what driftd reads in a file."""

from __future__ import annotations

import argparse
import sys

from driftd.cli.main import INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.reading import read_file
from driftd.cli.render import shown
from driftd.compare.locate import keyed
from driftd.model.document import Json
from driftd.outputs.visible import visible

EXAMPLE = "driftd parse /etc/ssh/sshd_config"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `parse`."""
    parser.add_argument("file", metavar="FILE", help="file to read; - is standard input")
    parser.add_argument("--as", dest="as_path", metavar="PATH", help="read it as if it stood at PATH")
    parser.add_argument("--format", metavar="NAME", help="read it in this format")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the settings of a file with their keys and lines."""
    from driftd.audit import dialect_for

    read = read_file(args.file, args.as_path, args.format, args.config)
    problems: list[Json] = [{"line": problem.line, "message": problem.message} for problem in read.problems]
    document = read.document
    locations: dict[str, Json] = {}
    lines: list[str] = []
    if document is not None:
        for key, node in keyed(document.root, dialect_for(document), {}):
            locations[key] = node.line
            if not isinstance(node.value, dict | list):
                lines.append(f"{node.line or '':>5}  {visible(key)} = {shown(node.value)}")
    if args.json:
        print_json(
            "parse",
            {
                "path": read.path,
                "format": read.format,
                "settings": document.root.to_json() if document else None,
                "locations": locations,
                "includes": list(document.includes) if document else [],
                "problems": problems,
            },
        )
    else:
        print(f"{visible(read.path)}: {read.format or 'binary: compared by digest'}")
        sys.stdout.writelines(line + "\n" for line in lines)
        for problem in read.problems:
            print(f"{visible(read.path)}:{problem.line or '?'}: {visible(problem.message)}", file=sys.stderr)
    return INCOMPLETE if read.failed else OK
