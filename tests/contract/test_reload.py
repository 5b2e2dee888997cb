"""Reload: all or nothing, what takes effect at once, what is refused, and what is said of it. One daemon lives through it all."""

from __future__ import annotations

import json
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.contract.command import Daemon, Sandbox, eventually
from tests.contract.shapes import Json
from tests.contract.test_state import BAD, assert_whole


class Life:
    """A daemon that is told to read its settings again, and again."""

    def __init__(self, sandbox: Sandbox, daemon: Daemon) -> None:
        self.sandbox = sandbox
        self.daemon = daemon
        self.seen = 0

    def reload(self, action: str = "daemon-reloaded") -> Json:
        """Send SIGHUP; return what the daemon says to it."""
        self.look()
        self.daemon.send(signal.SIGHUP)
        return self.wait(action)

    def refused(self) -> str:
        problems = self.reload("daemon-reload-failed")["driftd"]["problems"]
        return "\n".join(problems)

    def look(self) -> None:
        """What happens from here on is another story."""
        self.seen = max(event["event"]["sequence"] for event in self.sandbox.journal())

    def wait(self, action: str, name: str | None = None) -> Json:
        return self.daemon.wait_for_action(action, name, after=self.seen)

    def removed(self) -> dict[str, Json]:
        """Return what was said of baselines that were removed, by name."""
        since = [event for event in self.sandbox.events() if event["event"]["sequence"] > self.seen]
        removed = [event for event in since if event["event"]["action"] == "baseline-removed"]
        return {event["driftd"]["baseline"]["name"]: event for event in removed}

    def settings(self, **more: Any) -> None:
        self.sandbox.settings(**more)


RULE = {"id": "R", "item": "**/other.yml", "key": "$.x", "require": {"const": 1}, "why": "w"}


def test_the_life_of_a_daemon_that_is_reconfigured(shop: Sandbox) -> None:
    """Each step costs two seconds of rest, so each does a lot."""
    shop.write("new.txt", "x\n")
    shop.baseline("more", items=[{"path": shop.item("new.txt")}], rules=[RULE], approved="none")
    with shop.daemon() as daemon:
        life = Life(shop, daemon)
        life.wait("audit-completed")
        takes_what_is_new_at_once(life)
        takes_all_or_nothing(life)
        keeps_what_needs_a_restart(life)
        goes_by_its_labels_and_name(life)
        says_what_vanished(life)
    assert_whole(shop.journal())


def test_what_is_mended_or_made_anew_is_noticed_without_being_asked(shop: Sandbox) -> None:
    """In directories that no reload has taken over: of a baseline that was refused, and of one that git wrote anew."""
    with shop.daemon() as daemon:
        life = Life(shop, daemon)
        life.wait("audit-completed")
        shop.baseline("added", items=[{"path": shop.item("new.txt")}], severity="hihg")
        assert '"hihg"' in str(life.wait("daemon-reload-failed")["driftd"]["problems"])
        shop.baseline("added", items=[{"path": shop.item("new.txt")}], severity="high")
        assert "baseline added" in life.wait("daemon-reloaded")["message"]
        place, aside = shop.baselines / "shop", shop.directory / "aside"
        shutil.copytree(place, aside)
        shutil.rmtree(place)
        shutil.copytree(aside, place)  # as it was: nothing is to be taken over
        eventually(lambda: is_watched(daemon.process.pid, place), "the directory is watched again")
        definition = json.loads((place / "baseline.yaml").read_text())
        life.look()
        (place / "baseline.yaml").write_text(json.dumps({**definition, "severity": "low"}))
        assert "baseline shop" in life.wait("daemon-reloaded")["message"]


def is_watched(pid: int, directory: Path) -> bool:
    """Whether a process watches a directory with inotify; see proc_pid_fdinfo(5)."""
    wanted = f" ino:{directory.stat().st_ino:x} "
    for file in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):
            if any(line.startswith("inotify ") and wanted in line for line in file.read_text().splitlines()):
                return True
    return False


