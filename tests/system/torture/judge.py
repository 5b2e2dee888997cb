"""The judge: when all miseries have ended, the daemon must say exactly what an independent full comparison finds."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

from driftd.daemon.control import ask
from driftd.model.event import Action, action_of
from tests.system.daemon_process import PATIENCE, ScratchHost, assert_sound, until
from tests.system.torture.cell import Cell
from tests.system.torture.keeper import Keeper
from tests.system.torture.verdict import as_findings, difference, stored_and_replayed, told_by, told_by_journal
from tests.system.torture.walker import findings


class Judge:
    """Judges one host."""

    def __init__(self, host: ScratchHost, cell: Cell, keeper: Keeper) -> None:
        self._host = host
        self._cell = cell
        self._keeper = keeper
        self.delivered_again = 0
        """Lines that the output has twice or more."""

    def judge(self, audited: list[bytes]) -> None:
        """Have everything looked at once more, and compare what is said, with no time for afterthoughts."""
        self._keeper.ready()
        self._settings_in_force(audited)
        self._audit()
        told = told_by_journal(self._keeper.journal)
        status = json.loads(self._host.run("status", "--json").stdout)
        checked = json.loads(self._host.run("check", "--json").stdout)
        found = told_by(checked["drifts"])
        assert told == found, "the daemon's events and `check`:\n" + difference(told, found, ("events", "check"))
        said = told_by(status["drifts"])
        assert said == found, "`status` and `check`:\n" + difference(said, found, ("status", "check"))
        self._coverage(status, checked)
        self._walk(checked, audited)
        assert_sound(self._keeper.journal)
        self._keeper.in_step()
        self._deliveries()

    def end(self) -> None:
        """After the daemon has stopped: nothing is lost, and the journal alone gives back the state."""
        assert_sound(self._keeper.journal)
        stored, replayed = stored_and_replayed(self._cell.state, self._host.directory)
        assert stored == replayed, "the journal replays to another state than the database holds"
        self._deliveries()

    def _settings_in_force(self, audited: list[bytes]) -> None:
        """Wait until the last definition is the one by which is audited: nobody asks for a reload."""
        wanted = {f"{os.fsdecode(place)}/**" for place in audited}

        def in_force() -> bool:
            status: Any = ask(self._host.socket, "status", timeout=PATIENCE)
            return {line["item"] for line in status["watch"] if line["mode"] != "polled"} == wanted

        until(in_force, "the settings are in force")

    def _audit(self) -> None:
        quiet = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ask(self._host.socket, "audit", {"depth": "quick"}, timeout=PATIENCE)
        self._keeper.said(Action.AUDIT_COMPLETED, lambda event: event["driftd"]["audit"]["started"] > quiet)

    def _coverage(self, status: Any, checked: Any) -> None:
        gaps = {gap["item"]: gap["reason"] for gap in status["coverage"]["gaps"]}
        unread = {gap["item"]: gap["reason"] for gap in checked["coverage"]["gaps"]}
        assert gaps == unread, f"the gaps of `status` and of `check`:\n{difference(gaps, unread, ('status', 'check'))}"
        others = [line for line in status["watch"] if line["mode"] != "live" and line["reason"] != "watch-limit"]
        assert others == [], f"not watched, although there is no reason: {others}"

    def _walk(self, checked: Any, audited: list[bytes]) -> None:
        unread = {gap["item"] for gap in checked["coverage"]["gaps"]}
        key = (self._cell.state / "secret.key").read_bytes()
        walked = findings(audited, self._host.baseline / "hosts" / "scratch", key)
        walked = {item: differs for item, differs in walked.items() if item not in unread}
        found = as_findings(checked["drifts"])
        assert found == walked, "`check` and a naive walk:\n" + difference(found, walked, ("check", "walk"))

    def _deliveries(self) -> None:
        """Every event from the first start on, in order; what comes again has the same id and the same words."""
        lines = self._keeper.lines()
        first: dict[str, Any] = {}
        for line in lines:
            line["driftd"].pop("output")  # stands in what is delivered alone
            assert first.setdefault(line["event"]["id"], line) == line
        events = list(self._keeper.journal.read())
        begin = next(at for at, event in enumerate(events) if action_of(event) == Action.DAEMON_STARTED)
        assert list(first.values()) == events[begin:]
        self.delivered_again = len(lines) - len(first)
