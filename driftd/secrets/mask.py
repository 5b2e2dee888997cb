"""Masking: the one door between parsing and everything else, through which no secret passes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from driftd.model.document import Document, Node, Problem, Scalar, Steps
from driftd.model.secret import TOKEN_PREFIX, tokens_in
from driftd.secrets.detectors import Pattern, detectors
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.names import Secrecy, is_collection, is_header, is_inner, is_label, is_public, secrecy
from driftd.secrets.nodes import all_text, holds_kubernetes_secret, is_lines, is_secrets_file, pair_value, text_of
from driftd.secrets.spans import Likely, quoted_spans, secret_spans
from driftd.secrets.stretches import Part, Stretches, is_kubernetes_secret, value_start
from driftd.secrets.values import holds_secret, looks_like_key
from driftd.secrets.whole_files import by_digest_alone, looks_like_private_key

__all__ = ["by_digest_alone", "looks_like_private_key", "mask", "masked_problem", "masked_text"]

MAX_SEARCHED: Final = 1024 * 1024
"""A longer value is hidden whole: nobody reads it, and its change is still seen."""
_MAX_QUOTED: Final = 200
_WITHHELD: Final = "something could not be read here (the message is withheld: the file holds secrets)"
_JWK_PARTS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
"""Members of a JSON Web Key that are not public (RFC 7518)."""
_SECRET_DATA: Final = ("data", "stringData")
_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}\Z")
_OPTION: Final = re.compile(r"--?([A-Za-z][\w-]{0,100})\Z")
_MAX_COMMAND: Final = 64 * 1024
"""A list of words that is longer than any command is no command."""


def mask(
    document: Document,
    keeper: SecretKeeper,
    extra: Callable[[Node], set[Steps]] | None = None,
    *,
    masked_before: bool = False,
) -> None:
    """Replace every secret in a document by its fingerprint, in place, and say so in `document.secret`.

    `extra` returns the places that a baseline's `secrets` name; everything at and below them is hidden. Masked are
    values, the operator's own spelling of them, names of members, includes, and problems that quote a secret. To be
    called once: a text that already looks like a fingerprint is somebody's attempt to pass for one, and is hidden too.
    `masked_before`: the document was masked when it was approved, by the detectors of then; its fingerprints are left alone.
    """
    named = {id(node) for steps in (extra(document.root) if extra else ()) if (node := document.root.at(steps))}
    lines = is_lines(document.root)
    stretches = Stretches(keys_only=not lines, kubernetes_secret=lines and holds_kubernetes_secret(document.root))
    # Messages quote lines that the parser could not take into the tree.
    text = " ".join([all_text(document.root), *document.includes, *(one.message for one in document.problems)])
    masking = _Masking(
        keeper,
        named,
        lines=lines,
        directives=document.untyped and not lines,
        stretches=stretches,
        likely=Likely.of(text),
        own_names=detectors().formats.get(document.format, frozenset()),
        masked_before=masked_before,
        key_material="PRIVATE KEY" in text,
        stretching=stretches.may_begin_in(text),
    )
    masking.run(document.root, collection=is_secrets_file(document))
    document.includes[:] = [masking.text(include) for include in document.includes]
    document.problems[:] = [masking.problem(problem) for problem in document.problems]
    document.secret = document.secret or masking.found


def masked_text(text: str, keeper: SecretKeeper) -> str:
    """Return a text of unknown origin with its secrets hidden: what a parser said of a line, a command's output."""
    return _Masking(keeper, set(), lines=True, directives=False, stretches=Stretches(keys_only=True)).message(text)


def masked_problem(problem: Problem, keeper: SecretKeeper) -> Problem:
    """Return a problem whose message quotes no secret."""
    return replace(problem, message=masked_text(problem.message, keeper))


@dataclass(slots=True)
class _Place:
    """A node to look at, and what its surroundings say about it."""

    node: Node
    name: Secrecy = Secrecy.NONE
    hidden: bool = False
    """It, and everything below, is a secret: the user says so."""
    collection: bool = False
    """Its direct values are secrets."""
    label: str = ""
    """The name it stands under: `user` of `user alice on >...`."""


