from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.formats.reading import Reading
from driftd.model.document import Document, Node, Problem
from driftd.sources.trees import reading_bytes, reading_from_bytes

_texts = st.text(st.characters())  # lone surrogates too
_lines = st.none() | st.integers(0, 10**6)
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts


def _nodes(values: st.SearchStrategy[object]) -> st.SearchStrategy[Node]:
    return st.builds(Node, values, _lines, st.booleans(), st.none() | _texts)


_trees = st.recursive(
    _nodes(_scalars),
    lambda below: _nodes(st.dictionaries(_texts, below, max_size=4)) | _nodes(st.lists(below, max_size=4)),
    max_leaves=20,
)


def flat(root: Node) -> list[object]:
    return [
        (steps, None if isinstance(node.value, dict | list) else node.value, type(node.value), node.line, node.repeated)
        for steps, node in root.walk()
    ] + [node.raw for _, node in root.walk()]


@given(_trees, _texts, st.lists(_texts), st.booleans())
def test_a_document_comes_home_as_it_left(root: Node, text: str, includes: list[str], flag: bool) -> None:
    document = Document("/p", "yaml", root, [Problem(3, text), Problem(None, "")], includes, flag, not flag)
    home = reading_from_bytes(reading_bytes(Reading("yaml", "yaml/1", document, None)))
    assert home.document is not None
    assert flat(home.document.root) == flat(root)
    assert (home.format, home.reading, home.problem) == ("yaml", "yaml/1", None)
    assert home.document.problems == document.problems
    assert (home.document.includes, home.document.untyped, home.document.secret) == (includes, flag, not flag)


def test_no_document_and_a_problem_come_home_too() -> None:
    assert reading_from_bytes(reading_bytes(Reading(None, None, None, None))) == Reading(None, None, None, None)
    home = reading_from_bytes(reading_bytes(Reading("json", "json/1", None, Problem(7, "no"))))
    assert home.problem == Problem(7, "no")


def test_no_nesting_is_too_deep() -> None:
    root = Node("x")
    for _ in range(20_000):
        root = Node([root])
    home = reading_from_bytes(reading_bytes(Reading("f", "f/1", Document("/p", "f", root), None)))
    assert home.document is not None
    assert sum(1 for _ in home.document.root.walk()) == 20_001


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"{}", b'{"document":{"path":1}}', b"[" * 100_000])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a reading"):
        reading_from_bytes(content)


def test_rows_that_promise_more_than_there_is_are_refused() -> None:
    content = reading_bytes(Reading("f", "f/1", Document("/p", "f", Node([Node(1), Node(2)])), None))
    with pytest.raises(ValueError, match="not a reading"):
        reading_from_bytes(content.replace(b"[2,2,null]", b"[2,3,null]"))
