"""A document's tree becomes typed Structs; every problem is reported at once, with its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from msgspec import NODEFAULT, Struct, UnsetType
from msgspec.structs import FieldInfo, fields

from driftd.model.document import Node
from driftd.settings.problems import ConfigProblem, nearest

T = TypeVar("T")
Check = Callable[[Any], str | None]
"""What is wrong with a value of the right type, as a sentence; None: nothing."""


@dataclass(frozen=True)
class Vocabulary:
    """What the types alone do not say: checks of values, keys that only later versions know, what may hold secrets."""

    checks: Mapping[tuple[type[Struct], str | None], Check] = field(default_factory=dict)
    """By Struct and field; field None: the whole Struct."""
    later: Mapping[type[Struct], frozenset[str]] = field(default_factory=dict)
    unquoted: frozenset[type[Struct]] = frozenset()
    """Structs whose values no problem repeats: people write secrets into them, in the wrong place or the wrong shape."""


class _Failed:
    """Stands for a value whose problem is reported already."""


_FAILED: Final = _Failed()
_PLAIN: Final[dict[Any, str]] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_EMPTY: Final = Vocabulary()


def convert(
    node: Node, wanted: type[T], file: str, vocabulary: Vocabulary = _EMPTY
) -> tuple[T | None, list[ConfigProblem]]:
    """Return the typed value and no problems, or None and all of them.

    A `Path` is taken relative to the directory of `file`. A class with `from_text` reads its own spelling;
    of one with `hidden` no problem repeats it.
    """
    converter = _Converter(file, vocabulary)
    value = converter.value(node, wanted, "")
    return (None if converter.problems else value), converter.problems


class _Converter:
    def __init__(self, file: str, vocabulary: Vocabulary) -> None:
        self.file = file
        self.vocabulary = vocabulary
        self.problems: list[ConfigProblem] = []
        self._unquoted = False

    def problem(self, node: Node, where: str, message: str, hint: str = "") -> _Failed:
        self.problems.append(ConfigProblem(self.file, node.line, f"{where}: {message}" if where else message, hint))
        return _FAILED

    def value(self, node: Node, wanted: Any, where: str) -> Any:
        origin = get_origin(wanted)
        if origin is Annotated:
            return self.value(node, get_args(wanted)[0], where)
        if origin in (Union, UnionType):
            return self.union(node, get_args(wanted), where)
        if origin is tuple:
            return self.sequence(node, get_args(wanted)[0], where)
        if origin is dict:
            return self.mapping(node, get_args(wanted)[1], where)
        if isinstance(wanted, type) and issubclass(wanted, Struct):
            return self.struct(node, wanted, where)
        return self.scalar(node, wanted, where)

    def union(self, node: Node, members: tuple[Any, ...], where: str) -> Any:
        """Take the member that has the node's shape, so that a problem inside it is told in its own terms."""
        if any(get_origin(member) is list for member in members):
            return node.to_json()  # our own types hold tuples: lists are in `Json` alone
        named = [member for member in members if member not in (NoneType, UnsetType)]
        if node.value is None and NoneType in members:
            return None
        fitting = named if len(named) == 1 else [member for member in named if _shape(member) is _shape_of(node)]
        if len(fitting) > 1 and isinstance(node.value, dict):
            fitting = [next((member for member in fitting if first_key(member) in node.value), fitting[0])]
        if len(fitting) == 1:
            return self.value(node, fitting[0], where)
        for member in fitting:
            attempt = _Converter(self.file, self.vocabulary)
            found = attempt.value(node, member, where)
            if not attempt.problems:
                return found
        return self.mismatch(node, " or ".join(map(_words, named)), where)

    def mismatch(self, node: Node, wanted: str, where: str) -> _Failed:
        quote = wanted == "text" and isinstance(node.value, bool | int | float)
        spelled = "" if self._unquoted else f': "{_spelling(node)}"'
        hint = f"put it in quotes{spelled}" if quote else ""
        return self.problem(node, where, f"found {self.found(node)}, wanted {wanted}", hint)

    def found(self, node: Node) -> str:
        """Return what stands there, in words; of what may be a secret only the kind."""
        if not self._unquoted or node.value is None or isinstance(node.value, dict | list):
            return _found(node)
        return "a text" if isinstance(node.value, str) else "a number or a word without quotes"

    def sequence(self, node: Node, member: Any, where: str) -> Any:
        if node.value is None:
            return ()
        if not isinstance(node.value, list):
            return self.mismatch(node, f"a list of {_words(member)}", where)
        values = tuple(self.value(child, member, f"{where}[{index}]") for index, child in enumerate(node.value))
        return _FAILED if _FAILED in values else values

    def mapping(self, node: Node, member: Any, where: str) -> Any:
        if node.value is None:
            return {}
        if not isinstance(node.value, dict):
            return self.mismatch(node, "a mapping", where)
        values = {name: self.value(child, member, _below(where, name)) for name, child in node.value.items()}
        return _FAILED if _FAILED in values.values() else values

    def struct(self, node: Node, wanted: type[Struct], where: str) -> Any:
        around, self._unquoted = self._unquoted, self._unquoted or wanted in self.vocabulary.unquoted
        try:
            return self.members(node, wanted, where)
        finally:
            self._unquoted = around

    def members(self, node: Node, wanted: type[Struct], where: str) -> Any:
        members = {} if node.value is None else node.value
        if not isinstance(members, dict):
            return self.mismatch(node, f"a mapping with {', '.join(known_keys(wanted))}", where)
        known = {info.encode_name: info for info in fields(wanted)}
        deferred = self.unknown(members, wanted, known, where)
        values = {
            known[name].name: self.field(child, wanted, known[name], _below(where, name))
            for name, child in members.items()
            if name in known
        }
        missing = [name for name, info in known.items() if _required(info) and name not in members]
        if missing and not deferred:  # an object of a later version has fields of its own
            self.problem(node, where, f"{' and '.join(missing)} missing", f"add {', '.join(missing)}")
        if missing or any(value is _FAILED for value in values.values()):
            return _FAILED
        made = wanted(**values)
        return self.checked(node, made, (wanted, None), where)

    def unknown(self, members: dict[str, Node], wanted: type[Struct], known: Mapping[str, Any], where: str) -> bool:
        """Report keys this version does not have; return whether one of them belongs to a later version."""
        deferred = False
        for name, child in members.items():
            if name in known:
                continue
            if name in self.vocabulary.later.get(wanted, frozenset()):
                deferred = True
                self.problem(child, _below(where, name), "not in this version", "remove it, or install a later driftd")
            else:
                self.problem(child, where, f"unknown key {_quoted(name)}", nearest(name, known))
        return deferred

    def field(self, node: Node, owner: type[Struct], info: FieldInfo, where: str) -> Any:
        value = self.value(node, info.type, where)
        return value if value is _FAILED else self.checked(node, value, (owner, info.name), where)

    def checked(self, node: Node, value: Any, at: tuple[type[Struct], str | None], where: str) -> Any:
        check = self.vocabulary.checks.get(at)
        trouble = check(value) if check else None
        return self.problem(node, where, trouble) if trouble else value

    def scalar(self, node: Node, wanted: Any, where: str) -> Any:
        value = node.value
        if get_origin(wanted) is Literal or issubclass(wanted, Enum):
            return self.word(node, wanted, where)
        if wanted is Path:
            return self.path(node, where)
        if hasattr(wanted, "from_text"):
            return self.spelled(node, wanted, where)
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool)):
            return value
        return self.mismatch(node, _words(wanted), where)

    def word(self, node: Node, wanted: Any, where: str) -> Any:
        words = _choices(wanted)
        if node.value is not None and node.value in words:
            return words[str(node.value)]
        if not isinstance(node.value, str):
            return self.mismatch(node, _words(wanted), where)
        return self.problem(node, where, f"unknown word {_quoted(node.value)}", nearest(node.value, words))

    def path(self, node: Node, where: str) -> Any:
        if not isinstance(node.value, str) or not node.value:
            return self.mismatch(node, "the path of a file or directory", where)
        if node.value.startswith("~") or "\0" in node.value:
            return self.problem(node, where, f"{_found(node)} is no path", "write the whole path; ~ is not expanded")
        return Path(self.file).parent / node.value

    def spelled(self, node: Node, wanted: Any, where: str) -> Any:
        if node.value is None or isinstance(node.value, dict | list | bool):
            return self.mismatch(node, wanted.wanted, where)
        try:
            return wanted.from_text(_spelling(node))
        except ValueError as refused:
            hidden = getattr(wanted, "hidden", False) or (self._unquoted and "@" in _spelling(node))
            found = "its value" if hidden else _found(node)
            return self.problem(node, where, f"{found} is not {wanted.noun}", str(refused))


