"""Formats that say name and value on a line, by themselves or in sections: how each may be spelled."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.model.keys import render_key


@dataclass(frozen=True)
class Lines:
    """A format of the family; `n` and `v` stand for name and value in its spellings."""

    format: str
    spellings: tuple[str, ...]
    comments: tuple[str, ...] = ("#",)
    header: str | None = None
    """How a section is opened, where the format has sections; `s` is its name."""
    kept: str | None = None
    """A spelling in which white space inside of the value counts."""
    section_list: bool = False
    """A section is the member of a list."""
    lower: bool = False
    """Names ignore case, and are lower case in keys."""

    def key(self, section: str, name: str) -> str:
        """The key of a setting."""
        steps: tuple[str | int, ...] = (name,)
        if self.header is not None:
            steps = (section, 0, name) if self.section_list else (section, name)
        return render_key(steps)


EQUALS = ("{n}={v}", "{n} = {v}", "{n}\t=  {v}  ")
BLANKS = ("{n} {v}", "{n}\t{v}", "{n}   {v}  ")
_INI = ("{n}={v}", "{n} = {v}", "{n}=   {v}\t")
_SEMICOLON = ("#", ";")

FORMATS = (
    Lines("keyvalue", EQUALS),
    Lines("words", BLANKS),
    Lines("sysctl", (*EQUALS, "  {n} = {v}", "-{n}={v}"), _SEMICOLON),
    Lines(
        "properties", ("{n}={v}", "{n} = {v}", "{n}: {v}", "  {n} {v}", "{n}=\\\n    {v}"), ("#", "!"), kept="{n}={v}"
    ),
    Lines("dotenv", ("{n}={v}", 'export {n}="{v}"', "{n}='{v}'", "{n}={v} # why"), kept="{n}='{v}'"),
    Lines("shell", ("{n}={v}", '{n}="{v}"', "{n}='{v}'", "  {n}={v} # why", "{n}={v};"), kept="{n}='{v}'"),
    Lines("envfile", ("{n}={v}", '{n}="{v}"', "{n}='{v}'"), kept="{n}='{v}'"),
    Lines("postgresql", ("{n} = '{v}'", "{n} '{v}'", "{n}='{v}'   # why", "{N} = {v}"), kept="{n} = '{v}'"),
    Lines("redis", (*BLANKS, '{n} "{v}"', "{N} {v}"), kept='{n} "{v}"'),
    Lines("sshd", (*BLANKS, '{n} "{v}"', "{N} {v}", "  {n} {v}", "{n}={v}"), kept='{n} "{v}"', lower=True),
    Lines("ssh", (*BLANKS, '{n} "{v}"', "{N} {v}", "{n} = {v}"), kept='{n} "{v}"', lower=True),
    Lines("apache", (*BLANKS, '{n} "{v}"', "{N} {v}", "  {n} {v}"), kept='{n} "{v}"', lower=True),
    Lines("nginx", ("{n} {v};", '{n} "{v}";', "{n}\n  {v};", "  {n}   {v} ; # why"), kept='{n} "{v}";'),
    Lines("dnsmasq", EQUALS),
    Lines("chrony", (*BLANKS, "{N} {v}"), ("#", "!"), lower=True),
    Lines("ntp", BLANKS),
    Lines("snmpd", (*BLANKS, "{N} {v}"), lower=True),
    Lines("postfix", (*EQUALS, "{n} =\n    {v}")),
    Lines("squid", BLANKS),
    Lines("hcl", ('{n} = "{v}"', '{n}="{v}"', '  {n}   =   "{v}" # why'), ("#", "//"), kept='{n} = "{v}"'),
    Lines("logwatch", (*EQUALS, '{n} = "{v}"', "{N} = {v}"), kept='{n} = "{v}"', lower=True),
    Lines("ini", _INI, _SEMICOLON, "[{s}]", kept='{n} = "{v}"'),
    Lines("php", (*_INI, '{n} = "{v}"', "{n} = {v} ; why"), (";",), "[{s}]", kept='{n} = "{v}"'),
    Lines("git", (*_INI, '{n} = "{v}"', "{N} = {v}", "\t{n} = {v} # why"), _SEMICOLON, "[{s}]", kept='{n} = "{v}"'),
    Lines("samba", (*_INI, "{N} = {v}", "\t{n} = {v}"), _SEMICOLON, "[{s}]"),
    Lines("rsyncd", (*_INI, "{N} = {v}", "\t{n} = {v}"), _SEMICOLON, "[{s}]"),
    Lines("keyfile", _INI, ("#",), "[{s}]", kept="{n}={v}"),
    Lines("configparser", (*_INI, "{n}: {v}", "{N} = {v}"), _SEMICOLON, "[{s}]"),
    Lines("fail2ban", (*_INI, "{N} = {v}"), _SEMICOLON, "[{s}]"),
    Lines("supervisor", (*_INI, "{n} = {v} ; why"), _SEMICOLON, "[{s}]"),
    Lines("ansible", (*_INI, '{n} = "{v}"', "{n} = {v} ; why"), _SEMICOLON, "[{s}]", kept='{n} = "{v}"'),
    Lines("oslo", (*_INI, '{n} = "{v}"'), _SEMICOLON, "[{s}]", kept='{n} = "{v}"'),
    Lines("asterisk", (*_INI, "{n} => {v}", "{n} = {v} ; why"), (";",), "[{s}]"),
    Lines("pacman", _INI, ("#",), "[{s}]"),
    Lines("pgbouncer", _INI, _SEMICOLON, "[{s}]"),
    Lines("uwsgi", _INI, _SEMICOLON, "[{s}]"),
    Lines("editorconfig", (*_INI, "{N} = {v}"), _SEMICOLON, "[{s}]"),
    Lines("openssl", (*_INI, '{n} = "{v}"', "{n} = {v} # why"), ("#",), "[{s}]", kept='{n} = "{v}"'),
    Lines("mysql", (*_INI, '{n} = "{v}"', "{d} = {v}", "{n} = {v} # why"), _SEMICOLON, "[{s}]", kept='{n} = "{v}"'),
    Lines("systemd", ("{n}={v}", "{n} = {v}", "{n}=\\\n  {v}"), _SEMICOLON, "[{s}]", section_list=True),
)


def spelled(spelling: str, name: str, value: str) -> str:
    """A setting in one of its spellings."""
    return spelling.format(n=name, N=name.upper(), d=name.replace("_", "-"), v=value)
