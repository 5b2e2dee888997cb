"""What commands raise when they will not do what was asked."""

from __future__ import annotations


class UsageError(Exception):
    """The command was asked for something that makes no sense; the message says what to ask instead."""


class Refusal(Exception):
    """The command will not do it; the message says why."""
