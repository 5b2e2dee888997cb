"""driftd audits the configuration of Linux servers against approved baselines, by meaning."""

__version__ = "0.1.0"
