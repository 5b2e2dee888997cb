"""docs/how-to/doctor.md names every line that the doctor may say."""

from __future__ import annotations

import re
from pathlib import Path

import driftd

PACKAGE = Path(driftd.__file__).parent
PAGE = PACKAGE.parent / "docs" / "how-to" / "doctor.md"
SAID = re.compile(r"""(?:fine|warning|failed|hidden|problems)\)?\(\s*"([^"]+)\"""")


def test_every_line_is_in_the_table_and_no_other() -> None:
    sources = [*(PACKAGE / "doctor").glob("*.py"), PACKAGE / "cli" / "doctor.py"]
    said = {name for source in sources for name in SAID.findall(source.read_text("utf-8"))}
    told = set(re.findall(r"^\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert told == said
