"""wpa_supplicant.conf: settings, and networks with theirs. See wpa_supplicant.conf(5)."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines, significant
from driftd.model.document import Document, Node, ParseError

NAME = "wpa_supplicant"
VERSION = 1
PATTERNS = ("wpa_supplicant*.conf", "*/wpa_supplicant/*.conf")

_REPEATABLE = frozenset({"anqp_3gpp_cell_net", "domain", "freq_list", "load_dynamic_eap", "roaming_consortium"})


def parse(data: bytes, path: str) -> Document:
    """Read settings; a network is an object in a list, a blob one text. Quotes stay: they tell text from hexadecimal."""
    builder = DocumentBuilder(path, NAME)
    block: Node | None = None
    blob: tuple[Line, list[str]] | None = None
    for line in significant(lines(data)):
        name, equals, value = line.text.partition("=")
        name, value = name.strip(), value.strip()
        if blob is not None:
            if line.text == "}":
                builder.add(blob[0].text, "".join(blob[1]), blob[0].number)
                blob = None
            else:
                blob[1].append(line.text)
        elif line.text == "}":
            if block is None:
                raise ParseError("unexpected `}`", line.number)
            block = None
        elif not equals or not name:
            builder.unread(line.text, line.number, "not of the form name=value", at=block)
        elif value == "{" and name.startswith("blob-"):
            blob = (Line(line.number, name), [])
        elif value == "{":
            if block is not None:
                raise ParseError("a block within a block", line.number)
            block = builder.block(name, None, line.number)
        else:
            builder.add(name, _value(value), line.number, at=block, repeatable=name in _REPEATABLE)
    if block is not None or blob is not None:
        raise ParseError("a block is not closed", block.line if block is not None else blob and blob[0].number)
    return builder.done()


def _value(text: str) -> str:
    """A value without the comment behind it."""
    if text.startswith('"'):
        end = text.rfind('"')
        return text[: end + 1] if end > 0 and text[end + 1 :].lstrip().startswith("#") else text
    return " ".join(text.partition("#")[0].split())
