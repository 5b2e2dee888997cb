"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime, timedelta

from driftd.cli.refusals import UsageError
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.settings.scalars import Duration


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument(
        "--config", metavar="FILE", help="settings (default: $DRIFTD_CONFIG, /etc/driftd/driftd.yaml, ./driftd.yaml)"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_reason(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--reason`, which has to be given, and to say something."""
    parser.add_argument("--reason", metavar="TEXT", required=True, type=_reason, help=what)


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty: say why, for those who read it next year")
    return text


def root_of(said: str | None) -> bytes:
    """Return the directory that `--root` names, `/` where nobody said it.

    UsageError where it is none: that of a script whose variable is empty is not this machine, and what is not mounted yet is
    not a tree in which everything is gone.
    """
    if said is None:
        return b"/"
    if not os.path.isdir(said):
        raise UsageError(f"--root {said or '(empty)'}: is not a directory")
    return os.fsencode(os.path.abspath(said))


def severity(word: str) -> Severity:
    """Return the severity a word on the command line names."""
    try:
        return Severity.from_word(word)
    except ValueError as error:
        raise UsageError(f"--fail-on: {error}") from None


def add_since(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add `--since`."""
    parser.add_argument(
        "--since", metavar="TIME", default=default, help="a duration (2h, 7d) or a moment (2026-01-31T10:00:00Z)"
    )


def moment(text: str, now: datetime) -> datetime:
    """Return the moment that `--since` means."""
    try:
        return now - timedelta(seconds=float(Duration.from_text(text)))
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text}: neither a duration (2h, 7d) nor a moment (2026-01-31T10:00:00Z)") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=now.tzinfo)


def print_json(name: str, body: dict[str, Json]) -> None:
    """Print the one object of a command's `--json`."""
    shape: dict[str, Json] = {"schema": f"driftd/{name}/1", **body}
    sys.stdout.write(json.dumps(shape, indent=1, ensure_ascii=True) + "\n")


class JsonStream:
    """The one object of a command's `--json` whose long list is written member by member, never held as a whole."""

    def __init__(self, name: str, member: str) -> None:
        sys.stdout.write(f'{{\n "schema": "driftd/{name}/1",\n "{member}": [')
        self._between = "\n"

    def add(self, value: Json) -> None:
        """Write the next member of the list."""
        sys.stdout.write(self._between + json.dumps(value, ensure_ascii=True))
        self._between = ",\n"

    def end(self, rest: dict[str, Json]) -> None:
        """Write what else the object holds."""
        whole = json.dumps(rest, indent=1, ensure_ascii=True).removeprefix("{\n")
        sys.stdout.write(f"\n ],\n{whole}\n" if rest else "\n ]\n}\n")
