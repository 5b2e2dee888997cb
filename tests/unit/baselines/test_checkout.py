"""Whether git is writing, and whether what it wrote is a whole state."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.checkout import checkout_in_progress
from driftd.model.item import Gap
from driftd.settings.trust import Trust
from tests.unit.baselines.test_approve import HOST, Story, item

TRUST = Trust.of_user(os.getuid())


def git(directory: Path, *words: str) -> None:
    who = ("-c", "user.name=mia", "-c", "user.email=mia@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(["git", "-C", str(directory), *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, require_real: Callable[[str], None]) -> Path:
    require_real("git")
    place = tmp_path / "repository"
    (place / "baselines/app").mkdir(parents=True)
    git(place, "init", "-q")
    git(place, "commit", "-q", "--allow-empty", "-m", "first")
    return place


def test_the_lock_of_the_repository_above_is_found(repository: Path, tmp_path: Path) -> None:
    places = [tmp_path, repository / "baselines/app", repository / "baselines/not-there-yet"]
    assert checkout_in_progress(places, TRUST) is None
    lock = repository / ".git/index.lock"
    lock.write_text("")
    assert checkout_in_progress(places, TRUST) == lock
    assert checkout_in_progress([tmp_path], TRUST) is None
    (tmp_path / "link").symlink_to(repository / "baselines")
    assert checkout_in_progress([tmp_path / "link"], TRUST) == lock


def test_a_repository_of_somebody_else_holds_nobody_up(repository: Path) -> None:
    (repository / ".git/index.lock").write_text("")
    assert checkout_in_progress([repository], Trust(frozenset({os.getuid() + 1}))) is None


def test_the_lock_of_a_linked_worktree_and_of_a_submodule_is_found(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    lock = repository / ".git/worktrees/linked/index.lock"
    lock.write_text("")
    assert checkout_in_progress([tmp_path / "linked"], TRUST) == lock
    assert checkout_in_progress([repository], TRUST) is None
    above = tmp_path / "above"
    above.mkdir()
    git(above, "init", "-q")
    git(above, "submodule", "add", "-q", str(repository), "modules/baselines")
    lock = above / ".git/modules/modules/baselines/index.lock"
    lock.write_text("")
    found = checkout_in_progress([above / "modules/baselines"], TRUST)
    assert found is not None
    assert found.resolve() == lock


def unfit(layers: ApprovedLayers, before: ApprovedLayers | None = None) -> Gap | None:
    """Return what all steps of a check come to."""
    steps = layers.checking(before)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: Gap | None = done.value
            return found


def test_what_is_whole_fits_and_what_is_a_mixture_does_not(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.approve({path: item(path) for path in ("/a", "/b")}, shared=True)
    story.approve({"/b": item("/b", "0600")})
    before = story.layers
    assert unfit(before) is None
    story.approve({"/a": item("/a", "0600")}, shared=True)
    after = story.layers
    assert unfit(after, before) is None
    (story.directory / "approved/a.json").write_text("{}")
    gap = unfit(after, before)
    assert gap is not None
    assert (gap.item, gap.reason) == (str(story.directory / "approved.json"), "approved-not-adopted")
    assert gap.detail == "/a: approved/a.json is not what the manifest says (its digest differs)"
    assert unfit(after, after) is None  # what is in force already stays so, whatever became of its files
    manifest = story.directory / "hosts" / HOST / "approved.json"
    manifest.write_text("{")
    gap = unfit(story.layers, after)
    assert gap is not None
    assert gap.item == str(manifest)
    shutil.rmtree(story.directory / "hosts")
    (story.directory / "approved.json").unlink()
    assert unfit(ApprovedLayers(story.directory, HOST), before) is None  # nothing is approved: that is whole
