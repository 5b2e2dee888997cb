"""Files that driftd writes and people may change: which of the two versions stays. Like dpkg's conffiles, see dpkg(1).

The first line of such a file holds the digest of what was written. Where it still fits, nobody changed the file and a newer
version takes its place. Where it does not, the file stays, and a version that is newer than the one it was made from is put
beside it under the name that dpkg uses: logrotate and others know that this one is not to be read.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Final

from driftd.installing.place import Done, Place, Step

BESIDE: Final = ".dpkg-dist"
_STAMP: Final = re.compile(r"\A# Written by driftd \((?P<digest>[0-9a-f]{16})\)[^\n]*\n")


def stamped(text: str) -> str:
    """Return a text with its digest in the first line, as a comment."""
    return f"# Written by driftd ({_digest(text)}): once changed it is kept, and what is new comes as NAME{BESIDE}.\n{text}"


def place_conffile(place: Place, path: PurePosixPath, text: str) -> Step:
    """Bring a file up to date, unless somebody changed it."""
    beside = path.with_name(path.name + BESIDE)
    if not place.exists(path):
        return place.write(path, stamped(text), 0o644)
    present = place.text(path)
    if present is None:
        return Step(str(path), Done.KEPT, "it is no plain file: left alone")
    stamp = _STAMP.match(present)
    body = present[stamp.end() :] if stamp else present
    if body == text:
        return Step(str(path), Done.SAME)
    if stamp and _digest(body) == stamp["digest"]:
        return place.write(path, stamped(text), 0o644, Done.UPDATED)
    if (stamp and stamp["digest"] == _digest(text)) or place.text(beside) == stamped(text):
        return Step(str(path), Done.KEPT, "you changed it, and nothing is new")
    step = place.write(beside, stamped(text), 0o644)
    if step.done is Done.FAILED:
        return step
    return Step(str(path), Done.KEPT, f"you changed it; the new one is {beside}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
