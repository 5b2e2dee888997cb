"""Formats with blocks: how a block is opened and closed, and how a setting in it may be spelled."""

from __future__ import annotations

from dataclasses import dataclass

from driftd.model.keys import Identity, KeyStep, render_key
from tests.unit.meaning.told import Told

_EQUALS = ("{n} = {v}", "{n}={v}", "    {n}  =  {v}")
_ENDED = ("{n} {v};", "    {n}   {v} ;", "{n}\n  {v};", "{n} {v}; # why")


@dataclass(frozen=True)
class Blocks:
    """A format of the family: `a` stands for a block's argument, `n` and `v` for name and value of a setting."""

    format: str
    kind: str
    """The name of the list that holds the blocks."""
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    spellings: tuple[str, ...]
    comment: str = "#"
    argument: str = "{a}"
    """The value of `@`."""
    identity: str = "@"
    ordered: bool = True
    """Blocks that stand elsewhere have moved."""

    def key(self, argument: str, *below: str) -> str:
        """The key of a block, or of a setting in it."""
        identity = Identity((((self.identity,), self.argument.format(a=argument)),))
        steps: tuple[KeyStep, ...] = (self.kind, identity, *below)
        return render_key(steps)

    def moved(self, argument: str) -> list[Told]:
        """What is told of two neighbours that changed places, where the first of them is `argument`."""
        return [("moved", self.key(argument))] if self.ordered else []


FORMATS = (
    Blocks("nginx", "upstream", ("upstream {a} {{", "upstream  {a}\n{{"), ("}}", "  }}"), _ENDED, ordered=False),
    Blocks("nginx", "location", ("location /{a} {{", "location  /{a}{{"), ("}}",), _ENDED, argument="/{a}"),
    Blocks(
        "apache",
        "directory",
        ("<Directory /{a}>", '<directory "/{a}">', "  <Directory   /{a} >"),
        ("</Directory>", "  </directory>"),
        ("{n} {v}", '  {n}   "{v}"', "{N} {v}"),
        argument="/{a}",
    ),
    Blocks(
        "haproxy", "backend", ("backend {a}", "  backend   {a}"), ("",), ("  {n} {v}", '{n}  "{v}"', "{n} {v} # why")
    ),
    Blocks(
        "hcl",
        "resource",
        ('resource "kind" "{a}" {{', 'resource  "kind"   "{a}"   {{'),
        ("}}", "  }}"),
        ('{n} = "{v}"', '  {n}="{v}"', '{n}   = "{v}" // why'),
        argument="kind {a}",
        ordered=False,
    ),
    Blocks(
        "logrotate",
        "log",
        ("/var/log/{a} {{", '"/var/log/{a}" {{'),
        ("}}",),
        ("{n} {v}", "   {n}  {v}"),
        argument="/var/log/{a}",
    ),
    Blocks("dhcpd", "host", ("host {a} {{", "host  {a}\n{{"), ("}}", "  }}"), _ENDED, ordered=False),
    Blocks(
        "xinetd",
        "service",
        ("service {a}\n{{", "service  {a}\n{{"),
        ("}}",),
        ("{n} = {v}", "    {n}  =  {v}"),
        ordered=False,
    ),
    Blocks(
        "icinga2",
        "object",
        ('object Host "{a}" {{', 'object  Host  "{a}"  {{'),
        ("}}", "  }}"),
        ('{n} = "{v}"', '  {n}="{v}"', '{n} = "{v}" // why'),
        argument="Host {a}",
    ),
    Blocks(
        "nagios",
        "host",
        ("define host {{\nhost_name {a}", "define host{{\n  host_name\t{a}"),
        ("}}",),
        ("{n} {v}", "  {n}\t{v}"),
        identity="host_name",
        ordered=False,
    ),
    Blocks(
        "sshd",
        "match",
        ("Match User {a}", "match  user   {a}"),
        ("",),
        ("{n} {v}", '  {n}  "{v}"', "{N} {v}"),
        argument="User {a}",
    ),
    Blocks("ssh", "host", ("Host {a}", "  host  {a}"), ("",), ("{n} {v}", '  {n}  "{v}"', "{N}={v}")),
    Blocks(
        "bind",
        "zone",
        ('zone "{a}" {{', "zone  {a}   {{"),
        ("}};",),
        ("{n} {v};", '  {n}  "{v}" ;', "{n} {v}; // why"),
        comment="//",
        ordered=False,
    ),
)
