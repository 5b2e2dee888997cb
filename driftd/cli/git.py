"""What git passes to the program of GIT_EXTERNAL_DIFF and of `diff.NAME.command`. See git(1) and gitattributes(5)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from driftd.cli.pairs import Contents, Difference, difference
from driftd.cli.reading import content_of
from driftd.cli.refusals import UsageError
from driftd.formats import text
from driftd.model.document import Problem
from driftd.secrets.fingerprint import SecretKeeper

NOTHING: Final = "/dev/null"
_LINK: Final = "120000"
_SUBMODULE: Final = "160000"


@dataclass(frozen=True, slots=True)
class GitSide:
    """One side as git hands it over."""

    file: str
    """Where its bytes can be read; git makes a temporary file for what is not checked out."""
    mode: str
    """Six octal digits; `.` where there is nothing."""

    @property
    def absent(self) -> bool:
        """Whether the path does not stand on this side."""
        return self.file == NOTHING

    @property
    def is_text(self) -> bool:
        """Whether the bytes are the target of a link or the commit of a submodule, and no file's."""
        return self.mode in (_LINK, _SUBMODULE)


@dataclass(frozen=True, slots=True)
class GitPair:
    """A path that differs."""

    path: str
    before: GitSide
    after: GitSide
    renamed: str | None = None
    """What it is called now."""


def git_pair(arguments: Sequence[str]) -> GitPair | str:
    """Return what is to be compared; for a path that is not merged yet, the path alone."""
    match list(arguments):
        case [path]:
            return path
        case [path, old, _, old_mode, new, _, new_mode, *renamed] if len(renamed) in (0, 1, 2):
            return GitPair(path, GitSide(old, old_mode), GitSide(new, new_mode), renamed[0] if renamed else None)
        case _:
            raise UsageError(
                f"--git takes what git passes, 1, 7 or 9 arguments, not {len(arguments)}: "
                "export GIT_EXTERNAL_DIFF='driftd compare --git'"
            )


def git_difference(pair: GitPair, keeper: SecretKeeper, format: str | None) -> Difference:
    """Return what differs at a path of a repository; of a file that stands on one side alone, all its settings."""
    # Git runs its programs in the top directory of the worktree, and its paths begin there.
    path = os.path.abspath(pair.renamed or pair.path)
    if pair.before.is_text or pair.after.is_text:
        format = text.NAME
    try:
        sides = [None if side.absent else Contents(content_of(side.file), path) for side in (pair.before, pair.after)]
    except UsageError as error:
        problem = Problem(None, str(error))
        return Difference(pair.path, pair.path, pair.path, failed=True, unread=True, problems=[(None, problem)])
    found = difference(pair.path, sides[0], sides[1], keeper, format=format)
    found.before, found.after = pair.path, pair.renamed or pair.path
    if not (pair.before.absent or pair.after.absent) and pair.before.mode != pair.after.mode:
        found.notes.append(f"mode {pair.before.mode} -> {pair.after.mode}")
    return found


def read_by_pager() -> bool:
    """Whether git shows on a terminal what it reads from us."""
    return os.environ.get("GIT_PAGER_IN_USE") in ("1", "true")
