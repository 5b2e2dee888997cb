"""What the types of a baseline do not say: which values make sense."""

from __future__ import annotations

import re
from typing import Final

from driftd.model.baseline import Baseline, CommandItem, Identify, Ignore, ItemPattern, Rule, SecretKey, Vary
from driftd.model.item import COMMAND
from driftd.settings.scalars import Duration
from driftd.settings.typed import Vocabulary

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _name(name: str) -> str | None:
    if _NAME.fullmatch(name):
        return None
    return f"{name!r} cannot name a baseline: letters, digits, dots, hyphens, underscores; 64 at most"


def _path(pattern: str) -> str | None:
    """Say what is wrong with a path or glob that has to match absolute paths as they are."""
    if not pattern.startswith("/"):
        return f"{pattern!r} is not absolute: write it from / on"
    return _segments(pattern)


def _item(pattern: str) -> str | None:
    if pattern.startswith(COMMAND):
        return _glob(pattern)
    if not pattern.startswith(("/", "**")):
        return f"{pattern!r} matches no item: write it from / on, with **/ in front, or as {COMMAND}NAME"
    return _segments(pattern)


def _segments(pattern: str) -> str | None:
    if pattern.endswith("/") and pattern != "/":
        return f"{pattern!r} ends in /: without it the directory alone is meant, with /** what is below it"
    if any(part in ("", ".", "..") for part in pattern.split("/")[1:]) and pattern != "/":
        return f"{pattern!r} can never match: write it without //, . and .."
    return _glob(pattern)


def _glob(pattern: str) -> str | None:
    from driftd.sources.glob import Glob

    try:
        Glob(pattern)
    except ValueError as refused:
        return f"{pattern!r} is not a glob: {refused}"
    return None


def _key(text: str) -> str | None:
    from driftd.policy.query import Query

    try:
        Query(text)
    except ValueError as refused:
        return f"{text!r} is not a JSONPath query: {refused}"
    return None


def _optional_key(text: str | None) -> str | None:
    return None if text is None else _key(text)


def _format(name: str | None) -> str | None:
    from driftd.formats import registry

    if name is None:
        return None
    try:
        registry.by_name(name)
    except registry.UnknownFormat as unknown:
        return str(unknown.args[0]) if unknown.args else f"unknown format {name!r}"
    return None


def _pattern(pattern: ItemPattern) -> str | None:
    if pattern.content != "settings" and pattern.format is not None:
        return f"format {pattern.format!r} has no meaning with content: {pattern.content}"
    return None


def _argv(words: tuple[str, ...]) -> str | None:
    if not words or not words[0]:
        return "is empty: write the program and its arguments, each a word of the list"
    if "/" in words[0] and not words[0].startswith("/"):
        return f"{words[0]!r} is a relative path: write the program's name alone, or its path from / on"
    if any("\0" in word for word in words):
        return "holds a NUL byte, which no argument can"
    if len(words) == 1 and " " in words[0]:
        return f"{words[0]!r} is one word, and no shell takes it apart: write [{', '.join(words[0].split())}]"
    return None


def _command_name(name: str) -> str | None:
    if _NAME.fullmatch(name):
        return None
    return f"{name!r} cannot name a command: letters, digits, dots, hyphens, underscores; 64 at most"


def _every(text: str) -> str | None:
    return _duration(text, 1.0)


def _timeout(text: str) -> str | None:
    return _duration(text, 0.1, 600.0)


def _duration(text: str, least: float, most: float | None = None) -> str | None:
    try:
        seconds = Duration.from_text(text)
    except ValueError as refused:
        return f"{text!r} is not a duration: {refused}"
    if seconds < least or (most is not None and seconds > most):
        return f"{text} is out of bounds: at least {Duration(least)}" + (f", at most {Duration(most)}" if most else "")
    return None


def _when(patterns: tuple[str, ...]) -> str | None:
    return next((trouble for trouble in map(_path, patterns) if trouble), None)


def _command(command: CommandItem) -> str | None:
    if command.privileged and command.user is not None:
        return "privileged and user: one of the two; privileged stays who driftd is"
    if command.content != "settings" and command.format is not None:
        return f"format {command.format!r} has no meaning with content: {command.content}"
    return None


def _rule(rule: Rule) -> str | None:
    from driftd.policy.rules import check_schema

    trouble = check_schema(rule)
    return f'rule "{rule.id}": {trouble}' if trouble else None


def _positive(number: int) -> str | None:
    return None if number > 0 else f"{number} is not a limit: at least 1"


def _said(text: str) -> str | None:
    return None if text.strip() else "is empty: say why, for those who read it next year"


def _identity(by: str | tuple[str, ...]) -> str | None:
    return None if by and all(by) else "is empty: name the members that tell list members apart"


BASELINE: Final = Vocabulary(
    checks={
        (Baseline, "name"): _name,
        (ItemPattern, "path"): _path,
        (ItemPattern, "format"): _format,
        (ItemPattern, "max_items"): _positive,
        (ItemPattern, "max_bytes"): _positive,
        (ItemPattern, None): _pattern,
        (CommandItem, "command"): _argv,
        (CommandItem, "name"): _command_name,
        (CommandItem, "format"): _format,
        (CommandItem, "every"): _every,
        (CommandItem, "when"): _when,
        (CommandItem, "timeout"): _timeout,
        (CommandItem, "max_bytes"): _positive,
        (CommandItem, None): _command,
        (Ignore, "item"): _item,
        (Ignore, "key"): _optional_key,
        (Ignore, "reason"): _said,
        (Identify, "item"): _item,
        (Identify, "key"): _key,
        (Identify, "by"): _identity,
        (SecretKey, "item"): _item,
        (SecretKey, "key"): _key,
        (Vary, "item"): _item,
        (Vary, "key"): _key,
        (Rule, "item"): _item,
        (Rule, "key"): _key,
        (Rule, "why"): _said,
        (Rule, None): _rule,
    },
    later={
        Baseline: frozenset({"packages", "services", "waivers", "windows", "verify", "restore"}),
    },
)
"""Checks of a baseline's values, and the keys of later versions."""
