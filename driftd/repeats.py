"""Possessive repeats as documented, on Pythons that get them wrong: 3.11.0 to 3.11.4, Debian 12's among them.

There, `(?:a(?:c)?b)*+` matches "a": what an iteration took stays taken when the iteration fails behind a group (gh-106052). The
documentation says that `x*+` is `(?>x*)`, and of these two ways to write it only the first is wrong. So patterns are turned into
the second as they are parsed. The releases concerned will not change any more, so it is safe to lean on how they do it.
"""

from __future__ import annotations

import importlib
import re
from typing import Any


def mend() -> None:
    """Have every pattern that is compiled from now on match as documented. Where Python does it right, nothing happens."""
    if re.sub(r"(?:a(?:c)?b)*+", "", "a") == "a":
        return
    parser: Any = importlib.import_module("re._parser")
    parse = parser.parse

    def parsed(*args: Any, **kwargs: Any) -> Any:
        return atomic(parse(*args, **kwargs))

    parser.parse = parsed
    re.purge()


def atomic(tree: Any) -> Any:
    """Return a parsed pattern with its possessive repeats of groups as greedy repeats that give nothing back."""
    constants: Any = importlib.import_module("re._constants")
    alone = (constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.IN)
    for place, (operation, argument) in enumerate(tree.data):
        _each_below(argument, type(tree))
        if operation is constants.POSSESSIVE_REPEAT and not _is_one_of(alone, argument[2].data):
            greedy = type(tree)(tree.state, [(constants.MAX_REPEAT, argument)])
            tree.data[place] = (constants.ATOMIC_GROUP, greedy)
    return tree


def _is_one_of(operations: tuple[Any, ...], data: list[tuple[Any, Any]]) -> bool:
    """Whether what is repeated is one character of some kind: such repeats were always right."""
    return len(data) == 1 and data[0][0] in operations


def _each_below(argument: Any, kind: type) -> None:
    if isinstance(argument, kind):
        atomic(argument)
    elif isinstance(argument, tuple | list):
        for each in argument:
            _each_below(each, kind)
