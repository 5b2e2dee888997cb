"""The command line: arguments -> a command; errors -> messages; results -> exit statuses."""

from __future__ import annotations

import argparse
import codecs
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol, cast

from driftd import __version__
from driftd.standins import stand_ins

OK: Final = 0
DRIFT: Final = 1
USAGE: Final = 2
INCOMPLETE: Final = 3
INTERRUPTED: Final = 130

STATUSES = """exit status:
  0  clean, done
  1  drift, difference or refusal at or above the threshold; prompt declined
  2  bad usage or configuration: nothing was audited
  3  incomplete: something could not be read, parsed or compared (wins over 1)
  130  interrupted"""

COMMANDS: Final = {
    "init": "look at this host, write settings and baselines for what is found",
    "run": "the daemon; --once for cron and containers",
    "check": "one audit now; nothing is written",
    "status": "what is drifted now, and how much is covered",
    "diff": "how it is drifted, setting by setting",
    "approve": "make the observed state the approved one",
    "promote": "move this host's approved state of items into the layer of all hosts",
    "rekey": "replace the secret key, and make the fingerprints of what is approved anew",
    "events": "what happened",
    "timeline": "what changed on this host lately, worst first",
    "log": "is the history of events intact",
    "compare": "semantic difference of two configuration files",
    "parse": "what driftd reads in a file",
    "doctor": "can this host be audited",
    "completion": "the completion of a shell, to be read by it",
    "demo": "the outage of 2023-06-01, replayed in a sandbox",
}


_AS_BYTES: Final = "driftd-as-bytes"


class Command(Protocol):
    """What a module of a command offers."""

    EXAMPLE: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; return the exit status."""


_LISTS: Final = ("run", "diff", "events", "timeline")
"""Commands that end where nobody reads them any more: what they list, or what a daemon tells, is all they are for."""


def command(name: str) -> Command:
    """Return a command's module; the others are not imported."""
    with stand_ins():
        return cast("Command", import_module(f"driftd.cli.{name}"))


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of one command."""
    module = command(name)
    parser = argparse.ArgumentParser(
        prog=f"driftd {name}",
        description=COMMANDS[name][0].upper() + COMMANDS[name][1:] + ".",
        epilog=f"example:\n  {module.EXAMPLE}\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    return parser


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit status."""
    rows = "\n".join(f"  {name:<10}{what}" for name, what in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="driftd",
        usage="driftd COMMAND [OPTIONS]",
        description=f"Audit the configuration of this server against approved baselines, by meaning.\n\ncommands:\n{rows}",
        epilog=f"`driftd COMMAND --help` says more.\n\nexample:\n  driftd check --json\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"driftd {__version__}")
    parser.add_argument("command", metavar="COMMAND", choices=list(COMMANDS), help=argparse.SUPPRESS)
    chosen = parser.parse_args(argv[:1])
    args = parser_of(chosen.command).parse_args(argv[1:])
    return _run(chosen.command, args)


def _run(name: str, args: argparse.Namespace) -> int:
    try:
        status = command(name).run(args)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads us any more: `driftd events | head`
        return OK
    except Exception as error:  # noqa: BLE001 - the one place that catches everything
        from driftd.cli.failures import told

        return told(error, name)


def _as_bytes(error: UnicodeError) -> tuple[str, int]:
    """Write what a stream cannot encode as items are written: the bytes of its UTF-8 form, to be pasted back."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")  # halves of characters, as JSON may have them
    return "".join(f"\\x{byte:02x}" for byte in data), error.end


def _with_names_as_bytes() -> None:
    """Start again in UTF-8 mode where the locale would have names of files in another encoding.

    What is approved stands in files named after items: they must have the same names for every user and for the daemon.
    What is printed is ASCII then, since what the terminal takes is not known to Python any more. See PEP 540.
    """
    if sys.getfilesystemencoding() == "utf-8" or sys.flags.utf8_mode or not sys.executable:
        return
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], environment)  # noqa: S606 - itself


def entry() -> None:
    """Entry point of the `driftd` script."""
    if sys.stdout is None or sys.stderr is None:
        from driftd.cli.unread import three_streams

        three_streams()
    _with_names_as_bytes()
    codecs.register_error(_AS_BYTES, _as_bytes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_AS_BYTES)  # a locale that has no such letter stops nothing
    if sys.argv[1:] and sys.argv[1] not in _LISTS:
        from driftd.cli.unread import outlasting

        sys.stdout = outlasting(sys.stdout)
    sys.exit(main(sys.argv[1:]))
