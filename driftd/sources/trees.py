"""A Reading as bytes and back: how a parsed document comes home from the child process.

The tree is one flat list of rows, in document order, so that no depth of nesting is too deep for JSON or the stack.
"""

from __future__ import annotations

import json
from typing import Any

from driftd.formats.reading import Reading
from driftd.model.document import Document, Node, Problem

_SCALAR, _MEMBERS, _LIST = 0, 1, 2
_USUAL: list[Any] = [None, 0, None]
"""Name, repeated and raw where a row leaves them out."""


def reading_bytes(reading: Reading) -> bytes:
    """Return what a parser read, as bytes."""
    document = reading.document
    shape = {
        "format": reading.format,
        "reading": reading.reading,
        "problem": _problem(reading.problem) if reading.problem else None,
        "document": None
        if document is None
        else {
            "path": document.path,
            "format": document.format,
            "problems": [_problem(problem) for problem in document.problems],
            "includes": document.includes,
            "untyped": document.untyped,
            "secret": document.secret,
            "rows": _rows(document.root),
        },
    }
    return json.dumps(shape, separators=(",", ":")).encode("ascii")


def reading_from_bytes(content: bytes) -> Reading:
    """Return the Reading of `reading_bytes`; ValueError where the bytes are something else."""
    try:
        shape = json.loads(content)
        inner = shape["document"]
        problem = Problem(*shape["problem"]) if shape["problem"] else None
        document = None
        if inner is not None:
            document = Document(
                path=inner["path"],
                format=inner["format"],
                root=_tree(inner["rows"]),
                problems=[Problem(*each) for each in inner["problems"]],
                includes=list(inner["includes"]),
                untyped=inner["untyped"],
                secret=inner["secret"],
            )
        return Reading(shape["format"], shape["reading"], document, problem)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        # Not the error's own text: it quotes what was in the file.
        raise ValueError(f"not a reading: {type(error).__name__}") from None


def _problem(problem: Problem) -> list[Any]:
    return [problem.line, problem.message]


def _rows(root: Node) -> list[list[Any]]:
    """Return [kind, value or number of children, line, name, repeated, raw] a node; what is usual at the end is left out."""
    rows: list[list[Any]] = []
    pending: list[tuple[str | None, Node]] = [(None, root)]
    while pending:
        name, node = pending.pop()
        kind: int = _SCALAR
        value: Any = node.value
        if isinstance(value, dict):
            pending.extend((each, value[each]) for each in reversed(value))
            kind, value = _MEMBERS, len(value)
        elif isinstance(value, list):
            pending.extend((None, each) for each in reversed(value))
            kind, value = _LIST, len(value)
        row = [kind, value, node.line, name, int(node.repeated), node.raw]
        while len(row) > 3 and not row[-1] and row[-1] != "":
            row.pop()
        rows.append(row)
    return rows


def _tree(rows: list[list[Any]]) -> Node:
    given = iter(rows)
    _, root, missing = _node(next(given))
    open_nodes: list[list[Any]] = [[root, missing]]
    while open_nodes:
        above, missing = open_nodes[-1]
        if missing == 0:
            open_nodes.pop()
            continue
        open_nodes[-1][1] -= 1
        name, node, below = _node(next(given))
        if isinstance(above.value, dict):
            above.value[name] = node
        else:
            above.value.append(node)
        if below:
            open_nodes.append([node, below])
    return root


def _node(row: list[Any]) -> tuple[str | None, Node, int]:
    kind, value, line = row[:3]
    name, repeated, raw = (row[3:] + _USUAL[len(row) - 3 :])[:3]
    count = value if kind != _SCALAR else 0
    content: Any = value if kind == _SCALAR else {} if kind == _MEMBERS else []
    return name, Node(content, line, bool(repeated), raw), count
