"""Settings of the form `key value`, separated by white space: login.defs, host.conf and their like."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "words"
VERSION = 2
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
    "*/sudo.conf",
    "opendkim.conf*",
    "opendmarc.conf",
    "clamd.conf",
    "freshclam.conf",
    "rsnapshot.conf",
    "*/apcupsd/apcupsd.conf",
    "*/nut/upsmon.conf",
    "*/nut/upsd.conf",
    "*/nut/upssched.conf",
    "*/dma/dma.conf",
    "*/vnstat.conf",
    "*/cups/cups-files.conf",
    "*/cups/cups-browsed.conf",
    "*/gnupg/gpg.conf",
    "*/gnupg/gpg-agent.conf",
    "*/gnupg/dirmngr.conf",
    "*/dpkg/dpkg.cfg",
    "*/dpkg/dpkg.cfg.d/*",
    "*/dpkg/dselect.cfg",
    "*/reportbug.conf",
)

_SYNTAX = Directives(format=NAME)


def parse(data: bytes, path: str) -> Document:
    """Read settings; white space in a value counts as one space, except in quotes; a lone name has an empty value."""
    return parse_directives(data, path, _SYNTAX)
