"""Promoting: from one host's layer into the layer of all hosts, and what a kill at any moment leaves."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from driftd.baselines.approve import write
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.item_files import item_file
from driftd.baselines.promote import Promotion, overriding, prepare_promotion
from tests.unit.baselines.test_approve import TOUCHING, Story, author, item


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return told(tmp_path)


def told(directory: Path) -> Story:
    """All hosts share /a, /b and /gone; this one has an /a of its own, a /new, and no /gone."""
    story = Story(directory)
    story.approve({path: item(path) for path in ("/a", "/b", "/gone")}, shared=True)
    story.approve({"/a": item("/a", "0600"), "/new": item("/new"), "/gone": None})
    return story


EFFECTIVE = {"/a": item("/a", "0600"), "/b": item("/b"), "/new": item("/new")}


def promotion(story: Story, *items: str) -> Promotion:
    return prepare_promotion(story.layers, items or tuple(story.layers.host.items), author("for all"))


def commit(story: Story, promotion: Promotion) -> None:
    for proposal in promotion.proposals.values():
        write(proposal, story.directory, story.history)


def test_what_is_promoted_is_what_all_hosts_share_and_no_override_any_more(story: Story) -> None:
    commit(story, promotion(story))
    layers = story.layers
    assert story.state() == EFFECTIVE
    assert dict(layers.host.items) == {}
    assert layers.shared.manifest is not None
    assert (layers.shared.manifest.revision, layers.shared.manifest.reason) == (2, "for all")
    assert story.files() == {"approved.json"}
    other = ApprovedLayers(story.directory, "api-2")
    assert {path: other.get(path) for path in other.items()} == EFFECTIVE


def test_what_is_not_named_stays_where_it_is(story: Story) -> None:
    commit(story, promotion(story, "/new"))
    assert story.state() == EFFECTIVE
    assert sorted(story.layers.host.items) == ["/a", "/gone"]
    assert sorted(story.layers.shared.items) == ["/a", "/b", "/gone", "/new"]


def test_what_cannot_be_believed_stays_where_it_is_and_is_named(story: Story) -> None:
    damaged = story.directory.joinpath("hosts/api-1", *item_file("/a"))
    damaged.write_text("{}")
    found = promotion(story)
    assert [gap.item for gap in found.gaps] == ["/a"]
    commit(story, found)
    assert list(story.layers.host.items) == ["/a"]


def test_a_damaged_file_of_the_shared_layer_is_put_right_by_the_same_state(story: Story) -> None:
    write(promotion(story, "/a").shared, story.directory, story.history)  # and no further
    shared = story.directory.joinpath(*item_file("/a"))
    shared.write_text("{}")
    commit(story, promotion(story, "/a"))
    assert story.state() == EFFECTIVE


def test_hosts_with_a_state_of_their_own_are_named(story: Story) -> None:
    assert overriding(story.layers, ["/a", "/b"]) == {}
    for host in ("api-3", "api-2"):
        (story.directory / "hosts" / host).mkdir()
        manifest = story.directory / "hosts/api-1/approved.json"
        (story.directory / "hosts" / host / "approved.json").write_bytes(manifest.read_bytes())
    assert overriding(story.layers, ["/a", "/b"]) == {"/a": ["api-2", "api-3"]}


def killed_at(story: Story, moment: int) -> bool:
    """Promote everything in a child that is killed before its n-th operation on the disk; False: it came through."""
    child = os.fork()
    if child == 0:
        left = [moment]

        def count(event: str, _: object) -> None:
            if event in TOUCHING:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            prepared = promotion(story)
            sys.addaudithook(count)
            commit(story, prepared)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must not return into the test run
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_moment_changes_nothing_for_this_host_and_promoting_again_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a killed process leaves to the kernel what it has written
    moment, seen, alive = 0, set(), False
    while not alive:
        moment += 1
        (tmp_path / str(moment)).mkdir()
        story = told(tmp_path / str(moment))
        alive = not killed_at(story, moment)
        layers = story.layers
        seen.add((layers.shared.manifest.revision, layers.host.manifest.revision))  # type: ignore[union-attr]
        assert story.state() == EFFECTIVE
        commit(story, promotion(story))
        assert story.state() == EFFECTIVE
        assert dict(story.layers.host.items) == {}
        story.approve({"/all": item("/all")}, shared=True)  # tidies up what the kill left
        story.approve({"/own": item("/own")})
        named = {"/".join(item_file(path)) for path in story.layers.shared.items}
        own = {"hosts/api-1/approved.json", "hosts/api-1/approved/own.json"}
        assert story.files(".") == {*named, "approved.json", *own}
    assert seen == {(1, 1), (2, 1), (2, 2)}
