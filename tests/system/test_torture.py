"""Torture: a made-up story is told to a real daemon, which must say at the end what an independent comparison finds.

Longer: `make torture SECONDS=600`. A failure prints its seed; `make torture SEED=N CHAPTERS=N` tells the same story again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import get_args

import pytest

from tests.system.daemon_process import ScratchHost
from tests.system.torture import actions
from tests.system.torture.deeds import do
from tests.system.torture.edits import OUTSIDE, TREE
from tests.system.torture.ordeal import ordeal
from tests.system.torture.story import Story
from tests.system.torture.verdict import as_findings
from tests.system.torture.walker import everything_below, findings
from tests.system.torture.world import Directory, SymbolicLink, Text

SEED = 20230601
SECONDS = 10.0
"""Then the chapter is told to its end."""


def first_actions(seed: int, number: int) -> list[object]:
    story = Story(seed)
    return [*story.opening(), *islice(story.chapters(), number)]


def test_a_seed_tells_one_story_and_another_seed_another() -> None:
    assert first_actions(SEED, 2_000) == first_actions(SEED, 2_000)
    assert first_actions(SEED, 100) != first_actions(SEED + 1, 100)


def test_a_story_leaves_nothing_out() -> None:
    told = {type(action) for action in first_actions(SEED, 20_000)}
    assert told == {*get_args(actions.FileAction), *get_args(actions.Misery)}


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_files_come_to_what_the_story_says(seed: int, tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    top = bytes(tmp_path)
    story = tell(seed, top, 1_000)
    real = {path[len(top) + 1 :] for path in everything_below(top)}
    assert real == story.world.nodes.keys()
    for path, node in story.world.nodes.items():
        there = top + b"/" + path
        if isinstance(node, Text):
            assert Path(os.fsdecode(there)).read_bytes() == node.content
        elif isinstance(node, SymbolicLink):
            assert os.readlink(there) == node.target
        else:
            assert os.path.isdir(there) == isinstance(node, Directory)


def tell(seed: int, top: bytes, number: int) -> Story:
    """Do what a story says of files, and nothing else of it."""
    for place in (TREE, OUTSIDE):
        os.makedirs(top + b"/" + place, exist_ok=True)
    story = Story(seed)
    for action in [*story.opening(), *islice(story.chapters(), number)]:
        if isinstance(action, get_args(actions.FileAction)):
            do(action, top)
    return story


def test_the_naive_walk_and_check_find_the_same(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    host, top = ScratchHost(tmp_path), bytes(tmp_path)
    story = Story(SEED)
    for made in story.opening():
        do(made, top)
    host.define([f"{host.tree}/**"], format="yaml")
    host.approve()
    for action in islice(story.chapters(), 400):
        if isinstance(action, get_args(actions.FileAction)):
            do(action, top)
    walked = findings([top + b"/tree"], host.baseline / "hosts" / "scratch", (host.state / "secret.key").read_bytes())
    checked = json.loads(host.run("check", "--json").stdout)
    unread = {gap["item"] for gap in checked["coverage"]["gaps"]}
    assert {item: differs for item, differs in walked.items() if item not in unread} == as_findings(checked["drifts"])
    assert {"new", "gone", "content", "mode", "owner", "group", "type"} <= set().union(*walked.values())


def test_a_tortured_daemon_says_what_is_true(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("mounts")
    require_real("nsenter")
    try:
        counts = ordeal(tmp_path, SEED, seconds=SECONDS)
    except Exception as error:
        error.add_note(f"again: make torture SEED={SEED} SECONDS={SECONDS:.0f}")
        raise
    assert counts["Judge"] >= 1
