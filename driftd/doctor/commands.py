"""What auditing needs to run commands: the programs, and the right to become whom they run as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from driftd.baselines.scope import ScopedCommand
from driftd.doctor.finding import Finding, failed, fine
from driftd.sources.command import found
from driftd.sources.reasons import CommandError


def commands(scoped: Mapping[str, ScopedCommand], account: str | None) -> Iterator[Finding]:
    """Yield what hinders each command; `account`: the user whom driftd runs as, None where that is not known."""
    trouble = [finding for item, command in scoped.items() if (finding := _command(item, command, account))]
    yield from trouble
    if scoped and not trouble:
        yield fine("commands", f"{len(scoped)}, of programs that are there")


def exposing(scoped: Mapping[str, ScopedCommand], account: str | None) -> int:
    """Return how many commands run as driftd's own user without its rights: modes do not close its files to them.

    Root runs them as nobody.
    """
    if account == "root":
        return 0
    plans = [command.plan for command in scoped.values()]
    return sum(not plan.privileged and plan.user in (None, account) for plan in plans)


def _command(item: str, command: ScopedCommand, account: str | None) -> Finding | None:
    try:
        found(command.plan.argv[0])
    except CommandError as error:
        return failed(
            "commands", f"{item}: {error.detail}", f"install it, or take {item} out of {command.baseline.file}"
        )
    wanted = command.plan.user
    if wanted is not None and account not in (None, "root", wanted):
        message = f"{item}: runs as {wanted}, whom {account} may not become"
        return failed("commands", message, f"find a way without `user: {wanted}` in {command.baseline.file}")
    return None
