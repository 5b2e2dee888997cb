"""One checkout of baselines for many hosts: what git writes is taken over whole, or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, Sandbox, eventually
from tests.contract.shapes import Json

FILES = 40


class Repository:
    """The sandbox's baselines as a git repository with two commits: all files hold `x: 1`, then `x: 2`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.git("init", "-q", "-b", "one")
        sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
        for value in (1, 2):
            self.host_has(value)
            sandbox.approve("--shared")
            self.git("add", "-A")
            self.git("commit", "-q", "-m", f"x is {value}")
            self.git("tag", f"x{value}")
        self.git("checkout", "-q", "x1")
        self.host_has(1)

    def host_has(self, value: int) -> None:
        for number in range(FILES):
            self.sandbox.write(f"{number}.yml", f"x: {value}\n")

    def git(self, *words: str) -> None:
        subprocess.run(self.words(*words), check=True, timeout=60)

    def words(self, *words: str) -> list[str]:
        who = ("-c", "user.name=mia", "-c", "user.email=mia@example.org", "-c", "core.hooksPath=/dev/null")
        return ["git", "-C", str(self.sandbox.baselines), *who, *words]

    def slowly(self, *words: str) -> subprocess.Popen[bytes]:
        """Run git with a filter that takes its time for each file."""
        attributes = self.sandbox.baselines / ".git/info/attributes"
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text("*.json filter=slow\n")
        return subprocess.Popen(self.words("-c", "filter.slow.smudge=sleep 0.08; cat", *words))

    @property
    def lock(self) -> Path:
        return self.sandbox.baselines / ".git/index.lock"


@pytest.fixture
def repository(sandbox: Sandbox, require_real: Callable[[str], None]) -> Repository:
    require_real("git")
    return Repository(sandbox)


def lost(sandbox: Sandbox) -> list[Json]:
    return [event for event in sandbox.events() if event["event"]["action"] == "coverage-lost"]


def test_a_checkout_is_taken_over_when_it_is_whole(repository: Repository) -> None:
    sandbox = repository.sandbox
    with sandbox.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        seen = sandbox.events()[-1]["event"]["sequence"]
        # Longer than what counts as rest, and directories of item files are not watched at all.
        with repository.slowly("checkout", "-q", "x2") as git:
            eventually(lambda: len(set(modes(sandbox))) > 1, "the checkout is half done")
            sandbox.write("0.yml", "x: 3\n")
            sandbox.write("39.yml", "x: 3\n")
            told = sandbox.run("check", "--json")
            assert git.wait(60) == 0
        daemon.wait_for_action("baseline-approved", after=seen)
        items = {sandbox.item(f"{number}.yml") for number in range(FILES)}
        eventually(lambda: opened(sandbox) == items, "every file is drifted")
        sandbox.run("status", status=DRIFT)
    assert lost(sandbox) == []
    approved = [event for event in sandbox.events() if event["event"]["action"] == "baseline-approved"]
    assert [event["driftd"]["baseline"]["revision"] for event in approved if event["event"]["sequence"] > seen] == [2]
    befores = {drift["changes"][0]["before"] for drift in told.json("check")["drifts"]}
    assert told.status == INCOMPLETE or befores in ({1}, {2}), told


def opened(sandbox: Sandbox) -> set[str]:
    """Return the items whose drift was told so far."""
    told = [json.loads(line) for line in sandbox.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return {event["driftd"]["item"] for event in told if event["event"]["action"] == "drift-opened"}


def modes(sandbox: Sandbox) -> list[int]:
    """Return which value each approved file has now."""
    found = []
    for path in (sandbox.baselines / "shop/approved").rglob("*.json"):
        with suppress(FileNotFoundError):  # git removes a file before it writes it anew
            text = path.read_text()
            found += [value for value in (1, 2) if f'"x": {value}' in text]
    return found


def test_a_mixture_is_refused_as_a_whole_until_it_is_none(repository: Repository, tmp_path: Path) -> None:
    """As when something else than git copies the files, and stops in between."""
    sandbox, shop = repository.sandbox, repository.sandbox.baselines / "shop"
    with sandbox.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        repository.git("worktree", "add", "-q", str(tmp_path / "other"), "x2")
        shutil.copy(tmp_path / "other/shop/approved.json", shop / "approved.json")
        refused = daemon.wait_for_action("coverage-lost")
        [gap] = refused["driftd"]["gaps"]
        assert (gap["item"], gap["reason"]) == (str(shop / "approved.json"), "approved-not-adopted")
        assert "its digest differs" in gap["detail"]
        sandbox.write("0.yml", "x: 2\n")  # what was approved before is in force
        opened = daemon.wait_for_action("drift-opened", "0.yml")
        assert opened["driftd"]["changes"][0]["before"] == "1"
        sandbox.run("check", status=INCOMPLETE)
        shutil.copytree(tmp_path / "other/shop/approved", shop / "approved", dirs_exist_ok=True)
        seen = refused["event"]["sequence"]
        daemon.wait_for_action("coverage-restored", after=seen)
        resolved = daemon.wait_for_action("drift-resolved", "0.yml", after=seen)
        assert resolved["driftd"]["resolution"] == "approved"
        daemon.wait_for_action("drift-opened", "1.yml", after=seen)
    repository.host_has(2)
    sandbox.run("check", status=CLEAN)
