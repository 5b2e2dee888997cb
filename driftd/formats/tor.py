"""torrc: options of Tor. See tor(1). What follows a `HiddenServiceDir` about hidden services belongs to it."""

from __future__ import annotations

from driftd.formats.families.directives import DirectiveReader, Directives
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node

NAME = "tor"
VERSION = 2
PATTERNS = ("torrc", "*/tor/torrc", "*/tor/torrc.d/*", "*/tor/*.torrc", "torrc-defaults", "tor-service-defaults-torrc")

_SYNTAX = Directives(
    format=NAME,
    trailing=True,
    quotes=True,
    backslash=True,
    ignore_case=True,
    repeatable=frozenset(
        {
            *(
                "authdirbadexit",
                "bridge",
                "clienttransportplugin",
                "controllistenaddress",
                "controlport",
                "dirauthority",
            ),
            *("dirport", "dnsport", "exitpolicy", "extorport", "fallbackdir", "hashedcontrolpassword"),
            *("hiddenserviceport", "hidservauth", "httptunnelport", "log", "mapaddress", "metricsport"),
            *("metricsportpolicy", "natdport", "nodefamily", "orport", "outboundbindaddress", "recommendedversions"),
            *("reachableaddresses", "servertransportlistenaddr", "servertransportoptions", "servertransportplugin"),
            *("sockspolicy", "socksport", "transport", "transproxyport", "%include"),
        }
    ),
    includes=frozenset({"%include"}),
)

_ORDERS = by_name([("%include", "*")])
"""Options of another file are read as if they stood in the place of the include, and the last counts."""


def parse(data: bytes, path: str) -> Document:
    """Read options; names ignore case, a hidden service is an object in a list with its directory in `@`."""
    reader = DirectiveReader(data, path, _SYNTAX)
    service: Node | None = None
    order = Order(_ORDERS)
    for setting in reader.settings():
        order.note_any(setting.name)
        if setting.name == "hiddenservicedir":
            service = reader.builder.block(setting.name, setting.value, setting.line)
        else:
            reader.add(setting, service if setting.name.startswith("hiddenservice") else None)
    order.tell(reader.builder, reader.builder.root, 1)
    return reader.builder.done()
