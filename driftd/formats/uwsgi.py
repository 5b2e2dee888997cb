"""uWSGI's ini files: an option may come again. See uwsgi-docs, "Configuring uWSGI" (2.0)."""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "uwsgi"
VERSION = 2
PATTERNS = ("uwsgi.ini", "*/uwsgi/**/*.ini", "*/uwsgi.d/*.ini")

_SYNTAX = SectionSyntax(
    format=NAME,
    separators=("=",),
    repeatable=frozenset(
        {
            *("attach-daemon", "cron", "env", "exec-as-root", "exec-asap", "exec-pre-app", "hook-post-app", "http"),
            *("http-socket", "include", "ini", "mount", "plugin", "plugins", "pythonpath", "route", "set"),
            *("smart-attach-daemon", "socket", "static-map", "touch-reload"),
        }
    ),
    includes=frozenset({"include", "ini"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and options."""
    return parse_sections(data, path, _SYNTAX)