@dataclass(slots=True)
class _Masking:
    keeper: SecretKeeper
    named: set[int]
    lines: bool
    directives: bool
    """Names and values were one line of words, which only together say what is secret."""
    stretches: Stretches
    likely: Likely | None = None
    """What secrets in the document can be told by; None: anything."""
    own_names: frozenset[str] = frozenset()
    """Names that are secret in this format alone."""
    masked_before: bool = False
    key_material: bool = False
    """A private key stands in it that the parser may have taken apart: every line that could be part of it is hidden."""
    stretching: bool = True
    """Whether anything of several lines can begin in it."""
    found: bool = False
    secrets: list[str] = field(default_factory=list)
    seen: set[tuple[int, Secrecy, bool, bool]] = field(default_factory=set)
    masked: set[int] = field(default_factory=set)

    @property
    def patterns(self) -> tuple[Pattern, ...] | None:
        """Those that anything in the document can match; None: all of them."""
        return self.likely.patterns if self.likely is not None else None

    def run(self, root: Node, *, collection: bool = False) -> None:
        """Mask a tree. A node that stands at several places (an alias) is masked once, and for all of them."""
        pending = [_Place(root, collection=collection)]
        while pending:
            place = pending.pop()
            node = place.node
            place.hidden = place.hidden or id(node) in self.named
            state = (id(node), place.name, place.hidden, place.collection)
            if state in self.seen:
                continue
            self.seen.add(state)
            match node.value:
                case dict() as members:
                    pending.extend(reversed(self._members(place, members)))
                case list() as members:
                    pending.extend(reversed(self._list(place, members)))
                case scalar:
                    self._scalar(place, scalar)

    def _members(self, place: _Place, members: dict[str, Node]) -> list[_Place]:
        masked_names = {name: self._member_name(name, child) for name, child in members.items()}
        if any(name != shown for name, shown in masked_names.items()):
            place.node.value = {masked_names[name]: child for name, child in members.items()}
        paired = pair_value(members)
        data = _SECRET_DATA if text_of(members.get("kind")) == "Secret" else ()
        parts = _JWK_PARTS if "kty" in members else frozenset[str]()
        return [
            _Place(
                child,
                max(self._secrecy(name, place), secrecy(paired[1]) if paired and paired[0] == name else Secrecy.NONE),
                place.hidden or name in parts,
                is_collection(name) or name in data,
                name,
            )
            for name, child in members.items()
        ]

    def _secrecy(self, name: str, place: _Place) -> Secrecy:
        own = Secrecy.PASSWORD if self.own_names and name.lower() in self.own_names else secrecy(name)
        if place.collection and own < Secrecy.STRONG and not is_label(name):
            return Secrecy.STRONG
        return max(own, place.name) if place.name >= Secrecy.STRONG and is_inner(name) else own

    def _list(self, place: _Place, members: list[Node]) -> list[_Place]:
        if not self.lines:
            self._command(members)
        places = []
        before = ""
        for node in members:
            option = _OPTION.match(before)
            name = secrecy(option[1]) if option else place.name
            places.append(_Place(node, max(name, place.name), place.hidden, label=place.label))
            before = text_of(node)
        return places

    def _command(self, members: list[Node]) -> None:
        """Hide what is secret in a list of words only because of the words before it: `[mysqld, -psecret]`."""
        words = [node.value for node in members if isinstance(node.value, str)]
        if len(words) < 2 or len(words) != len(members) or not any(word.startswith("-") for word in words[1:]):
            return
        if sum(map(len, words)) > _MAX_COMMAND:
            return
        spans = secret_spans(" ".join(words), patterns=self.patterns)
        start = 0
        for node, word in zip(members, words, strict=True):
            own = [(max(one - start, 0), min(end - start, len(word))) for one, end in spans]
            self._hide_parts(node, word, [(one, end) for one, end in own if end > one])
            start += len(word) + 1

    def _hide_parts(self, node: Node, text: str, spans: list[tuple[int, int]]) -> None:
        if not spans or id(node) in self.masked or TOKEN_PREFIX in text:
            return
        self.masked.add(id(node))
        node.value, node.raw = self._replaced(text, spans), None

    def _scalar(self, place: _Place, value: Scalar) -> None:
        node = place.node
        if id(node) in self.masked or (self.masked_before and isinstance(value, str) and tokens_in(value)):
            return
        part = self._part(value)
        if value is not None and (place.hidden or part is Part.WHOLE or holds_secret(value, place.name)):
            shown = self._whole(value)
        elif isinstance(value, str):
            shown = self._in_part(value, place, part)
        else:
            return
        if shown != value:
            self.masked.add(id(node))
            node.value, node.raw = shown, None
        elif node.raw is not None and self.text(node.raw) != node.raw:
            node.raw = None

    def _in_part(self, value: str, place: _Place, part: Part) -> str:
        if part is Part.VALUE:
            return self._replaced(value, [(value_start(value, 0, len(value)), len(value))])
        if not self.lines and looks_like_key(value) and not is_public(place.label):
            return self._whole(value)
        return self.text(value, place.label)

    def _member_name(self, name: str, child: Node) -> str:
        if self.masked_before and tokens_in(name):
            return name
        if self._part(name) is Part.WHOLE:
            return self._whole(name)
        # A name without a value may be a whole line that the parser could not split; with one it is only a name.
        return self.text(name, lines=_says_nothing(child))

    def _part(self, value: Scalar) -> Part:
        """Return what of a line is secret because of what came before it; keeps track of where the walk is."""
        if not (self.stretching or self.key_material):
            return Part.NONE
        if not isinstance(value, str):
            return Part.WHOLE if self.stretches.inside and value is not None else Part.NONE
        part = self.stretches.take(value)
        return Part.WHOLE if self.key_material and _KEY_LINE.match(value) else part

    def _whole(self, value: Scalar) -> str:
        self.found = True
        # A number and the text that spells it are different values, and stay so behind their fingerprints.
        spelled = value if isinstance(value, str) else "\0" + json.dumps(value)
        if isinstance(value, str) and len(self.secrets) <= _MAX_QUOTED:
            self.secrets.append(value)
        return self.keeper.token(spelled)

    def text(self, text: str, label: str = "", *, lines: bool | None = None) -> str:
        """Return a text with the secrets inside it hidden and the rest left readable; `label`: what stood before it."""
        lines = self.lines or self.directives if lines is None else lines
        before = ""
        if label and (is_header(label) or self.directives):
            before = f"{label}: " if is_header(label) else f"{label} "
        if self.likely is not None and self.likely.is_plain(before + text, lines=lines):
            return text
        if TOKEN_PREFIX in text or len(text) > MAX_SEARCHED:
            return self._whole(text)
        if '"Secret"' in text and is_kubernetes_secret(text):
            return self._whole(text)
        found = [
            (max(start - len(before), 0), end - len(before))
            for start, end in secret_spans(before + text, lines=lines, patterns=self.patterns)
        ]
        return self._replaced(text, [(start, end) for start, end in found if end > start])

    def _replaced(self, text: str, spans: list[tuple[int, int]]) -> str:
        out = []
        position = 0
        for start, stop in spans:
            out += [text[position:start], self._whole(text[start:stop])]
            position = stop
        return "".join([*out, text[position:]]) if position else text

    def message(self, text: str) -> str:
        """Return what is said about a file, without the secrets in the lines that it quotes."""
        if TOKEN_PREFIX in text or len(text) > MAX_SEARCHED:
            return self._whole(text)
        return self._replaced(text, quoted_spans(text, self.patterns))

    def problem(self, problem: Problem) -> Problem:
        """Return a problem whose message quotes no secret, neither by its shape nor one found in the document."""
        message = self.message(problem.message)
        if len(self.secrets) > _MAX_QUOTED:
            return replace(problem, message=_WITHHELD)
        for secret in sorted({secret.strip() for secret in self.secrets}, key=len, reverse=True):
            if secret and secret in message:
                message = message.replace(secret, self.keeper.token(secret))
        return replace(problem, message=message)


def _says_nothing(node: Node) -> bool:
    """Whether a name has no value, however often it comes."""
    if isinstance(node.value, list) and node.repeated:
        return all(member.value in (None, "") for member in node.value)
    return node.value in (None, "")
