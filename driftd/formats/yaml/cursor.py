"""Where a YAML reader stands in its text, and what white space, comments and lines it has come past."""

from __future__ import annotations

import re
from bisect import bisect_right

from driftd.formats.parts.lines import line_starts
from driftd.model.document import ParseError

BLANKS = " \t\n"
FLOW_INDICATORS = ",[]{}"

_LINES = re.compile(r"(?:[ \t]*+(?:(?<![^ \t\n])#[^\n]*+)?\n)*+")
_INDENT = re.compile(r"( *+)([ \t]*+)")
_MARKER = re.compile(r"(?:---|\.\.\.)[ \t\n]")


class Cursor:
    """A place in a text; after `skip` it is that of a token, and tells how it stands on its line."""

    def __init__(self, text: str) -> None:
        self.text = text
        """Its lines are ended by LF, the last one too."""
        self.at = 0
        self.first = True
        """The token is the first on its line."""
        self.indent = 0
        """Spaces before the first token on a line."""
        self.tabbed = False
        """There are tabs in the white space before the token."""
        self.ended = False
        """The document ends here: at its marker, or with the text."""
        self._starts = line_starts(text)
        self._skipped_to = -1
        self._lines = max(1, len(self._starts) - 1)

    @property
    def line(self) -> int:
        """The line of this place, from 1."""
        return self.line_at(self.at)

    def line_at(self, at: int) -> int:
        """Return the line of a place; what stands behind the last end of line is on the last line."""
        return min(bisect_right(self._starts, at), self._lines)

    @property
    def column(self) -> int:
        """How far this place is into its line, from 0."""
        return self.at - self._starts[bisect_right(self._starts, self.at) - 1]

    def skip(self) -> str:
        """Go to the next token past white space, comments and ends of lines; return its character, "" at the end."""
        at = self.at
        if at != self._skipped_to:
            end = _end(_LINES, self.text, at)
            blanks = _INDENT.match(self.text, end)
            assert blanks is not None
            self.first = end > at or at == 0 or self.text[at - 1] == "\n"
            self.indent = len(blanks[1])
            self.tabbed = "\t" in blanks[2]
            self.at = self._skipped_to = blanks.end()
            self.ended = self.at >= len(self.text) or (self.first and self.marker(self.at))
        return "" if self.ended else self.text[self.at]

    def skip_blanks(self) -> str:
        """Go past white space on this line; return the character there."""
        while self.text[self.at] in " \t":
            self.at += 1
        return self.text[self.at]

    def marker(self, at: int) -> bool:
        """Whether a line that starts here is `---` or `...`."""
        return (
            self.text.startswith(("---", "..."), at)
            and (at == 0 or self.text[at - 1] == "\n")
            and bool(_MARKER.match(self.text, at))
        )

    def indicator(self, char: str, *, flow: bool = False) -> bool:
        """Whether the character here stands alone: `- `, `? `, `: `."""
        if not self.text.startswith(char, self.at):
            return False
        after = self.text[self.at + 1 : self.at + 2]
        return after in BLANKS or (flow and after in FLOW_INDICATORS)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match a pattern here and go behind it."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def error(self, message: str, at: int | None = None) -> ParseError:
        """Return the error for this place."""
        return ParseError(message, self.line if at is None else self.line_at(at))


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None
    return match.end()
