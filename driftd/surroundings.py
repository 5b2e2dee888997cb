"""The surroundings of a process: what it was given by those who started it, and so whom it may believe."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from driftd.acting import account_of, reads_everything
from driftd.settings.trust import Trust


@dataclass(slots=True)
class Surroundings:
    """What the process was given: the environment, the directory it was started in, who runs it."""

    environment: Mapping[str, str]
    directory: Path
    uid: int
    is_service: bool = False
    """Root, or an account that may read everything: what it believes must be root's alone to write."""
    is_unit: bool = False
    """Started by systemd itself: what hides file systems from this process was no choice of the one who asks."""

    @classmethod
    def of_process(cls) -> Surroundings:
        """Return this process's own."""
        try:
            directory = Path.cwd()
        except FileNotFoundError:
            directory = Path("/")  # it was removed while a shell stood in it
        is_service = os.geteuid() == 0 or reads_everything()
        return cls(os.environ, directory, os.geteuid(), is_service=is_service, is_unit=is_unit(os.environ, os.getpid()))

    def trust(self) -> Trust:
        """Return who may write settings and baselines: root alone for a service, else the invoking user as well."""
        return Trust.service() if self.is_service else Trust.of_user(self.uid)

    def key_trust(self, state: Path) -> Trust:
        """Return who may write the secret key: also the account that the state directory belongs to, which makes it."""
        owner = account_of(state) if self.is_service else None
        return self.trust() if owner is None else self.trust().also(owner.uid)


def is_unit(environment: Mapping[str, str], pid: int) -> bool:
    """Whether a process is the one that systemd started, and no descendant of it. See systemd.exec(5)."""
    if "SYSTEMD_EXEC_PID" in environment:
        return environment["SYSTEMD_EXEC_PID"] == str(pid)
    return "INVOCATION_ID" in environment  # before systemd 248
