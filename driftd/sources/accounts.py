"""Names of users and groups, as the root's own files give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from driftd.sources.facts import Facts

PASSWD: Final = b"/etc/passwd"
GROUP: Final = b"/etc/group"
MAX_BYTES: Final = 16 * 1024 * 1024
CHECK_SECONDS: Final = 1.0


class SmallFiles(Protocol):
    """Where the files come from."""

    def stat(self, path: bytes) -> Facts:
        """Return the facts of what stands at a path, links followed."""

    def read_small(self, path: bytes, limit: int) -> bytes:
        """Return the content of a regular file."""


class AccountFile:
    """`/etc/passwd` or `/etc/group`: number -> name. Without it there are no names.

    Read again when it has changed: looked at for every number that it does not name, else once a second.
    """

    def __init__(self, files: SmallFiles, path: bytes, monotonic: Callable[[], float]) -> None:
        self._files = files
        self._path = path
        self._monotonic = monotonic
        self._checked: float | None = None
        self._seen: Facts | None = None
        self._names: dict[int, str] = {}

    def name(self, number: int) -> str:
        """Return the name of a number, else the number itself."""
        now = self._monotonic()
        if number not in self._names or self._checked is None or now - self._checked >= CHECK_SECONDS:
            self._checked = now
            self._refresh()
        return self._names.get(number) or str(number)

    def _refresh(self) -> None:
        try:
            now = self._files.stat(self._path)
            if now != self._seen:
                self._names = _names(self._files.read_small(self._path, MAX_BYTES))
                self._seen = now
        except OSError:
            # An unreadable passwd is a gap of the item /etc/passwd; here the contract says "else the number".
            self._names, self._seen = {}, None


def _names(content: bytes) -> dict[int, str]:
    names: dict[int, str] = {}
    for line in content.decode("utf-8", "backslashreplace").splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[0] and fields[2].isascii() and fields[2].isdigit() and len(fields[2]) <= 10:
            names.setdefault(int(fields[2]), fields[0])
    return names
