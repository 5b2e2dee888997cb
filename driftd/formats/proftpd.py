"""ProFTPD: directives and `<Section argument>` blocks. See http://www.proftpd.org/docs/howto/ConfigFile.html."""

from __future__ import annotations

from driftd.formats.families.nested_sections import NestedSyntax, parse_nested_sections
from driftd.model.document import Document

NAME = "proftpd"
VERSION = 2
PATTERNS = ("proftpd.conf", "*.proftpd.conf", "*/proftpd/*.conf", "*/proftpd/**/*.conf")

_SYNTAX = NestedSyntax(
    format=NAME,
    # Directives that add to what was said before, by the documentation of each module.
    repeatable=frozenset(
        {
            *("allow", "allowclass", "allowgroup", "allowuser", "banonevent", "controlsacls", "defaultroot", "define"),
            *(
                "deny",
                "denyclass",
                "denygroup",
                "denyuser",
                "extendedlog",
                "from",
                "geoipallowfilter",
                "geoipdenyfilter",
            ),
            *("hidefiles", "hidegroup", "hideuser", "include", "ldapserver", "loadmodule", "logformat", "passenv"),
            *("rewritecondition", "rewritemap", "rewriterule", "setenv", "sftphostkey", "sqllog", "sqlnamedquery"),
            *("transferrate", "unsetenv", "useralias", "wraptables"),
        }
    ),
    includes=frozenset({"include"}),
    # The last directive wins, so the place of an include among others (`*`) counts.
    orders=(("include", "*"),),
)


def parse(data: bytes, path: str) -> Document:
    """Read directives and sections; a directive without arguments has an empty value."""
    return parse_nested_sections(data, path, _SYNTAX)
