"""Stand-ins for modules that libraries import and driftd never has them use: 5 MiB that the daemon does without.

structlog imports asyncio, and that ssl, for loggers that are awaited; apscheduler imports it to know coroutines when it
sees one, and asks the metadata of everything installed for plugins. A stand-in is there while such a library is
imported. Whoever asks it for more than it has gets the real module, which is imported then.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class StandIn(ModuleType):
    """A module in the place of a larger one of the same name, with those of its members that are asked for at import."""

    def __init__(self, name: str, **members: object) -> None:
        super().__init__(name)
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _no_version(_distribution: str) -> str:
    raise ModuleNotFoundError


def _no_plugins(**_wanted: str) -> tuple[()]:
    return ()


def no_metadata() -> StandIn:
    """Return one for importlib.metadata that knows of no installed package, and so of no plugin."""
    missing = ModuleNotFoundError
    return StandIn("importlib.metadata", version=_no_version, entry_points=_no_plugins, PackageNotFoundError=missing)


@contextmanager
def stand_ins(*more: StandIn) -> Iterator[None]:
    """Have stand-ins in the place of what was not imported yet; afterwards `import` finds the real modules as ever."""
    asked_at_import = {"iscoroutinefunction": inspect.iscoroutinefunction}
    wanted = (StandIn("asyncio", **asked_at_import), *more)
    placed = [module for module in wanted if module.__name__ not in sys.modules]
    sys.modules.update((module.__name__, module) for module in placed)
    try:
        yield
    finally:
        for module in placed:
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
