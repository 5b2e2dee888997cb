"""Queries: the JSONPath of `ignore`, `identify`, `secrets`, `vary` and `rules`, and the places they select."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from driftd.model.document import Node, Steps
from driftd.model.keys import plain_steps

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery


class QueryFailedError(Exception):
    """A query that is right by itself could not be answered for this document."""


class Query:
    """A JSONPath query, ready to be asked of documents."""

    __slots__ = ("_plain", "text")

    def __init__(self, text: str) -> None:
        """Take RFC 9535 JSONPath; ValueError says what is wrong with it."""
        self.text = text
        self._plain = plain_steps(text)
        if self._plain is None:
            _compiled(text)

    def __repr__(self) -> str:
        return f"Query({self.text!r})"

    def locate(self, root: Node) -> set[Steps]:
        """Return the places of a tree that the query selects. Raises QueryFailedError, which is never "nowhere"."""
        if self._plain is not None:
            return _plain_places(root, self._plain)
        from jsonpath_rfc9535 import JSONPathError  # late: most queries are plain keys

        try:
            return {node.location for node in _compiled(self.text).finditer(root.to_json())}
        except (JSONPathError, RecursionError) as error:
            raise QueryFailedError(f"{self.text}: {_reason(error)}") from error

    @staticmethod
    def covers(steps: Steps, located: set[Steps]) -> bool:
        """Whether a place is one of those located, or below one."""
        return bool(located) and any(steps[:length] in located for length in range(len(steps) + 1))


def located(queries: Iterable[Query], root: Node) -> set[Steps]:
    """Return the places of a tree that any of the queries selects; QueryFailedError as `Query.locate`."""
    return {steps for query in queries for steps in query.locate(root)}


def _plain_places(root: Node, wanted: Steps) -> set[Steps]:
    """Return where plain steps lead, with positions counted from the front."""
    steps: list[str | int] = []
    node = root
    for step in wanted:
        following = node.at((step,))
        if following is None:
            return set()
        match node.value, step:
            case list() as members, int():
                steps.append(step % len(members))
            case _:
                steps.append(step)
        node = following
    return {tuple(steps)}


@lru_cache(maxsize=1024)
def _compiled(text: str) -> JSONPathQuery:
    from jsonpath_rfc9535 import JSONPathError

    from driftd.policy.jsonpath import environment

    try:
        return environment().compile(text)
    except (JSONPathError, RecursionError) as error:
        raise ValueError(_reason(error)) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).strip() or type(error).__name__
