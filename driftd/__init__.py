"""driftd audits the configuration of Linux servers against approved baselines, by meaning."""

from driftd.repeats import mend

__version__ = "0.1.0"

mend()  # before any pattern is compiled
