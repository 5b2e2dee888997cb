"""docs/reference/ready-made.md says what ships. `python -m tests.unit.ready.test_ready_reference` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from driftd.ready.catalog import ReadyBaseline, ready_baselines

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "ready-made.md"
HEAD = """# Ready-made baselines

Made from the data, and compared with it by a test. `driftd init` writes those that fit the host: where one of the paths is there, one
of the packages is installed (`*` stands for anything), or one of the units exists. They are yours from then on:
[how it goes on](../how-to/set-up-a-host.md). Beside them stands `linux-etc`, the whole of `/etc`, which owns what no other one names.

A rule holds where a setting is there: what a file does not say has the program's default, which is not judged. Rules are silent on
the files that Debian's packages come with, but for a few of `sshd`, `accounts` and `sysctl`, where the benchmarks ask for more.
What each rule does about it (`fix`, `reference`, `controls`) stands in the baseline, and travels with the event.
"""


def lines() -> Iterator[str]:
    """Yield the page, line by line."""
    yield HEAD
    yield "| baseline | what it is about | found by |"
    yield "|---|---|---|"
    for ready in ready_baselines():
        yield f"| [{ready.name}](#{ready.name}) | {_cell(ready.summary)} | {_found_by(ready)} |"
    for ready in ready_baselines():
        definition: dict[str, Any] = yaml.safe_load(ready.text)
        yield f"\n## {ready.name}\n\n{definition['description'].strip()}\n"
        items = [item.get("path") or f"command:{item['name']}" for item in definition["items"]]
        yield "Items: " + ", ".join(f"`{item}`" for item in items) + ".\n"
        yield "| rule | severity | why |"
        yield "|---|---|---|"
        for rule in definition["rules"]:
            severity = rule.get("severity", definition["severity"])
            yield f"| `{rule['id']}` | {severity} | {_cell(rule['why'])} |"


def _found_by(ready: ReadyBaseline) -> str:
    if ready.example:
        return "the demonstration alone"
    if not (ready.when or ready.packages or ready.units):
        return "chosen by people: [how](../how-to/audit-effective-configuration.md)"
    words = [*ready.when, *(f"package {name}" for name in ready.packages), *ready.units]
    return ", ".join(f"`{word}`" for word in words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def text() -> str:
    """Return the whole page."""
    return "\n".join(lines()) + "\n"


def test_the_reference_of_ready_made_baselines_is_what_ships() -> None:
    assert PAGE.read_text() == text()


if __name__ == "__main__":
    PAGE.write_text(text())
