"""The tutorial and the how-tos tell the truth: their commands, run as they stand, print what the pages show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import driftd
from tests.contract.replay import shell, steps

DOCS = Path(driftd.__file__).parent.parent / "docs"
TUTORIAL = DOCS / "tutorial" / "first-audit.md"
GOES_ON = "Goes on where [the tutorial]"
"""How a page says that its reader has done the tutorial up to the first approval."""
IN_GIT = DOCS / "how-to" / "compare-in-git.md"
BY_ITSELF = (TUTORIAL, DOCS / "how-to" / "check-in-ci-and-images.md", IN_GIT)
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page in BY_ITSELF or GOES_ON in page.read_text()]


def test_the_tutorial_and_how_tos_are_run() -> None:
    assert set(BY_ITSELF) < set(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page: Path, tmp_path: Path, require_real: Callable[[str], None]) -> None:
    if page == IN_GIT:
        require_real("git")
    with shell(tmp_path) as reader:
        if GOES_ON in page.read_text():
            for step in steps(TUTORIAL):
                reader.follow(step)
                if "driftd approve" in step.commands:
                    break
        for step in steps(page):
            reader.follow(step)
