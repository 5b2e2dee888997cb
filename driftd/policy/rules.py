"""Rules: what settings must be, whatever is approved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from driftd.model.baseline import Rule
from driftd.model.change import ABSENT, Absent
from driftd.model.document import Document, Json, Node, Steps
from driftd.model.keys import render_key
from driftd.model.secret import parse_token
from driftd.policy.query import Query, QueryFailedError
from driftd.policy.schema import schema_problems, validator
from driftd.policy.spelled import demanding, readings
from driftd.policy.subschemas import ANNOTATIONS, LISTS, applied, found_at
from driftd.policy.wording import clause_of, must, shown


@dataclass(frozen=True, slots=True)
class Violation:
    """A place that is not as a rule requires."""

    rule: Rule
    steps: Steps | None
    """Where; None: the key is missing."""
    value: Json | Absent
    line: int | None
    message: str
    """What it is and what it must be, to be put after the key: `is 'no', must be yes`."""


def violations(rules: Sequence[Rule], document: Document | None, *, formats: bool = False) -> list[Violation]:
    """Return where a document breaks rules that are meant for its item; in the order of rules, then of lines.

    No document means that every key is missing. A rule that cannot be evaluated is violated, never passed over.
    """
    root = document.root if document else Node({})
    judge = _Judge(root, untyped=document is not None and document.untyped, formats=formats)
    return [violation for rule in rules for violation in judge.violations(rule)]


def check_schema(rule: Rule, *, formats: bool = False) -> str | None:
    """Return what is wrong with the schema of a rule, None for a sound one."""
    return "; ".join(schema_problems(rule.require, formats=formats)) or None


@dataclass(frozen=True, slots=True)
class _Judge:
    root: Node
    untyped: bool
    formats: bool

    def violations(self, rule: Rule) -> Iterator[Violation]:
        """Yield every place where one rule is violated."""
        try:
            located = Query(rule.key).locate(self.root)
        except (QueryFailedError, ValueError) as error:
            yield Violation(rule, None, ABSENT, None, f"could not be looked up: {error}")
            return
        if not located:
            if not rule.optional and rule.require is not False:
                yield Violation(
                    rule, None, ABSENT, None, f"is missing, must {must(rule.require, untyped=self.untyped)}"
                )
            return
        places = [place for steps in located for place in self._occurrences(rule, steps)]
        for steps, node in sorted(places, key=lambda place: (place[1].line or 0, render_key(place[0]))):
            value = node.to_json()
            if message := self._trouble(rule.require, value):
                yield Violation(rule, steps, value, node.line, message)

    def _occurrences(self, rule: Rule, steps: Steps) -> Iterator[tuple[Steps, Node]]:
        """Yield what a rule judges at a place: each occurrence of a repeated directive, else the value that is there."""
        node = self.root.at(steps)
        if node is None:
            return
        if node.repeated and isinstance(node.value, list) and not _asks_for_list(rule.require):
            yield from (((*steps, index), child) for index, child in enumerate(node.value))
        else:
            yield steps, node

    def _trouble(self, schema: Json, value: Json) -> str | None:
        """Return why a value does not satisfy a schema, None where it does."""
        if isinstance(value, str) and parse_token(value):
            return None if _only_asks_for_presence(schema) else "is a secret, of which only the presence can be checked"
        candidates: list[Json] = [value]
        if self.untyped:
            if isinstance(value, str) and _asks_for_list(schema):
                value = [value]  # one occurrence of a directive that may be repeated
            candidates = readings(value, schema)
            schema = demanding(schema)
        first = None
        for candidate in candidates:
            trouble = self._words(schema, candidate, value)
            if trouble is None:
                return None
            first = first or trouble
        return first

    def _words(self, schema: Json, candidate: Json, value: Json) -> str | None:
        try:
            errors = list(validator(schema, formats=self.formats).iter_errors(_clean(candidate)))
        except (ValueError, RecursionError) as trouble:
            return f"could not be checked: {trouble}"
        found: dict[tuple[str | int, ...], list[str]] = {}
        for error in errors:
            clauses = found.setdefault(tuple(error.instance_path), [])
            titled = isinstance(schema, dict) and "title" in schema and not error.instance_path
            clause = (
                must(schema)
                if titled
                else self._clause(schema, list(error.schema_path), error.kind.name, error.message)
            )
            if clause not in clauses:
                clauses.append(clause)
        return "; ".join(self._sentence(value, path, clauses) for path, clauses in found.items()) or None

    def _clause(self, schema: Json, path: list[str | int], kind: str, message: str) -> str:
        part = found_at(schema, path)
        if kind == "required":
            return f"have {message.split(' is a required', maxsplit=1)[0]}"
        if part is False and kind == "falseSchema":
            return "not be set"
        word = next((step for step in reversed(path) if isinstance(step, str)), "")
        return clause_of(word, part, untyped=self.untyped) or f"satisfy: {message}"

    def _sentence(self, value: Json, path: tuple[str | int, ...], clauses: list[str]) -> str:
        place = f"{render_key(path)[1:]} " if path else ""
        value = found_at(value, path)
        wanted = " and ".join(clauses)
        return f"{place}must {wanted}" if isinstance(value, dict | list) else f"{place}is {shown(value)}, must {wanted}"


def _asks_for_list(schema: Json) -> bool:
    return any(part.get("type") == "array" or LISTS & part.keys() for part in applied(schema))


def _only_asks_for_presence(schema: Json) -> bool:
    """Whether a schema says nothing of a value that its fingerprint could not answer: its type is hidden with it."""
    return schema.keys() <= ANNOTATIONS | {"type"} if isinstance(schema, dict) else schema is True


def _clean(value: Json) -> Json:
    """Return a value whose texts are valid Unicode, as a schema's engine needs them."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(member) for member in value]
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(member) for name, member in value.items()}
    return value
