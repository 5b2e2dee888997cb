"""What is about to be approved, as people review it, and as `--json` tells it: of any number of items, in bounded memory."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from driftd.approving.gather import Gathered
from driftd.cli.render import gap_lines, shape_lines
from driftd.cli.style import Style
from driftd.model.document import Json
from driftd.outputs.visible import visible

MOST_SHOWN: Final = 100
"""Items that are shown with all their differences; of the others it is counted what differs."""
MOST_COUNTED: Final = 500
MOST_NAMED: Final = 10
"""Kinds of differences that are counted one by one, and those that are named."""


def show(gathered: Gathered, style: Style) -> None:
    """Print what an approval would settle, what it leaves as it is, and what it does not settle."""
    drifts = gathered.spool.drifts()
    for drift in islice(drifts, MOST_SHOWN):
        print(style.paint(visible(str(drift["item"])), "1"))
        for change in _changes(drift):
            for line in shape_lines(change, style):
                print(line)
    for line in _counted(drifts, gathered.drifts - MOST_SHOWN):
        print(line)
    if gathered.first:
        print(f"{gathered.first} items are approved for the first time")
    gaps = [
        (str(gap["item"]), str(gap["reason"]), str(gap.get("detail", "")))
        for gap in islice(gathered.spool.gaps(), MOST_SHOWN)
    ]
    for line in gap_lines(gaps, style, count=gathered.gaps):
        print(line)
    if gathered.left:
        print(f"still violated after this: {', '.join(sorted(gathered.left))}")
    if gathered.overridden:
        print(
            f"{len(gathered.overridden)} items have an approved state of this host's own, which hides the shared one:"
        )
        print("  they stay as they are; `driftd promote` moves them into the layer of all hosts")
    if not gathered.items:
        print("nothing to approve" if gathered.overridden else "nothing to approve: everything is as approved")


def _counted(drifts: Iterator[dict[str, Json]], count: int) -> Iterator[str]:
    """Yield what differs in so many more items, the most frequent first."""
    if count <= 0:
        return
    kinds: Counter[str] = Counter()
    others = 0
    for drift in drifts:
        for change in _changes(drift):
            kind = f"{change['aspect']} {change['kind']} {visible(str(change['key']))}"
            if kind in kinds or len(kinds) < MOST_COUNTED:
                kinds[kind] += 1
            else:
                others += 1
    yield f"... and {count} more items differ (--json names them all):"
    for kind, times in kinds.most_common(MOST_NAMED):
        yield f"  {times} x {kind}"
    if others := others + kinds.total() - sum(times for _, times in kinds.most_common(MOST_NAMED)):
        yield f"  {others} x something else"


def _changes(drift: dict[str, Json]) -> Iterator[dict[str, Json]]:
    changes = drift["changes"]
    assert isinstance(changes, list)
    return (change for change in changes if isinstance(change, dict))


def print_whole(gathered: Gathered, revisions: Mapping[str, int]) -> None:
    """Print the one object of `driftd approve --json`, member by member."""
    sys.stdout.writelines(_whole(gathered, revisions))


def _whole(gathered: Gathered, revisions: Mapping[str, int]) -> Iterator[str]:
    spool = gathered.spool
    yield '{\n "schema": "driftd/approve/1",\n "items": {'
    between = "\n"
    for baseline in gathered.items:
        yield f"{between}  {json.dumps(baseline)}: {{"
        yield from _joined(f"{json.dumps(item)}: {_shape(content)}" for item, content in gathered.files(baseline))
        yield "}"
        between = ",\n"
    yield "\n },\n"
    yield ' "drifts": ['
    yield from _joined(map(json.dumps, spool.drifts()))
    yield '],\n "first": ['
    yield from _joined(json.dumps(entry.item) for entry in spool.entries() if entry.first)
    yield '],\n "gaps": ['
    yield from _joined(map(json.dumps, spool.gaps()))
    if gathered.overridden is not None:
        yield '],\n "overridden": ['
        yield from _joined(map(json.dumps, gathered.overridden))
    yield f'],\n "left": {json.dumps(sorted(gathered.left))},\n "revisions": {json.dumps(dict(revisions))}\n}}\n'


def _joined(members: Iterator[str]) -> Iterator[str]:
    between = "\n   "
    for member in members:
        yield between + member
        between = ",\n   "


def _shape(content: bytes | None) -> str:
    return "null" if content is None else json.dumps(json.loads(content.decode("utf-8", "surrogatepass")))
