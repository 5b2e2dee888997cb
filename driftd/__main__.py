"""`python -m driftd`: the same as the `driftd` script."""

from driftd.cli.main import entry

entry()
