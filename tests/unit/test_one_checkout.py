"""One checkout of baselines serves a hundred hosts: by labels, with layers of their own, with values that legally differ."""

from __future__ import annotations

import json
import os
from pathlib import Path

from driftd.app import open_host
from driftd.surroundings import Surroundings
from tests.contract.command import run

HOSTS = 100
AROUND = Surroundings(os.environ, Path("/"), os.geteuid())


class Fleet:
    """Hosts as trees, each with settings of its own over the same baselines."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.baseline("app", "/etc/app.yml", vary=[{"item": "/etc/app.yml", "key": "$.listen"}])
        self.baseline("db", "/etc/db.yml", applies_to={"role": ["db", "replica"], "env": "prod"})
        for number in range(HOSTS):
            self.file(number, "app.yml", f"listen: 10.0.0.{number}\nworkers: 4\n")
            self.file(number, "db.yml", "port: 5432\n")
            self.settings(number)

    def baseline(self, name: str, path: str, **more: object) -> None:
        place = self.directory / "baselines" / name
        place.mkdir(parents=True)
        item = {"path": path, "attributes": []}
        body = {"schema": "driftd/baseline/1", "name": name, "items": [item], **more}
        (place / "baseline.yaml").write_text(json.dumps(body))

    def file(self, number: int, name: str, text: str) -> None:
        path = self.tree(number) / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def tree(self, number: int) -> Path:
        return self.directory / str(number)

    def settings(self, number: int) -> None:
        labels = {"role": ("web", "db", "replica")[number % 3], "env": "prod" if number % 2 else "test"}
        told = {"host": {"id": f"id-{number}", "name": f"host-{number}", "labels": labels}}
        told |= {"baselines": ["baselines"], "state": f"{number}/state"}  # type: ignore[dict-item]
        self.config(number).write_text(json.dumps(told))

    def config(self, number: int) -> Path:
        return self.directory / f"{number}.yaml"

    def driftd(self, number: int, command: str, *words: str) -> None:
        host = ("--config", str(self.config(number)), "--root", str(self.tree(number)))
        run(command, *host, "--reason", "r", "--yes", *words, status=0)

    def audited(self, number: int) -> tuple[set[str], list[str]]:
        """Return which baselines are for a host, and how it differs."""
        host = open_host(str(self.config(number)), AROUND, root=os.fsencode(self.tree(number)), anonymous=True)
        try:
            result = host.auditor.audit()
            assert result.coverage.complete
            changes = [f"{drift.item} {change.key}" for drift in result.drifts for change in drift.changes]
            return set(host.scope.baselines), changes
        finally:
            host.close()

    def differing(self) -> dict[int, list[str]]:
        found = {}
        for number in range(HOSTS):
            baselines, changes = self.audited(number)
            assert baselines == ({"app", "db"} if number % 3 and number % 2 else {"app"})
            if changes:
                found[number] = changes
        return found


def test_one_checkout_serves_a_hundred_hosts(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    fleet.driftd(1, "approve", "--shared")
    fleet.file(7, "app.yml", "listen: 10.0.0.7\nworkers: 64\n")
    fleet.file(8, "app.yml", "listen: 10.0.0.8\nworkers: 8\n")
    fleet.file(9, "app.yml", "workers: 4\n")
    fleet.file(11, "db.yml", "port: 6432\n")
    fleet.driftd(7, "approve", "app")  # for itself alone
    fleet.driftd(8, "approve", "app")  # tried here, for all
    assert fleet.differing() == {9: ["/etc/app.yml $.listen"], 11: ["/etc/db.yml $.port"]}
    fleet.driftd(8, "promote", "/etc/app.yml")
    changed = fleet.differing()
    assert changed.pop(9) == ["/etc/app.yml $.listen", "/etc/app.yml $.workers"]
    assert changed.pop(11) == ["/etc/app.yml $.workers", "/etc/db.yml $.port"]
    assert changed == {number: ["/etc/app.yml $.workers"] for number in range(HOSTS) if number not in (7, 8, 9, 11)}
