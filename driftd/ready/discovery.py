"""What a host has: its packages, its units, the paths that are there. Read from files under a root; nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final

UNITS: Final = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
DPKG: Final = "/var/lib/dpkg/status"
APK: Final = "/lib/apk/db/installed"
_INSTALLED: Final = "install ok installed"

Exists = Callable[[str], bool]
"""Whether something stands at an absolute path of the host."""
TextOf = Callable[[str], str | None]
"""The text of a file of the host; None where it has none."""


class Traces:
    """What speaks for a service on a host. RPM's database is no text: on such hosts units and paths have to do."""

    def __init__(self, exists: Exists, text_of: TextOf) -> None:
        self.exists = exists
        self._text_of = text_of

    def package(self, pattern: str) -> str | None:
        """Return the installed package of this name, in which `*`, `?` and `[0-9]` mean what they do for shells."""
        if "*" not in pattern:
            return pattern if pattern in self.packages else None
        return min((name for name in self.packages if fnmatchcase(name, pattern)), default=None)

    def unit(self, name: str) -> str | None:
        """Return where the unit of this name stands."""
        places = (f"{directory}/{name}" for directory in UNITS)
        return next((place for place in places if self.exists(place)), None)

    @cached_property
    def packages(self) -> frozenset[str]:
        """The names of the packages that are installed, as dpkg or apk know them."""
        if (status := self._text_of(DPKG)) is not None:
            return frozenset(_dpkg(status))
        installed = self._text_of(APK) or ""
        return frozenset(line[2:] for line in installed.splitlines() if line.startswith("P:"))


def _dpkg(status: str) -> Iterator[str]:
    """Yield what is installed: a package that was removed keeps its stanza while its configuration is there."""
    name = ""
    for line in status.splitlines():
        if line.startswith("Package: "):
            name = line[9:].strip()
        elif line.startswith("Status: ") and line[8:].strip() == _INSTALLED:
            yield name
