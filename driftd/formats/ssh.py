"""ssh_config: directives of the SSH client in `Host` and `Match` blocks; names ignore case. See ssh_config(5)."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.sshd import parse_ssh
from driftd.model.document import Document

NAME = "ssh"
VERSION = 4
PATTERNS = (
    "*/ssh/ssh_config",
    "ssh_config",
    "*/ssh/ssh_config.d/*",
    "*/.ssh/config",
    "*/.ssh/config.d/*",
)

REPEATABLE = frozenset(
    {
        "certificatefile",
        "dynamicforward",
        "identityfile",
        "include",
        "localforward",
        "remoteforward",
        "sendenv",
        "setenv",
    }
)
CRITERIA = (
    *(
        "all",
        "canonical",
        "command",
        "exec",
        "final",
        "host",
        "localnetwork",
        "localuser",
        "originalhost",
        "sessiontype",
    ),
    *("tagged", "user", "version"),
)


def parse(data: bytes, path: str) -> Document:
    """Read directives; a line without a value becomes a problem and the rest is still read."""
    return parse_ssh(data, DocumentBuilder(path, NAME), REPEATABLE, frozenset({"host", "match"}), CRITERIA)
