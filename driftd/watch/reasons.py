"""Why notifications do not tell everything: one stable word for each way in which they fail."""

from __future__ import annotations

import errno
from typing import Final

WATCH_LIMIT: Final = "watch-limit"
INSTANCE_LIMIT: Final = "instance-limit"
UNREADABLE: Final = "unreadable"
UNWATCHABLE: Final = "unwatchable"
REMOTE: Final = "remote-file-system"
MISSING: Final = "missing"
NOT_RUNNING: Final = "watcher-not-running"
DIED: Final = "watcher-died"
OVERFLOW: Final = "overflow"
FAILED: Final = "watcher-error"
CLOCK_JUMP: Final = "clock-jump"
SUSPENDED: Final = "suspended"
MOUNTS_CHANGED: Final = "mounts-changed"

UNWATCHED: Final = frozenset({WATCH_LIMIT, INSTANCE_LIMIT, UNWATCHABLE, REMOTE, DIED, NOT_RUNNING})
"""Why a directory is polled although it can be read: nothing in it is overlooked, but it is not looked at at once."""
LOSSES: Final = frozenset({OVERFLOW, FAILED, DIED, CLOCK_JUMP, SUSPENDED})
"""Why everything has to be looked at again, once."""

_BY_ERROR: Final = {
    errno.ENOSPC: WATCH_LIMIT,
    errno.EMFILE: INSTANCE_LIMIT,
    errno.EACCES: UNREADABLE,
    errno.ENOENT: MISSING,
    errno.ENOTDIR: MISSING,
    errno.ELOOP: MISSING,
}


def reason_for(error: OSError) -> str:
    """Return why a directory cannot be watched."""
    return _BY_ERROR.get(error.errno or 0, UNWATCHABLE)
