"""The state as people read it: counts first, then the worst."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from driftd.cli.render import gap_lines
from driftd.cli.style import Style
from driftd.model.document import Json
from driftd.model.result import NOT_APPROVED
from driftd.outputs.visible import visible

SHOWN: Final = 20
"""Drifts, and directories that are polled, that are shown unless everything is asked for."""
ALARM: Final = "31"


class StatusView:
    """Prints a state in the shape of `status --json`."""

    def __init__(self, shape: dict[str, Json], style: Style, *, everything: bool) -> None:
        self._shape = shape
        self._style = style
        self._most = None if everything else SHOWN

    def tell(self, drifts: Iterator[Json]) -> None:
        """Print it, with these drifts."""
        print(self._daemon())
        print(f"audits    {', '.join(self._audits())}")
        print(f"coverage  {self._coverage()}")
        print(f"drifts    {self._counts()}")
        for line in (*self._outputs(), *self._state(), *self._watch()):
            print(line)
        for line in self._drifts(drifts):
            print(line)
        for line in self._gaps():
            print(line)

    def _daemon(self) -> str:
        daemon = self._part("daemon")
        if not daemon["running"]:
            return self._style.paint("daemon    not running", ALARM)
        who = f"pid {daemon['pid']}" + (f", since {daemon['since']}" if daemon["since"] else "")
        doing = f"{visible(str(daemon['doing']))} for {daemon['doing_seconds']} s" if daemon.get("doing") else ""
        if not daemon["stuck"]:
            return f"daemon    running, {who}" + (f": {doing}" if doing else "")
        why = doing or visible(str(daemon.get("error") or "it does not answer"))
        return self._style.paint(f"daemon    stuck, {who}: {why}", ALARM)

    def _audits(self) -> Iterator[str]:
        daemon = self._part("daemon")
        known = {audit["depth"]: audit for audit in _objects(self._shape.get("audits"))}
        for depth in ("quick", "deep"):
            audit = known.get(depth, {})
            how = f" ({audit['items']} items in {_duration(audit['duration_us'])})" if "duration_us" in audit else ""
            yield f"{depth} {daemon[f'last_{depth}'] or 'never'}{how}"
        for audit in _objects(self._shape.get("audits")):
            if audit.get("running"):
                yield f"{audit['depth']} under way ({audit['items']} items so far)"

    def _coverage(self) -> str:
        coverage = self._part("coverage")
        reasons = coverage["by_reason"]
        assert isinstance(reasons, dict)
        why = ": " + ", ".join(f"{count} {visible(reason)}" for reason, count in reasons.items()) if reasons else ""
        return f"{coverage['compared']} of {coverage['items']} items compared, {coverage['gap_count']} gaps{why}"

    def _counts(self) -> str:
        summary = self._part("summary")
        told = f"{summary['drifts']} open"
        for name in ("by_severity", "by_status"):
            counts = summary[name]
            assert isinstance(counts, dict)
            if counts:
                words = ", ".join(f"{count} {word}" for word, count in counts.items())
                told += f": {words}" if name == "by_severity" else f" ({words})"
        return told

    def _outputs(self) -> Iterator[str]:
        for output in _objects(self._shape["outputs"]):
            error = f", {visible(str(output['last_error']))}" if output.get("last_error") else ""
            lost = f", {output['lost']} events lost" if output.get("lost") else ""
            refused = f", {output['skipped']} events refused" if output.get("skipped") else ""
            yield f"output    {output['name']}: {output['state']}, backlog {output['backlog']}{lost}{refused}{error}"

    def _state(self) -> Iterator[str]:
        """Yield what is wrong with the state directory, or was since the daemon started."""
        if "state" not in self._shape:
            return
        state = self._part("state")
        if state["trouble"]:
            yield self._style.paint(f"state     the database is behind: {visible(str(state['trouble']))}", ALARM)
        for told in _objects(state["told"]):
            yield self._style.paint(f"state     {told['at']} {visible(str(told['message']))}", ALARM)

    def _watch(self) -> Iterator[str]:
        polled = [watch for watch in _objects(self._shape["watch"]) if watch["mode"] == "polled"]
        for watch in polled[: self._most]:
            yield f"watch     {visible(str(watch['item']))}: polled ({watch['reason']})"
        if self._most is not None and len(polled) > self._most:
            yield f"watch     and {len(polled) - self._most} more are polled"

    def _drifts(self, drifts: Iterator[Json]) -> Iterator[str]:
        shown = 0
        for drift in islice(drifts, self._most):
            assert isinstance(drift, dict)
            shown += 1
            yield f"{drift['severity']:<9} {visible(str(drift['item']))}  ({drift['baseline']}, {drift['status']})"
        count = self._part("summary")["drifts"]
        assert isinstance(count, int)
        if self._most is not None and count > shown:
            yield f"... and {count - shown} more drifts: driftd status --all names them, driftd diff shows them"

    def _gaps(self) -> Iterator[str]:
        coverage = self._part("coverage")
        gaps, reasons, count = coverage["gaps"], coverage["by_reason"], coverage["gap_count"]
        assert isinstance(reasons, dict) and isinstance(count, int)
        waiting = reasons.get(NOT_APPROVED, 0)
        assert isinstance(waiting, int)
        if waiting:
            yield f"{waiting} items wait for a first approval: driftd approve --reason TEXT"
        named = [
            (str(gap["item"]), str(gap["reason"]), str(gap.get("detail", "")))
            for gap in _objects(gaps)
            if gap["reason"] != NOT_APPROVED
        ]
        yield from gap_lines(named, self._style, count=count - waiting)

    def _part(self, name: str) -> dict[str, Json]:
        part = self._shape[name]
        assert isinstance(part, dict)
        return part


def _objects(values: Json) -> list[dict[str, Json]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _duration(microseconds: Json) -> str:
    assert isinstance(microseconds, int)
    seconds = microseconds / 1_000_000
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
