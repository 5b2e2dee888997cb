"""Why something could not be read: one stable word for every error of the operating system."""

from __future__ import annotations

import errno
import os
from typing import Final

ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
"""Nothing stands at the path. Every other error says that we could not look."""

UNREADABLE: Final = "unreadable"
IO_ERROR: Final = "io-error"
TOO_MANY_LINKS: Final = "too-many-links"
UNREACHABLE: Final = "unreachable"
NAME_TOO_LONG: Final = "name-too-long"
DIRECTORY_TOO_LARGE: Final = "directory-too-large"
FILE_TOO_LARGE: Final = "file-too-large"
OUT_OF_RESOURCES: Final = "out-of-resources"
CHANGING: Final = "changing"
TIMEOUT: Final = "timeout"
PARSER_DIED: Final = "parser-died"
MAX_ITEMS: Final = "max-items"
COMMAND_FAILED: Final = "command-failed"
COMMAND_NOT_FOUND: Final = "command-not-found"
COMMAND_NOT_RUN: Final = "command-not-run"
COMMAND_OUTPUT: Final = "command-output-too-large"
COMMAND_TIMEOUT: Final = "command-timeout"
MASKED: Final = "masked"
SECRET_KEY_UNKNOWN: Final = "secret-key-unknown"  # noqa: S105 - a reason, not a password

_WORDS: Final = {
    errno.EACCES: UNREADABLE,
    errno.EPERM: UNREADABLE,
    errno.ELOOP: TOO_MANY_LINKS,
    errno.ENAMETOOLONG: NAME_TOO_LONG,
    errno.EOVERFLOW: DIRECTORY_TOO_LARGE,
    errno.EFBIG: FILE_TOO_LARGE,
    errno.EMFILE: OUT_OF_RESOURCES,
    errno.ENFILE: OUT_OF_RESOURCES,
    errno.ENOMEM: OUT_OF_RESOURCES,
    errno.ETIMEDOUT: TIMEOUT,
    errno.ESTALE: UNREACHABLE,
    errno.ENOTCONN: UNREACHABLE,
    errno.ECONNREFUSED: UNREACHABLE,
    errno.ECONNABORTED: UNREACHABLE,
    errno.ECONNRESET: UNREACHABLE,
    errno.EHOSTDOWN: UNREACHABLE,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.ENETUNREACH: UNREACHABLE,
    errno.ENETDOWN: UNREACHABLE,
}


def is_absent(error: OSError) -> bool:
    """Whether an error says that nothing stands at the path."""
    return error.errno in ABSENT


def leads_nowhere(error: OSError) -> bool:
    """Whether an error says that nothing is to be had by a path: nothing stands there, or links on the way lead into themselves."""
    return is_absent(error) or error.errno == errno.ELOOP


def reason_for(error: OSError) -> str:
    """Return the word for an error: `unreadable`, `io-error`, `unreachable`, `too-many-links`, ..."""
    return _WORDS.get(error.errno or 0, IO_ERROR)


def detail_for(error: OSError) -> str:
    """Return what the operating system says, without paths."""
    return os.strerror(error.errno) if error.errno else str(error)


class StillChangingError(Exception):
    """What stands at the path was another thing, or had other content, each time it was read."""


class CommandError(Exception):
    """A command gave no output that could be compared."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class IsolationError(Exception):
    """Nobody could look: the child process gave no answer, or another thing stands there than on the host."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
