"""One event as a block of text for people: what, where, from what to what, why it matters, how to repair it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, severity_of
from driftd.outputs.filters import baseline_of
from driftd.outputs.visible import cells, fit, visible

INDENT: Final = "    "
MAX_SHOWN: Final = 10
MIN_WIDTH: Final = 40
_RESET: Final = "\x1b[0m"
_STYLES: Final = {
    Severity.CRITICAL: "\x1b[1;37;41m",
    Severity.HIGH: "\x1b[1;31m",
    Severity.MEDIUM: "\x1b[33m",
    Severity.LOW: "\x1b[36m",
    Severity.INFO: "\x1b[2m",
}
_BOLD, _DIM, _RED, _GREEN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m"
_VERBS: Final = {
    Action.DRIFT_OPENED: "drift",
    Action.DRIFT_UPDATED: "changed",
    Action.DRIFT_RESOLVED: "resolved",
}


def render(event: Event, *, width: int = 80, color: bool = False) -> str:
    """Return an event as lines of at most `width` columns where that is possible; paths and keys are never cut."""
    return "".join(f"{line}\n" for line in _Block(event, max(width, MIN_WIDTH), color=color).lines())


class _Block:
    def __init__(self, event: Event, width: int, *, color: bool) -> None:
        self._event = event
        self._ours = namespace(event)
        self._action = action_of(event)
        self._width = width
        self._color = color

    def lines(self) -> Iterator[str]:
        item = self._item()
        if item is None:
            yield self._head(self._action, visible(str(self._event.get("message", ""))))
            if isinstance(summary := self._ours.get("summary"), dict):
                yield from self._summary(summary)
            return
        yield self._head(_VERBS.get(Action(self._action), self._action), item)
        if context := ", ".join(self._context()):
            yield INDENT + self._styled(context, _DIM)
        if self._action != Action.DRIFT_RESOLVED:
            yield from self._changes()
            yield from self._advice()

    def _item(self) -> str | None:
        """Return the item of a drift; other events are told by their message."""
        if self._action not in set(_VERBS):
            return None
        path = _member(self._event, "file").get("path") or self._ours.get("item")
        return visible(path) if isinstance(path, str) else None

    def _head(self, verb: str, text: str) -> str:
        severity = severity_of(self._event)
        resolved = self._action == Action.DRIFT_RESOLVED
        word = self._styled(severity.word.upper(), _GREEN if resolved else _STYLES[severity])
        padding = " " * (8 - len(severity.word))
        clock = self._styled(str(self._event.get("@timestamp", ""))[11:23], _DIM)
        return f"{clock} {word}{padding} {verb} {self._styled(text, _BOLD)}"

    def _context(self) -> Iterator[str]:
        if (baseline := baseline_of(self._event)) is not None:
            yield visible(baseline)
        for name in ("status", "resolution"):
            if isinstance(text := self._ours.get(name), str):
                yield visible(text)
        if isinstance(delay := self._ours.get("detection_delay_us"), int):
            yield f"seen after {delay / 1000:.1f} ms"

    def _changes(self) -> Iterator[str]:
        changes = self._ours.get("changes")
        listed = _objects(changes)
        for change in listed[:MAX_SHOWN]:
            yield from self._change(change)
        count = self._ours.get("change_count")
        rest = (count if isinstance(count, int) else len(listed)) - min(len(listed), MAX_SHOWN)
        if rest > 0:
            yield f"{INDENT}and {rest} more"

    def _change(self, change: dict[str, Json]) -> Iterator[str]:
        yield INDENT + self._styled(_place(change), _BOLD) + self._styled(_line_number(change), _DIM)
        before, after = _side(change, "before"), _side(change, "after")
        if change.get("kind") == "moved":
            before, after = _side(change, "from"), _side(change, "to")
        if before is not None and after is not None:
            together = f"{INDENT * 2}{before} -> {after}"
            if cells(together) <= self._width:
                yield f"{INDENT * 2}{self._styled(before, _RED)} -> {self._styled(after, _GREEN)}"
                before = after = None
        room = self._width - len(INDENT) * 2 - 2
        if before is not None:
            yield INDENT * 2 + self._styled(f"- {fit(before, room)}", _RED)
        if after is not None:
            yield INDENT * 2 + self._styled(f"+ {fit(after, room)}", _GREEN)
        if isinstance(message := change.get("message"), str):
            yield from self._wrapped("", message, INDENT * 2)

    def _summary(self, summary: dict[str, Json]) -> Iterator[str]:
        """What drifts that are told together come to: counts, then the worst."""
        for label, name in (("severity", "by_severity"), ("baseline", "by_baseline"), ("why", "by_resolution")):
            if isinstance(counts := summary.get(name), dict) and counts:
                told = ", ".join(f"{count} {visible(word)}" for word, count in counts.items())
                yield INDENT + self._styled(f"{label}  ", _DIM) + told
        worst = [drift for drift in _objects(summary.get("worst")) if isinstance(drift.get("item"), str)]
        for drift in worst[:MAX_SHOWN]:
            severity = Severity.from_word(str(drift["severity"]))
            yield f"{INDENT}{self._styled(severity.word, _STYLES[severity])} {self._styled(visible(str(drift['item'])), _BOLD)}"
            if isinstance(change := drift.get("change"), dict):
                yield from (INDENT + line for line in self._change(change))

    def _advice(self) -> Iterator[str]:
        body = _member(self._event, "event")
        for label, text in (
            ("why", body.get("reason")),
            ("fix", self._ours.get("fix")),
            ("see", body.get("reference")),
        ):
            if isinstance(text, str) and text:
                yield from self._wrapped(f"{label}  ", text, INDENT)

    def _wrapped(self, label: str, text: str, indent: str) -> Iterator[str]:
        for number, line in enumerate(
            textwrap.wrap(
                " ".join(map(visible, text.split())),
                self._width - len(indent) - len(label),
                break_long_words=False,
                break_on_hyphens=False,
            )
        ):
            yield indent + (self._styled(label, _DIM) if number == 0 else " " * len(label)) + line

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_RESET}" if self._color and text else text


def _place(change: dict[str, Json]) -> str:
    """Return where the change is, in words that need no explanation."""
    key = visible(str(change.get("key", "$")))
    match change.get("aspect"):
        case "attributes":
            return key.removeprefix("$.")
        case "existence":
            return "the item was removed" if change.get("kind") == "removed" else "the item is new"
        case "parse":
            return "does not parse"
        case _:
            return key


def _line_number(change: dict[str, Json]) -> str:
    line = change.get("after_line")
    if line is None:
        line = change.get("before_line")
    return f"  line {line}" if isinstance(line, int) else ""


def _side(change: dict[str, Json], name: str) -> str | None:
    value = change.get(name)
    if not isinstance(value, str):
        return None
    text = visible(value)
    return text if text and text == text.strip() else f'"{text}"'


def _objects(values: Json) -> list[dict[str, Json]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _member(event: Event, name: str) -> dict[str, Json]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}
