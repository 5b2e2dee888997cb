"""`driftd completion`: what a shell needs to complete commands, options and their values."""

from __future__ import annotations

import argparse
import sys

from driftd.cli.main import OK

EXAMPLE = 'eval "$(driftd completion bash)"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `completion`."""
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from driftd.cli.handbook import completion

    sys.stdout.write(completion(args.shell))
    return OK
