"""slapd.conf and schemas of OpenLDAP: directives, those of a database in its own object. See slapd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import DirectiveReader, Directives
from driftd.model.document import Document, Node

NAME = "slapd"
VERSION = 1
PATTERNS = (
    "slapd.conf",
    "slapd*.conf",
    "*/ldap/schema/*.schema",
    "*/openldap/schema/*.schema",
    "*/openldap/*.acl",
    "*/ldap/*.acl",
)

_SYNTAX = Directives(
    format=NAME,
    indented=True,
    quotes=True,
    verbatim=frozenset({"attributetype", "ditcontentrule", "ldapsyntax", "nameform", "objectclass"}),
    ignore_case=True,
    repeatable=frozenset(
        {
            *("access", "allow", "attributeoptions", "attributetype", "authid-rewrite", "authz-regexp"),
            *("ditcontentrule", "disallow", "include", "index", "ldapsyntax", "limits", "map", "moduleload"),
            *("nameform", "objectclass", "objectidentifier", "require", "rewriterule", "security", "subordinate"),
            *("suffix", "syncrepl", "updateref"),
        }
    ),
    includes=frozenset({"include"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read directives; arguments are joined by one space, `access to ... by ...` stays in order."""
    reader = DirectiveReader(data, path, _SYNTAX)
    section: Node | None = None
    at: Node | None = None
    for setting in reader.settings():
        if setting.name in ("backend", "database"):
            section = at = reader.builder.block(setting.name, setting.value, setting.line)
        elif setting.name == "overlay":
            at = reader.builder.block(setting.name, setting.value, setting.line, at=section)
        else:
            reader.add(setting, at)
    return reader.builder.done()