def known_keys(wanted: type[Struct]) -> tuple[str, ...]:
    """Return the keys of a Struct as a person writes them."""
    return tuple(info.encode_name for info in fields(wanted))


def first_key(wanted: Any) -> str | None:
    """Return the key by which one kind of mapping is told from another: the first that a person writes."""
    return next(iter(known_keys(wanted)), None) if isinstance(wanted, type) and issubclass(wanted, Struct) else None


def _required(info: FieldInfo) -> bool:
    return info.default is NODEFAULT and info.default_factory is NODEFAULT


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _choices(wanted: Any) -> dict[str, Any]:
    return {word: word for word in get_args(wanted)} or {member.value: member for member in wanted}


def _shape(wanted: Any) -> type:
    """Return dict, list or str: which kind of node a type is read from."""
    origin = get_origin(wanted)
    if origin is Annotated:
        return _shape(get_args(wanted)[0])
    if origin is dict or (isinstance(wanted, type) and issubclass(wanted, Struct)):
        return dict
    return list if origin in (tuple, list) else str


def _shape_of(node: Node) -> type:
    return type(node.value) if isinstance(node.value, dict | list) else str


def _words(wanted: Any) -> str:
    """Return a type in the words of a person who writes settings."""
    origin = get_origin(wanted)
    if origin is Annotated:
        return _words(get_args(wanted)[0])
    if origin in (Union, UnionType):
        named = [_words(member) for member in get_args(wanted) if member not in (NoneType, UnsetType)]
        return " or ".join(dict.fromkeys(named))
    if origin is Literal or (isinstance(wanted, type) and issubclass(wanted, Enum)):
        return "one of " + ", ".join(_choices(wanted))
    if origin in (tuple, list):
        return "a list"
    if _shape(wanted) is dict:
        return "a mapping"
    return str(getattr(wanted, "wanted", _PLAIN.get(wanted, "a path")))


def _found(node: Node) -> str:
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case str():
            return f"the text {_quoted(node.value)}"
        case bool():
            return _spelling(node)
        case _:
            return f"the number {_spelling(node)}"


def _spelling(node: Node) -> str:
    if node.raw is not None:
        return node.raw
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)


def _quoted(text: str) -> str:
    short = text if len(text) <= 60 else text[:57] + "..."
    return '"' + "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in short) + '"'
