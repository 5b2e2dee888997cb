"""Settings of the form `key value`, separated by white space: login.defs, host.conf and their like."""

from __future__ import annotations

from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import lines, significant
from driftd.model.document import Document

NAME = "words"
VERSION = 1
PATTERNS = (
    "*/login.defs",
    "*/host.conf",
    "*/nscd.conf",
    "*/nslcd.conf",
    "*/ldap/ldap.conf",
    "*/libnss-ldap.conf",
    "*/pam_ldap.conf",
    "*/apcupsd/multimon.conf",
    "*/security/faillock.conf",
    "*/xattr.conf",
    "*/manpath.config",
)


def parse(data: bytes, path: str) -> Document:
    """Read directives; white space inside a value counts as one space, a lone name has an empty value."""
    builder = DocumentBuilder(path, NAME)
    for line in significant(lines(data)):
        name, _, value = line.text.partition(" ") if " " in line.text.split("\t", 1)[0] else line.text.partition("\t")
        builder.add(name, " ".join(value.split()), line.number)
    return builder.done()
