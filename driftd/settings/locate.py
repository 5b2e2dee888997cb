"""Which settings file is meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from driftd.settings.problems import ConfigProblem, ConfigurationError

SYSTEM_FILE = Path("/etc/driftd/driftd.yaml")


def locate(chosen: str | None, environment: Mapping[str, str], directory: Path, system: Path = SYSTEM_FILE) -> Path:
    """Return the absolute path of the settings: `--config`, `$DRIFTD_CONFIG`, the system's, `./driftd.yaml`.

    A file that was asked for by name is returned even where it does not exist, so that reading it says so. Raises
    ConfigurationError where nothing was asked for and nothing is there.
    """
    asked = chosen or environment.get("DRIFTD_CONFIG")
    if asked:
        return directory / asked
    for candidate in (system, directory / "driftd.yaml"):
        if _present(candidate):
            return candidate
    message = f"no settings: neither {system} nor {directory / 'driftd.yaml'} is there"
    hint = "run `driftd init`, or name a file with --config or $DRIFTD_CONFIG"
    raise ConfigurationError([ConfigProblem("driftd", None, message, hint)])


def _present(path: Path) -> bool:
    """Whether there is something to read; what may not be looked at counts, so that reading it says why."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
