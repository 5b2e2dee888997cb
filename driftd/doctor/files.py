"""What driftd believes: the secret key, and whether every item can be read."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from driftd.auditor import Auditor
from driftd.baselines.scope import Scope
from driftd.doctor.finding import Finding, failed, fine, hidden, warning
from driftd.settings.problems import ConfigProblem
from driftd.settings.trust import Trust

_NAMED = 10
"""Places of one kind that are named; more are counted."""


def problems(name: str, found: tuple[ConfigProblem, ...]) -> Iterator[Finding]:
    """Yield what is wrong with settings, baselines or keys; the hint says how to mend it."""
    for problem in found:
        if os.path.exists(problem.file) and not os.access(problem.file, os.R_OK, effective_ids=True):
            yield hidden(name, problem.file)
            continue
        where = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
        yield failed(name, f"{where}: {problem.message}", problem.hint or f"${{EDITOR:-vi}} {problem.file}")


def key(file: Path, trust: Trust, key_id: str) -> Finding:
    """Whether the secret key is there, and nobody else's to read. `key_id`: of the key that is in use now."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return warning(
            "secret key",
            f"{file} is not there yet",
            f"driftd run (makes one; or copy that of a host with the same baselines to {file})",
        )
    except OSError:
        return hidden("secret key", str(file))
    wrong = trust.check_secret(file)
    if wrong:
        return next(problems("secret key", tuple(wrong)))
    if not os.access(file, os.R_OK, effective_ids=True):
        return hidden("secret key", str(file))
    return fine("secret key", f"{file}: id {key_id}, mode {stat.S_IMODE(found.st_mode):04o}")


def items(auditor: Auditor, scope: Scope, *, privileged: bool) -> Iterator[Finding]:
    """Yield whether every item can be found and read. `privileged`: we may read whatever its mode says."""
    count, empty = 0, {scoped.baseline.definition.name for scoped in scope.patterns}
    gaps: Counter[tuple[str, str]] = Counter()
    unread: list[str] = []
    for found in auditor.found():
        if found.gap is not None:
            gaps[found.gap.item, found.gap.reason] += 1
            continue
        count += 1
        empty -= {scope.patterns[index].baseline.definition.name for index in found.matches}
        if not privileged and not os.path.islink(found.path) and not os.access(found.path, os.R_OK, effective_ids=True):
            unread.append(found.item)
    yield (fine if count else warning)("items", f"{count} items match the baselines")
    for name in sorted(empty):
        yield warning(
            "items",
            f"{name}: nothing that it names is here",
            f"ls {_directory(scope, name)}; remove it where it is not for this host",
        )
    for (item, reason), _ in gaps.most_common(_NAMED):
        yield _gap(item, reason)
    if unread:
        shown = ", ".join(unread[:3]) + (f" and {len(unread) - 3} more" if len(unread) > 3 else "")
        yield hidden("items", f"{shown} cannot be read by you")


def _directory(scope: Scope, name: str) -> Path:
    return scope.baselines[name].directory


def _gap(item: str, reason: str) -> Finding:
    if reason == "max-items":
        return warning("items", f"{item}: {reason}", "raise max_items of the pattern in its baseline")
    if reason in ("permission", "unreadable", "permission-denied"):
        return hidden("items", f"{item} ({reason})")
    return warning("items", f"{item}: {reason}", f"ls -ld {item}")
