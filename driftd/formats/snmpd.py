"""snmpd.conf, snmptrapd.conf, snmp.conf: a token and its arguments on each line. See snmp_config(5).

`[snmp]` in a line says whose settings follow, or that of the line alone; such settings stand under that name.
"""

from __future__ import annotations

from driftd.formats.families.directives import DirectiveReader, Directives
from driftd.formats.parts.lines import Line
from driftd.model.document import Document, Node

NAME = "snmpd"
VERSION = 1
PATTERNS = (
    "snmpd.conf",
    "snmptrapd.conf",
    "snmp.conf",
    "*/snmp/*.conf",
    "*/snmp/*.conf.d/*.conf",
    "*/snmp/*.local.conf",
)

_SYNTAX = Directives(
    format=NAME,
    trailing=True,
    ignore_case=True,
    repeatable=frozenset(
        {
            *("access", "agentxperms", "authaccess", "authcommunity", "authgroup", "authuser", "authtrapenable"),
            *("com2sec", "com2sec6", "com2secunix", "createuser", "disk", "dlmod", "exec", "extend", "extend-sh"),
            *("extendfix", "file", "forward", "group", "ignoredisk", "includedir", "includefile", "informsink"),
            *("injecthandler", "interface", "linkupdownnotifications", "load", "logmatch", "mibs", "monitor"),
            *("notificationevent", "override", "pass", "pass_persist", "perl", "proc", "procfix", "proxy"),
            *("rocommunity", "rocommunity6", "rouser", "rwcommunity", "rwcommunity6", "rwuser", "setaccess"),
            *("setevent", "sh", "smuxpeer", "table", "traccess", "trap2sink", "trapsess", "trapsink", "traphandle"),
            *("usmuser", "vacmaccess", "view"),
        }
    ),
    includes=frozenset({"includedir", "includefile"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read tokens; names ignore case, arguments are joined by one space."""
    reader = DirectiveReader(data, path, _SYNTAX)
    context: Node | None = None
    for line in reader.lines():
        at, text = context, line.text
        if text.startswith("["):
            name, closed, rest = text[1:].partition("]")
            at = reader.builder.section(name.strip().lower(), line.number)
            text = rest.strip()
            if not closed:
                reader.builder.problem(line.number, "[ is not closed")
            if not text or text.startswith("#"):
                context = at
                continue
        setting = reader.setting(Line(line.number, text))
        if setting is not None:
            reader.add(setting, at)
    return reader.builder.done()
