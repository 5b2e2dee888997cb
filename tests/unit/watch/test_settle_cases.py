"""Every case of tests/cases/settle, replayed with a fake clock; the language is in its README."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from driftd.watch.settle import Settling
from driftd.watch.transient import TransientNames

CASES = sorted((Path(__file__).parents[2] / "cases" / "settle").glob("*.case"))
UNITS = {"ms": 1, "s": 1000, "m": 60_000}


def milliseconds(text: str) -> int:
    match = re.fullmatch(r"(\d+)(ms|s|m)", text)
    assert match, f"{text!r} is not a duration"
    return int(match[1]) * UNITS[match[2]]


@dataclass
class Replay:
    """A small file system, the looks at it, and what was reported. Time is in milliseconds."""

    settling: Settling
    now: int = 0
    files: dict[str, str] = field(default_factory=dict)
    known: dict[str, tuple[str, int]] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    reports: list[tuple[str, str, str | None, int]] = field(default_factory=list)

    def notice(self, name: str, *, complete: bool = True) -> None:
        self.settling.noticed(f"/{name}".encode(), self.now / 1000, complete=complete)

    def look(self) -> None:
        now = self.now / 1000
        for path in self.settling.due(now):
            self.look_at(path.decode()[1:], path, now)
        for directory in self.settling.rescans(now):
            self.reports.append(("rescan", directory.decode()[1:], None, self.now))

    def look_at(self, name: str, path: bytes, now: float) -> None:
        observed, known = self.files.get(name), self.known.get(name)
        mode = self.modes.get(name, 0)
        before = known[0] if known else None
        kind = self.kind(before, observed, chmod=known is not None and known[1] != mode)
        worse = kind == "removed" or (kind in {"changed", "broken"} and self.shape(observed) < self.shape(before))
        if not self.settling.outcome(path, worse=worse, now=now) or kind is None:
            return
        self.reports.append((kind, name, observed, self.now))
        if observed is None:
            del self.known[name]
        else:
            self.known[name] = (observed, mode)

    @staticmethod
    def shape(text: str | None) -> int:
        if not text:
            return 0
        return 2 if all("=" in part for part in text.split(",")) else 1

    def kind(self, before: str | None, observed: str | None, *, chmod: bool) -> str | None:
        if before == observed:
            return "chmod" if chmod and observed is not None else None
        if observed is None:
            return "removed"
        if before is None:
            return "added"
        return "broken" if self.shape(observed) == 1 else "changed"

    def wait(self, duration: str) -> None:
        end = self.now + milliseconds(duration)
        while (deadline := self.settling.next_deadline()) is not None and round(deadline * 1000) <= end:
            self.now = max(self.now, round(deadline * 1000))
            self.look()
        self.now = end

    def have(self, name: str, text: str) -> None:
        self.files[name] = text
        self.known[name] = (text, 0)

    def open(self, name: str) -> None:
        self.files[name] = ""
        self.notice(name, complete=False)

    def append(self, name: str, text: str) -> None:
        self.files[name] += text
        self.notice(name, complete=False)

    def close(self, name: str) -> None:
        self.notice(name)

    def write(self, name: str, text: str) -> None:
        self.open(name)
        self.append(name, text)
        self.close(name)

    def truncate(self, name: str) -> None:
        self.open(name)
        self.close(name)

    def rename(self, source: str, target: str) -> None:
        self.files[target] = self.files.pop(source)
        self.notice(source)
        self.notice(target)

    def remove(self, name: str) -> None:
        del self.files[name]
        self.notice(name)

    def chmod(self, name: str) -> None:
        self.modes[name] = self.modes.get(name, 0) + 1
        self.notice(name)

    def storm(self, number: str, directory: str) -> None:
        for index in range(int(number)):
            name = f"{directory}/{index}"
            self.files[name] = "a=1"
            self.notice(name)

    def expect(self, wanted: list[list[str]]) -> None:
        reports, self.reports = self.reports, []
        if wanted == [["nothing"]]:
            assert reports == []
            return
        assert [(kind, name) for kind, name, _, _ in reports] == [(words[0], words[1]) for words in wanted]
        for (_, _, text, at), words in zip(reports, wanted, strict=True):
            rest = words[2:]
            if "at" in rest:
                assert at == milliseconds(rest[rest.index("at") + 1]), words
                rest = rest[: rest.index("at")]
            if rest:
                assert [text] == rest, words

    def run(self, line: str) -> None:
        steps = [shlex.split(step) for step in line.split(" ; ")]
        if steps[0][0] == "expect":
            self.expect([steps[0][1:], *steps[1:]])
            return
        for name, *arguments in steps:
            step: Callable[..., None] = getattr(self, name)
            step(*arguments)
        self.look()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path) -> None:
    lines = [line for line in case.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    settle = milliseconds(lines.pop(0).split()[1]) if lines[0].startswith("settle ") else 250
    replay = Replay(Settling(settle / 1000, transient=TransientNames.shipped()))
    expectations = 0
    for line in lines:
        replay.run(line)
        expectations += line.startswith("expect ")
    assert expectations, "a case without an expectation proves nothing"
    assert replay.reports == []


def test_there_are_cases() -> None:
    assert len(CASES) > 20
