"""What happens to a tortured host: one value an action. Paths are relative to the host's directory."""

from __future__ import annotations

from dataclasses import dataclass

# --- to files


@dataclass(frozen=True)
class Write:
    """Truncate or make a file, and write it in one go."""

    path: bytes
    text: bytes


@dataclass(frozen=True)
class Append:
    """Add to the end of a file."""

    path: bytes
    text: bytes


@dataclass(frozen=True)
class Half:
    """Empty a file, wait, and write it; the time between is long enough to be noticed."""

    path: bytes
    text: bytes
    milliseconds: int


@dataclass(frozen=True)
class Save:
    """Write a file beside and rename it over the one that is meant."""

    path: bytes
    beside: bytes
    text: bytes


@dataclass(frozen=True)
class BackedUpSave:
    """Move a file to a backup name, write it anew, remove the backup: Vim's way with 'backupcopy=no'."""

    path: bytes
    text: bytes


@dataclass(frozen=True)
class SameLook:
    """Overwrite as many bytes as there were, and put the time of modification back."""

    path: bytes
    text: bytes


@dataclass(frozen=True)
class Touch:
    """Change the times of a file alone."""

    path: bytes


@dataclass(frozen=True)
class Delete:
    """Remove what is no directory."""

    path: bytes


@dataclass(frozen=True)
class MakeDirectory:
    """Make a directory."""

    path: bytes


@dataclass(frozen=True)
class RemoveTree:
    """Remove a directory and everything in it."""

    path: bytes


@dataclass(frozen=True)
class Move:
    """Rename a file, link or whole directory; a file may replace another."""

    path: bytes
    to: bytes


@dataclass(frozen=True)
class Exchange:
    """Have two names change places in one step."""

    path: bytes
    other: bytes


@dataclass(frozen=True)
class Chmod:
    """Change permission bits."""

    path: bytes
    mode: int


@dataclass(frozen=True)
class Chown:
    """Change owner and group, of a link itself."""

    path: bytes
    owner: int
    group: int


@dataclass(frozen=True)
class Link:
    """Make a symbolic link, by rename over what stands there."""

    path: bytes
    beside: bytes
    target: bytes


@dataclass(frozen=True)
class HardLink:
    """Give a file a second name."""

    path: bytes
    source: bytes


@dataclass(frozen=True)
class Fifo:
    """Make a named pipe."""

    path: bytes


FileAction = (
    Write
    | Append
    | Half
    | Save
    | BackedUpSave
    | SameLook
    | Touch
    | Delete
    | MakeDirectory
    | RemoveTree
    | Move
    | Exchange
    | Chmod
    | Chown
    | Link
    | HardLink
    | Fifo
)

# --- to the daemon


@dataclass(frozen=True)
class Pause:
    """Nothing, for a moment."""

    milliseconds: int


@dataclass(frozen=True)
class Await:
    """Go on only when the daemon is ready."""


@dataclass(frozen=True)
class Kill:
    """SIGKILL; the next one is started at once."""

    lose_database: bool = False
    """Whether the database is removed in between."""


@dataclass(frozen=True)
class Freeze:
    """SIGSTOP."""


@dataclass(frozen=True)
class Thaw:
    """SIGCONT."""


@dataclass(frozen=True)
class Storm:
    """More notifications than the kernel keeps: the modes of two files are changed in turn."""

    path: bytes
    other: bytes


@dataclass(frozen=True)
class Heed:
    """Go on only when the daemon has said that notifications were lost."""


@dataclass(frozen=True)
class Fill:
    """Take all the room on the disk of the state directory, but for so many pages."""

    pages: int


@dataclass(frozen=True)
class Free:
    """Give it back."""


@dataclass(frozen=True)
class Starve:
    """Allow the daemon no more than so many watches."""

    watches: int


@dataclass(frozen=True)
class Relax:
    """Allow the daemon all the watches it may want."""


@dataclass(frozen=True)
class Approve:
    """Have items approved as they are, by a command that runs beside; no paths: everything."""

    paths: tuple[bytes, ...]


@dataclass(frozen=True)
class Audit:
    """Ask for an audit, and do not wait for it."""

    depth: str


@dataclass(frozen=True)
class Reload:
    """SIGHUP."""


@dataclass(frozen=True)
class Redefine:
    """Write another baseline definition: whether what stands outside the tree is audited too."""

    outside: bool


@dataclass(frozen=True)
class Judge:
    """End every misery, have everything audited, and compare."""


Misery = (
    Pause
    | Await
    | Kill
    | Freeze
    | Thaw
    | Storm
    | Heed
    | Fill
    | Free
    | Starve
    | Relax
    | Approve
    | Audit
    | Reload
    | Redefine
    | Judge
)
Action = FileAction | Misery
