"""Configuration of git: names ignore case, subsections do not. See git-config(1), "CONFIGURATION FILE"."""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "git"
VERSION = 3
PATTERNS = (
    "*/.gitconfig",
    "/etc/gitconfig",
    "gitconfig",
    "*/.git/config",
    "*/git/config",
    "*/*.git/config",
    ".gitmodules",
)

_SYNTAX = SectionSyntax(
    format=NAME,
    separators=("=",),
    values=ValueSyntax(
        comments="#;",
        after_space=False,
        quotes='"',
        escapes={"\\": "\\", '"': '"', "n": "\n", "t": "\t", "b": "\b"},
        bare_escapes=True,
        continuation=True,
    ),
    name=str.lower,
    section=str.lower,
    subsections=True,
    # Each occurrence adds one.
    repeatable=frozenset(
        {
            *("credential.helper", "fetch", "http.extraheader", "include.path", "includeif.path", "insteadof"),
            *("pushinsteadof", "pushurl", "remote.push", "remote.url", "safe.directory", "transfer.hiderefs"),
        }
    ),
    includes=frozenset({"include.path", "includeif.path"}),
    # The last value wins, so the place of an include among sections (`*`) counts.
    orders=(("include", "*", "includeif"),),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and variables; `[remote "origin"]` is `$.remote.origin`, a variable without value is null."""
    return parse_sections(data, path, _SYNTAX)
