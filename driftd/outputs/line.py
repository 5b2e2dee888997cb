"""One event as one line of JSON."""

from __future__ import annotations

import json
import re
from typing import Final

from driftd.model.event import Event

# JSON escapes the C0 controls. These it lets through: DEL, the C1 controls (a terminal may obey them), marks that end a
# line or turn the direction of text, and halves of surrogate pairs, which are not UTF-8.
_UNSAFE: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def json_text(event: Event) -> str:
    """Return an event as compact JSON in which nothing can end the line or move a terminal."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def json_line(event: Event) -> bytes:
    """Return an event as one line of UTF-8, newline included."""
    return json_text(event).encode() + b"\n"
