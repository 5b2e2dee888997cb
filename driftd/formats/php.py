"""php.ini, its fragments, and the pools of php-fpm.

See php.net, "Description of core php.ini directives", and parse_ini_file() in PHP 8.2.
"""

from __future__ import annotations

import re

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "php"
VERSION = 2
PATTERNS = (
    "php.ini",
    "php.ini-*",
    "php-cli.ini",
    ".user.ini",
    "*/php/**/*.ini",
    "/etc/php*/**/*.ini",
    "/usr/share/php*/**/*.ini",
    "*/php*/mods-available/*.ini",
    "*/php*/conf.d/*.ini",
    "*/php.d/*.ini",
    "php-fpm.conf",
    "*/php-fpm.d/*.conf",
    "*/fpm/pool.d/*.conf",
)

_SYNTAX = SectionSyntax(
    format=NAME,
    separators=("=",),
    values=ValueSyntax(
        comments=";",
        after_space=False,
        quotes="\"'",
        # Without quotes, E_ALL is a constant and & an operator.
        literal=re.compile(r"[&|^~!()]|\AE_\w++\Z"),
        escapes={"\\": "\\", '"': '"', "'": "'"},
        across_lines=True,
    ),
    repeatable=frozenset({"extension", "zend_extension", "include"}),
    includes=frozenset({"include"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read settings; quotes are resolved, except around what would be an expression without them."""
    return parse_sections(data, path, _SYNTAX)
