"""The data file of a dialect, typed: see docs/reference/dialects.md."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Literal

import msgspec

from driftd.compare.meaning import Repeats

Type = Literal["text", "boolean", "integer", "octal", "quantity", "words"]
Value = str | int | float | bool


class DialectError(Exception):
    """A data file says something that cannot be; the message says where and what."""


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What some settings mean. What an entry leaves out, a less specific one says."""

    names: tuple[str, ...]
    """Names of members; `*` and `?` as in globs; `$` is the list at the root."""
    below: tuple[str, ...] = ()
    """The names that stand directly above; without any, at any place."""
    top: bool = False
    """Only at the root."""
    type: Type | None = None
    units: str | None = None
    """With `quantity`: the table of units."""
    separators: str | None = None
    """With `words`: the characters between them; white space without. With `quantity`: what may stand between its parts."""
    blanks: bool | None = None
    """With `words`: white space around words means nothing."""
    ignore_case: bool | None = None
    same: tuple[tuple[str, ...], ...] | None = None
    """Groups of words that mean the same."""
    ordered: bool | None = None
    key_ends: str | None = None
    """With `ordered = false`: what ends the key of a text or a word. Of two with one key the order counts."""
    identity: tuple[tuple[str, ...], ...] | None = None
    """Candidates, best first: the members by which members of the list are told apart; `a.b` is a member of a member."""
    in_part: bool | None = None
    """With `identity`: members of several kinds; those of a candidate's names count that a member has."""
    repeats: Repeats | None = None
    default: Value | None = None


_SAYS = (
    "type",
    "units",
    "separators",
    "blanks",
    "ignore_case",
    "same",
    "ordered",
    "key_ends",
    "identity",
    "in_part",
    "repeats",
    "default",
)


class Booleans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words for on and off, in lower case."""

    true: tuple[str, ...] = ("yes", "true", "on", "1")
    false: tuple[str, ...] = ("no", "false", "off", "0")


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that mean the same at a place, and others that do not."""

    at: tuple[str, ...]
    same: tuple[Value, ...] = ()
    different: tuple[Value, ...] = ()


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One data file."""

    format: str
    source: str
    """Manual page or document, with the version that was read."""
    paths: tuple[str, ...] = ()
    """Only documents at these paths; without any, all of the format."""
    has: tuple[str, ...] = ()
    """Only documents with these members at the root."""
    ignore_name_case: bool = False
    ignore_in_names: str = ""
    """Characters that mean nothing in names."""
    ignore_prefix: str = ""
    """What ends a prefix that means nothing in names; names that start with `@` have none."""
    same_names: tuple[tuple[str, ...], ...] = ()
    """Groups of names of one setting; the first stands for all."""
    repeats: Repeats = "all"
    """Which occurrence of a repeated setting counts where no entry says otherwise."""
    defaults_in: tuple[str, ...] = ()
    """Paths of the files in which a setting that is left out has its default: not drop-ins, which are read after others."""
    booleans: Booleans = Booleans()
    units: dict[str, dict[str, int | float]] = {}
    settings: tuple[Setting, ...] = ()
    examples: tuple[Example, ...] = ()


def merged(settings: Iterable[Setting]) -> Setting:
    """Return one entry that says what the last entry with anything to say on it says."""
    told: dict[str, object] = {}
    for setting in settings:
        told |= {name: value for name in _SAYS if (value := getattr(setting, name)) is not None}
    return msgspec.structs.replace(Setting(()), **told)


def declaration(text: str, name: str) -> Declaration:
    """Return what a data file says; DialectError where it cannot be."""
    try:
        declared = msgspec.convert(tomllib.loads(text), Declaration)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DialectError(f"{name}: {error}") from error
    for number, setting in enumerate(declared.settings):
        if problem := _problem(setting, declared):
            raise DialectError(f"{name}: settings[{number}] ({', '.join(setting.names)}): {problem}")
    return declared


def _problem(setting: Setting, declared: Declaration) -> str | None:
    if not setting.names:
        return "names no setting"
    if setting.type == "quantity" and setting.units is None:
        return "a quantity needs `units`"
    if setting.units is not None and setting.units not in declared.units:
        return f"there is no table [units.{setting.units}]"
    if setting.default is not None and not declared.defaults_in:
        return "a default needs `defaults_in`: where does it hold?"
    if setting.top and setting.below:
        return "`top` and `below` exclude each other"
    if declared.ignore_name_case and any(name != name.lower() for name in (*setting.names, *setting.below)):
        return "names are written in lower case where their case means nothing"
    return None
