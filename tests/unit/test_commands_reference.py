"""docs/reference/commands.md and events.md say what the code does. `python -m tests.unit.test_commands_reference` writes the first anew."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from driftd.cli.main import COMMANDS, STATUSES, command, parser_of
from driftd.model.event import CODES, Action

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
HEAD = """# Commands

Made from the code, and compared with it by a test. `driftd COMMAND --help` says the same. Settings are found by `--config`,
`$DRIFTD_CONFIG`, `/etc/driftd/driftd.yaml`, `./driftd.yaml`, in that order.
"""


def lines() -> Iterator[str]:
    """Yield the reference of commands, line by line."""
    yield HEAD
    yield "```"
    yield STATUSES
    yield "```"
    for name, what in COMMANDS.items():
        yield f"\n## {name}\n\n{what[0].upper() + what[1:]}.\n\n```\n{command(name).EXAMPLE}\n```\n"
        yield "| argument | meaning |\n|---|---|"
        for action in parser_of(name)._actions:
            if not isinstance(action, argparse._HelpAction):
                words = ", ".join(f"`{option}`" for option in action.option_strings) or f"`{action.metavar}`"
                value = f" `{action.metavar}`" if action.option_strings and action.metavar else ""
                yield f"| {words}{value} | {action.help} |".replace("BASELINE|ITEM", "BASELINE\\|ITEM")


def text() -> str:
    """Return the whole reference of commands."""
    return "\n".join(lines()) + "\n"


def test_the_reference_of_commands_is_what_the_commands_say() -> None:
    assert (REFERENCE / "commands.md").read_text() == text()


def test_every_action_and_its_code_stand_in_the_reference_of_events() -> None:
    rows = [
        line
        for line in (REFERENCE / "events.md").read_text().splitlines()
        if line.startswith("| `") and "DRIFT-" in line
    ]
    told = {tuple(cell.strip(" `") for cell in row.strip("|").split("|")[:2]) for row in rows}
    assert told == {(action.value, CODES[action]) for action in Action}


if __name__ == "__main__":
    (REFERENCE / "commands.md").write_text(text())
