"""The documentation is findable and leads nowhere wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import driftd
from driftd.cli.main import COMMANDS, STATUSES

PROJECT = Path(driftd.__file__).parent.parent
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links(page: Path) -> list[str]:
    """Return the targets of a page's links that are files."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [target for target in LINK.findall(text) if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_to_files(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


def test_the_index_names_every_page() -> None:
    index = PROJECT / "docs" / "README.md"
    named = {(index.parent / target).resolve() for target in links(index)}
    assert [str(page) for page in (PROJECT / "docs").rglob("*.md") if page != index and page not in named] == []


def test_the_exit_statuses_are_those_that_the_help_says() -> None:
    text = (PROJECT / "docs" / "reference" / "exit-status.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE)
    assert [f"  {status}  {meaning}" for status, meaning in rows] == STATUSES.splitlines()[1:]


def test_the_exit_statuses_of_every_command_are_told() -> None:
    table = (PROJECT / "docs" / "reference" / "exit-status.md").read_text().partition("| command |")[2]
    told = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    assert told == COMMANDS.keys()


@pytest.mark.parametrize("room", ["", "daemon"])
def test_the_map_of_the_source_names_what_is_there(room: str) -> None:
    """Every room and module of the package, and every module of the daemon."""
    text = (PROJECT / "docs" / "explanation" / "architecture.md").read_text()
    directory = PROJECT / "driftd" / room
    modules = {path.name for path in directory.glob("*.py") if not path.name.startswith("__")}
    rooms = {f"{path.name}/" for path in directory.iterdir() if path.is_dir() and not path.name.startswith("__")}
    named = set(re.findall(r"`(?:daemon/)?([a-z_]+(?:\.py|/))`", text))
    assert (modules | rooms) - named == set()