def takes_what_is_new_at_once(life: Life) -> None:
    """Without being asked, once it has come to rest."""
    sandbox, other = life.sandbox, life.sandbox.directory / "other.jsonl"
    file = sandbox.baselines / "shop/baseline.yaml"
    definition = json.loads(file.read_text())
    kept = json.dumps(definition)
    definition["rules"][0]["require"] = {"const": "db-9.internal"}
    life.look()
    file.write_text(json.dumps(definition))
    sandbox.baseline("added", items=[{"path": sandbox.item("new.txt")}])
    outputs = [{"jsonl": {"path": str(path)}} for path in (sandbox.log, other)]
    life.settings(outputs=outputs, audit={"every": "1s", "jitter": "0s"}, watch={"settle": "10ms"})
    told = life.wait("daemon-reloaded")
    assert told["driftd"]["changed"] == ["audit", "watch", "outputs"]
    assert told["driftd"]["settings"] == [
        {"key": "$.audit.every", "before": "12h", "after": "1s"},
        {"key": "$.outputs[1].jsonl.path", "after": str(other)},
        {"key": "$.watch.settle", "before": "250ms", "after": "10ms"},
    ]
    assert "$.audit.every" in told["message"]
    found = {changed["name"]: changed for changed in told["driftd"]["changed_baselines"]}
    assert {name: changed["changes"] for name, changed in found.items()} == {"added": ["added"], "shop": ["definition"]}
    assert found["shop"]["revision"] == 1
    opened = life.wait("drift-opened", "database.yml")  # nobody touched the file: it is judged otherwise
    assert opened["driftd"]["changes"][0]["rule"] == "SHOP-DB"
    assert life.wait("baseline-proposed")["driftd"]["baseline"]["name"] == "added"
    eventually(lambda: other.exists() and other.read_bytes(), "the new output gets events")
    life.daemon.wait_for(
        lambda event: (
            event["event"]["sequence"] > life.seen and event["driftd"].get("audit", {}).get("depth") == "quick"
        ),
        "the schedule is another one",
    )
    file.write_text(kept)
    life.settings()
    life.reload()
    life.wait("drift-resolved", "database.yml")


def takes_all_or_nothing(life: Life) -> None:
    sandbox = life.sandbox
    life.settings(outputs=[], approval={"approvals": 2}, audit={"evry": "1s"})
    told = life.refused()
    assert "approval: not in this version" in told
    assert 'unknown key "evry"' in told
    life.settings(outputs=[])
    sandbox.baseline("added", items=[{"path": sandbox.item("new.txt")}], severity="hihg")
    file = sandbox.baselines / "more/baseline.yaml"
    file.chmod(0o666)
    told = life.refused()  # and the outputs, which are in order, are as they were: it is said there
    assert '"hihg"' in told
    assert f"chmod go-w {file}" in told
    file.chmod(0o644)
    sandbox.baseline("added", items=[{"path": sandbox.item("new.txt")}], applies_to={"role": "api"})


def keeps_what_needs_a_restart(life: Life) -> None:
    host = {"id": "another", "name": "api-1", "labels": {"role": "api"}}
    life.settings(
        host=host, state=str(life.sandbox.directory / "elsewhere"), control={"group": "adm"}, watch={"enabled": False}
    )
    told = life.refused()
    for name in ("host.id", "state", "control.group", "watch.enabled"):
        assert f"{name}: another one needs a restart" in told


def goes_by_its_labels_and_name(life: Life) -> None:
    life.settings(host={"id": "host-under-test", "name": "api-2", "labels": {"role": "db"}})
    told = life.reload()
    assert told["host"]["name"] == "api-2"
    assert told["labels"] == {"role": "db"}
    life.wait("audit-completed")
    found = life.removed()
    assert found["added"]["driftd"]["severity"] == "high"
    assert "applies_to" in found["added"]["message"]
    assert "shop" in found  # what is approved for it is the state of api-1
    life.settings()
    life.reload()


def says_what_vanished(life: Life) -> None:
    """A definition alone is put back; a whole baseline is gone, and that is critical."""
    sandbox = life.sandbox
    place = sandbox.baselines / "shop/baseline.yaml"
    kept = place.read_text()
    place.unlink()
    assert "hosts/api-1/approved.json and no baseline.yaml" in life.refused()
    place.write_text(kept)
    sandbox.write("database.yml", BAD)
    opened = life.wait("drift-opened", "database.yml")
    life.look()
    shutil.rmtree(sandbox.baselines / "shop")  # nobody says so
    shutil.rmtree(sandbox.baselines / "more")  # of rules alone
    resolved = life.wait("drift-resolved", "database.yml")
    assert resolved["driftd"]["resolution"] == "no-longer-audited"
    assert resolved["driftd"]["drift_id"] == opened["driftd"]["drift_id"]
    found = life.removed()
    assert {name: event["driftd"]["severity"] for name, event in found.items()} == {
        "shop": "critical",
        "more": "critical",
    }
