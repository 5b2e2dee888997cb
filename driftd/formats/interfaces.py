"""/etc/network/interfaces: stanzas of options. See interfaces(5).

An `iface` is an object in a list with its name and family in `@`: `eth0 inet`, beside its `method`.
"""

from __future__ import annotations

from driftd.formats.parts.arguments import single_spaces
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import continued, lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node

NAME = "interfaces"
VERSION = 2
PATTERNS = ("*/network/interfaces", "*/network/interfaces.d/*", "*/interfaces.d/*")

_LISTS = ("auto", "no-auto-down", "no-scripts")
_ADDRESSES = frozenset({"can", "inet", "inet6", "ipx"})
_REPEATABLE = frozenset({"down", "map", "post-down", "post-up", "pre-down", "pre-up", "script", "up"})

_ORDERS = by_name([("up", "post-up"), ("down", "pre-down")])
"""Each pair is one option with two names, and its commands are run in their order."""


def parse(data: bytes, path: str) -> Document:
    """Read stanzas; an option outside of one becomes a problem."""
    builder = DocumentBuilder(path, NAME)
    stanza: Node | None = None
    orders: list[tuple[Node, Order]] = []
    for line in significant(continued(lines(data), " ", inner_comments=("#",))):
        name, *rest = line.text.split(None, 1)
        value = rest[0] if rest else ""
        words = value.split()
        if name in _LISTS or name.startswith("allow-"):
            stanza = None
            for word in words:
                builder.add(name, word, line.number, repeatable=True)
        elif name in ("source", "source-directory"):
            stanza = None
            builder.add(name, value, line.number, repeatable=True)
            builder.include(value)
        elif name == "iface":
            stanza = _iface(builder, words, line.number)
            orders.append((stanza, Order(_ORDERS)))
        elif name in ("mapping", "rename"):
            stanza = builder.block(name, " ".join(words), line.number)
        else:
            if stanza is None:
                builder.problem(line.number, "an option outside of a stanza")
            elif orders and stanza is orders[-1][0]:
                orders[-1][1].note(name)
            builder.add(name, single_spaces(value), line.number, at=stanza, repeatable=name in _REPEATABLE)
    for node, order in orders:
        order.tell(builder, node, node.line or 1)
    return builder.done()


def _iface(builder: DocumentBuilder, words: list[str], number: int) -> Node:
    """A stanza `iface NAME [FAMILY METHOD] [inherits NAME...]`."""
    rest = words[1:]
    family = [rest.pop(0)] if rest and rest[0] in _ADDRESSES else []
    node = builder.block("iface", " ".join(words[:1] + family), number)
    if family and rest and rest[0] != "inherits":
        builder.add("method", rest.pop(0), number, at=node)
    if rest:
        name = rest.pop(0)
        builder.add(name, " ".join(rest), number, at=node)
    if not words:
        builder.problem(number, "an interface without a name")
    return node
