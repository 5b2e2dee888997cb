"""Differences as people read them on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from driftd.cli.style import Style
from driftd.model.baseline import Rule
from driftd.model.change import ABSENT, Absent, Change, Side, as_text
from driftd.model.document import Json
from driftd.model.drift import Drift
from driftd.outputs.visible import visible

_COLORS = {"added": "32", "removed": "31", "changed": "33", "moved": "36"}
_SEVERITIES = {"critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "2"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
MOST_TEXT = 200


def drift_lines(drift: Drift, style: Style, rules: Mapping[str, Rule] | None = None) -> Iterator[str]:
    """Yield a drift as lines: its item, then one or two lines for each change."""
    worst = drift.severity.word
    yield f"{style.paint(worst, _SEVERITIES[worst])} {style.paint(visible(drift.item), '1')}  ({drift.baseline}, {drift.status})"
    for change in drift.changes:
        yield from change_lines(change, style)
        rule = (rules or {}).get(change.rule or "")
        if rule is not None:
            yield f"    why  {visible(rule.why)}"
            if rule.fix:
                yield f"    fix  {visible(rule.fix)}"


def change_lines(change: Change, style: Style, indent: str = "  ") -> Iterator[str]:
    """Yield a change: its key, what it was and what it is, where it stands, and what a rule says of it."""
    yield from shape_lines(change.to_json(), style, indent)


def shape_lines(change: dict[str, Json], style: Style, indent: str = "  ") -> Iterator[str]:
    """Yield a change given in its JSON shape, as events carry it."""
    kind, aspect = str(change["kind"]), str(change["aspect"])
    sign = style.paint(_SIGNS[kind], _COLORS[kind])
    before, after = _side_text(change, "before"), _side_text(change, "after")
    line = change.get("after_line") or change.get("before_line")
    where = style.paint(f"  line {line}", "2") if line else ""
    match aspect:
        case "existence":
            yield f"{indent}{sign} {'is new' if kind == 'added' else 'is gone'}"
        case "parse" | "rule":
            yield f"{indent}{style.paint('!', '31')} {visible(str(change['key']))}: {visible(str(change.get('message') or ''))}{where}"
        case _:
            yield f"{indent}{sign} {visible(str(change['key']))}: {_told(kind, before, after, change, style)}{where}"
    if aspect not in ("parse", "rule") and change.get("message"):
        yield f"{indent}  {style.paint(visible(str(change['message'])), '2')}"
    if change.get("rule"):
        yield f"{indent}  rule {visible(str(change['rule']))} ({change['severity']})"


def _told(kind: str, before: str, after: str, change: dict[str, Json], style: Style) -> str:
    shown_before, shown_after = style.paint(before, "31"), style.paint(after, "32")
    match kind:
        case "added":
            return shown_after
        case "removed":
            return shown_before
        case "moved":
            return f"{change.get('from')} -> {change.get('to')}"
        case _:
            return f"{shown_before} -> {shown_after}"


def _side_text(change: dict[str, Json], name: str) -> str:
    """Return a side in one safe line. In events both are strings, and `value_type` is of the side that is there now."""
    value: Side = change.get(name, ABSENT)
    if not isinstance(value, str) or change.get("value_type", "string") == "string":
        return shown(value)
    is_now = name == "after" or "after" not in change
    if is_now or (value != change["after"] and _is_json(value)):
        return _bounded(value)
    return shown(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def shown(value: Side) -> str:
    """Return a value in one safe line of bounded length; text that could be taken for something else is quoted."""
    if isinstance(value, Absent):
        return "(nothing)"
    text = as_text(value)
    if isinstance(value, str) and (text != text.strip() or text in ("", "true", "false", "null") or text[:1].isdigit()):
        text = f'"{text}"'
    return _bounded(text)


def _bounded(text: str) -> str:
    return visible(text if len(text) <= MOST_TEXT else text[:MOST_TEXT] + "…")


def gap_lines(
    gaps: Sequence[tuple[str, str, str]], style: Style, most: int = 20, count: int | None = None
) -> Iterator[str]:
    """Yield what could not be compared: (item, reason, detail); `count`: of how many these are the first."""
    for item, reason, detail in gaps[:most]:
        told = f"{reason}: {detail}" if detail else reason
        yield f"{style.paint('gap', '35')} {visible(item)}  ({visible(told)})"
    more = (len(gaps) if count is None else count) - min(len(gaps), most)
    if more > 0:
        yield f"... and {more} more gaps ({'' if count is None else 'driftd check '}--json names them all)"


def note_lines(notes: Sequence[tuple[str, str]], style: Style, most: int = 20) -> Iterator[str]:
    """Yield of which items less was compared than was asked for: (item, why)."""
    for item, note in notes[:most]:
        yield f"{style.paint('note', '36')} {visible(item)}  ({note})"
    if len(notes) > most:
        yield f"... and {len(notes) - most} more notes (--json names them all)"


def progress(text: str) -> None:
    """Show on a terminal how far a long work is; nothing elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
