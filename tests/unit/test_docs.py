"""The documentation is findable and leads nowhere wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import driftd

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
