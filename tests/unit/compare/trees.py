"""Documents for tests of comparing: made from plain JSON, with lines where a test looks at them."""

from __future__ import annotations

from hypothesis import strategies as st

from driftd.model.document import Json, Node, Scalar, Steps, node_from_json

NAMES = st.text(min_size=1, max_size=4).filter(lambda name: name not in {"@", "job_name", "metadata", "name", "id"})
"""Member names of all kinds but those that give list members an identity."""
SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["1", "true", "null", "", "(whole)", "(a list)", "(approved)"]),
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=15
)
TREES: st.SearchStrategy[Json] = st.dictionaries(NAMES, VALUES, min_size=1, max_size=5)


def tree(value: Json) -> Node:
    return node_from_json(value)


def repeated(*members: Json, line: int | None = None) -> Node:
    """Occurrences of one directive."""
    return Node([node_from_json(member) for member in members], line, repeated=True)


def scalar_places(root: Node) -> list[Steps]:
    return [steps for steps, node in root.walk() if not isinstance(node.value, dict | list)]


def spelled(value: Json) -> str:
    """The value with its types, the order of members aside: what the comparison must tell apart, said another way."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{spelled(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    return repr(value)
