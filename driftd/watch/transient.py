"""Names that files have for a moment while a program saves them. The list is data: transient_names.toml."""

from __future__ import annotations

import re
import tomllib
from fnmatch import translate
from importlib.resources import files


class TransientNames:
    """Tells the names that editors and package managers use while they save."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self._pattern = re.compile("|".join(map(translate, patterns)).encode()) if patterns else None

    def __contains__(self, path: object) -> bool:
        """Whether the last part of a path is such a name."""
        if self._pattern is None or not isinstance(path, bytes):
            return False
        return self._pattern.match(path.rpartition(b"/")[2]) is not None

    @classmethod
    def shipped(cls) -> TransientNames:
        """Return the names that driftd knows."""
        table = tomllib.loads(files("driftd.watch").joinpath("transient_names.toml").read_text("utf-8"))
        return cls(tuple(pattern for entry in table["names"] for pattern in entry["patterns"]))
