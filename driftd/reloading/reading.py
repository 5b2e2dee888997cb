"""What a reload would replace: read, and held against what is in force."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from driftd.app import Host, open_host
from driftd.baselines.checkout import in_progress
from driftd.model.item import Gap
from driftd.reloading.changes import values_of
from driftd.settings.problems import ConfigProblem, ConfigurationError
from driftd.surroundings import Surroundings

RESTART: Final = (("state",), ("host", "id"), ("control", "socket"), ("control", "group"), ("watch", "enabled"))
"""Settings that hold from a start to its end."""


class MixtureError(ConfigurationError):
    """What stands on disk is no whole state: it is refused, and to be tried again."""


class UnsettledError(Exception):
    """What was read changed meanwhile, or is being written; `gap` says what."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap.detail)
        self.gap = gap


def reading_anew(now: Host, config: str | None, around: Surroundings, root: bytes) -> Generator[None, None, Host]:
    """Return the host as it is described now, all of it, after as many steps as there are other approved files.

    ConfigurationError: it is wrong, or would need a restart; MixtureError: some approved files are not what their
    manifest says; UnsettledError: somebody is writing.
    """
    try:
        fresh = open_host(config, around, root=root)
    except ConfigurationError as error:
        if (lock := now.checkout()) is not None:
            raise UnsettledError(in_progress(lock)) from error
        raise
    try:
        yield from _whole(now, fresh)
    except BaseException:
        fresh.close()
        raise
    return fresh


def _whole(now: Host, fresh: Host) -> Generator[None, None, None]:
    """Go through what was read; return if it is one state, and it is still the one that stands on disk."""
    _settled(fresh)
    if problems := restart_needed(now, fresh):
        raise ConfigurationError(problems)
    problems = yield from mixtures(now, fresh)
    _settled(fresh)
    if problems:
        raise MixtureError(problems)


def _settled(fresh: Host) -> None:
    for gap in fresh.unsettled():
        raise UnsettledError(gap)


def restart_needed(now: Host, fresh: Host) -> list[ConfigProblem]:
    """Return the settings that are others and cannot be, as long as this process runs."""
    before, after = (values_of(host.settings) for host in (now, fresh))
    changed = [steps for steps in RESTART if before.get(steps) != after.get(steps)]
    if now.facts.id != fresh.facts.id and ("host", "id") not in changed:
        changed.append(("host", "id"))  # another machine-id
    hint = "systemctl restart driftd"
    return [
        ConfigProblem(str(fresh.file), None, f"{'.'.join(steps)}: another one needs a restart", hint)
        for steps in changed
    ]


def mixtures(now: Host, fresh: Host) -> Generator[None, None, list[ConfigProblem]]:
    """Return the baselines whose approved files are no whole state, beyond what is in force already."""
    in_force = now.auditor.approvals.layers
    found: list[ConfigProblem] = []
    for name, layers in fresh.auditor.approvals.layers.items():
        gap = yield from layers.checking(in_force.get(name))
        if gap is not None:
            found.append(ConfigProblem(gap.item, None, gap.detail, "finish the checkout"))
    return found
