from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.daemon.modes import modes
from driftd.sources.glob import Glob
from driftd.watch.reasons import REMOTE, WATCH_LIMIT
from tests.unit.daemon.live import Live, living


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    (tmp_path / "host").mkdir()
    with living(tmp_path / "host") as live:
        yield live


def told(live: Live, *patterns: str) -> dict[str, tuple[str, str | None]]:
    globs = [Glob(f"{live.etc}/{pattern}") for pattern in patterns]
    return {item.removeprefix(f"{live.etc}/"): (mode, reason) for item, mode, reason in modes(live.watching, globs)}


def test_a_pattern_is_live_where_all_its_directories_are_watched(live: Live) -> None:
    assert told(live, "**", "d/*.yaml") == {"**": ("live", None), "d/*.yaml": ("live", None)}


def test_a_pattern_says_how_many_of_its_directories_are_polled(live: Live) -> None:
    live.watching.polled = {live.path("d"): WATCH_LIMIT}
    assert told(live, "**", "d/*.yaml", "e/*.yaml", "d/b.yaml") == {
        "**": ("live", "1 of 3 directories are polled"),
        "d/*.yaml": ("polled", "1 of 1 directories are polled"),
        "d/b.yaml": ("polled", "1 of 1 directories are polled"),
        "e/*.yaml": ("live", None),
        "d": ("polled", WATCH_LIMIT),
    }


def test_a_name_that_begins_the_same_is_another_directory(live: Live) -> None:
    live.watching.polled = {live.path("d-more"): REMOTE}
    assert told(live, "d/*.yaml")["d/*.yaml"] == ("live", None)
