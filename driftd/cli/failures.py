"""Errors as people read them: one line each where they were expected, a report to paste where they were not."""

from __future__ import annotations

import platform
import sys
import traceback

from driftd import __version__
from driftd.approving.gather import UnknownSelectionError
from driftd.baselines.history import RevisionMissingError
from driftd.baselines.proposal import ApprovalError
from driftd.cli.main import DRIFT, INCOMPLETE, USAGE
from driftd.cli.refusals import Refusal, UsageError
from driftd.daemon.control import ControlError
from driftd.metrics.endpoint import EndpointError
from driftd.outputs.visible import visible
from driftd.settings.problems import ConfigurationError
from driftd.store.errors import StoreError


def told(error: Exception, command: str) -> int:
    """Say what went wrong on standard error; return the exit status."""
    match error:
        case ConfigurationError():
            for problem in error.problems:
                _say(str(problem))
            return USAGE
        case StoreError() if error.passes and command == "run":
            _say(f"driftd {command}: {error}")
            return INCOMPLETE
        case (
            UsageError()
            | UnknownSelectionError()
            | StoreError()
            | ControlError()
            | EndpointError()
            | RevisionMissingError()
        ):
            _say(f"driftd {command}: {error}")
            return USAGE
        case Refusal() | ApprovalError():
            _say(f"driftd {command}: {error}")
            return DRIFT
        case _:
            return _unexpected(error, command)


def _unexpected(error: Exception, command: str) -> int:
    """Values of variables stay out of it: they may be secrets."""
    _say(f"driftd {command}: unexpected {type(error).__name__}; please report this:")
    frames = traceback.extract_tb(error.__traceback__)
    for frame in frames:
        _say(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    if isinstance(error, OSError):
        _say(f"  {error.strerror}: {error.filename!r}")
    elif isinstance(error, AttributeError | TypeError | NameError | ImportError | AssertionError):
        _say(f"  {error}")
    _say(f"  driftd {__version__}, Python {platform.python_version()}, {platform.platform()}")
    return INCOMPLETE if command == "run" else USAGE  # whoever keeps the daemon running is to start it again


def _say(text: str) -> None:
    print("\n".join(visible(line) for line in text.splitlines()), file=sys.stderr)
