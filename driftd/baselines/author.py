"""Who approves: recorded with what was approved, not proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """Who proposes an approval, when and why. Recorded, not proved."""

    by: str
    at: str
    reason: str = ""
    ticket: str | None = None


def proposer(login_uid: str | None, sudo_user: str | None, uid: int, user_name: Callable[[int], str | None]) -> str:
    """Return who approves: the one who logged in, else who called sudo, else who runs the command.

    `login_uid` is the text of /proc/self/loginuid; 4294967295 means that nobody logged in.
    """
    if login_uid is not None and login_uid.strip().isdecimal() and login_uid.strip() != "4294967295":
        logged_in = int(login_uid)
        return user_name(logged_in) or str(logged_in)
    return sudo_user or user_name(uid) or str(uid)
