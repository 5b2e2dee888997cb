"""deb822: stanzas of fields, as in apt's *.sources and preferences. See deb822(5), sources.list(5), apt_preferences(5)."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines
from driftd.model.document import Document, Node, ParseError

NAME = "deb822"
VERSION = 1
PATTERNS = ("*/sources.list.d/*.sources", "*/apt/*.sources", "*/apt/preferences", "*/apt/preferences.d/*")

_BLOCK = "-----BEGIN "


def parse(data: bytes, path: str) -> Document:
    """Read stanzas, each an object in a list; the names of fields ignore case, white space counts as one space."""
    return _Reader(DocumentBuilder(path, NAME, table=True)).read(data)


class _Reader:
    """Reads one file: a field is added when the next one starts."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._stanza: Node | None = None
        self._name = ""
        self._line = 0
        self._parts: list[str] = []

    def read(self, data: bytes) -> Document:
        """Return the document; ParseError names the first line that is neither a field nor continues one."""
        for line in lines(data):
            if line.text.startswith("#"):
                continue
            if not line.text.strip():
                self._end_field()
                self._stanza = None
            elif line.text[0] in " \t":
                if not self._name:
                    raise ParseError("a continuation without a field", line.number)
                self._parts.append(line.text.strip())
            else:
                self._field(line.text, line.number)
        self._end_field()
        return self._builder.done()

    def _field(self, text: str, number: int) -> None:
        self._end_field()
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise ParseError("not of the form Field: value", number)
        self._name, self._line, self._parts = name.strip().lower(), number, [value.strip()]

    def _end_field(self) -> None:
        if not self._name:
            return
        if self._stanza is None:
            self._stanza = self._builder.row(self._line)
        # A key that stands in the field itself is text of several lines.
        lines_count = any(part.startswith(_BLOCK) for part in self._parts)
        value = "\n".join(self._parts).strip() if lines_count else " ".join(" ".join(self._parts).split())
        self._builder.add(self._name, value, self._line, at=self._stanza)
        self._name = ""
