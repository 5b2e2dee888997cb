"""The centre: what is approved beside what is observed, judged. No I/O happens here.

    observation + approved item  ->  compare  ->  ignore  ->  rules  ->  changes with a severity  ->  drift, clean or gap

Read `judge` first: it is the main path of driftd. Everything else brings something to it or carries something away from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from driftd.compare.canonical import Identities
from driftd.compare.differ import compare
from driftd.compare.locate import key_at
from driftd.compare.meaning import Dialect, IdentityNames
from driftd.dialects.registry import dialect_of
from driftd.formats.registry import by_name
from driftd.model.approved import ApprovedItem
from driftd.model.baseline import Rule
from driftd.model.change import ABSENT, Absent, Aspect, Change, Kind, Severity, Side
from driftd.model.document import Document, Node, Problem
from driftd.model.drift import Drift, drift_id
from driftd.model.item import Attributes, Gap, ItemType, Observation
from driftd.model.keys import plain_steps
from driftd.model.result import NOT_APPROVED
from driftd.model.secret import tokens_in
from driftd.policy.query import Query, QueryFailedError
from driftd.policy.rules import Violation, violations
from driftd.secrets.fingerprint import digest_key_id, key_ids_in

READING_CHANGED: Final = "reading-changed"
SECRET_KEY_UNKNOWN: Final = "secret-key-unknown"  # noqa: S105 - a reason, not a password


@dataclass(frozen=True, slots=True)
class Terms:
    """What applies to one item: from the baseline that owns it, and what other baselines add."""

    baseline: str
    severity: Severity = Severity.MEDIUM
    needs_approval: bool = True
    ignores: tuple[Query, ...] = ()
    varies: tuple[Query, ...] = ()
    identities: tuple[tuple[Query, IdentityNames], ...] = ()
    rules: tuple[Rule, ...] = ()
    literal: bool = False
    """The item is named, not globbed: its absence is worth a rule's word."""
    secret_key_id: str | None = None
    """The key that masks today's secrets; values masked with another cannot be compared."""


class ApprovedCorrupt(Exception):
    """What is approved for an item cannot be trusted or read; the message says why."""


class Approvals(Protocol):
    """What is approved, as the judge asks for it."""

    def approved(self, baseline: str) -> bool:
        """Whether anything was ever approved for the baseline."""

    def item(self, baseline: str, item: str) -> ApprovedItem | None:
        """Return the approved state of an item; raises ApprovedCorrupt."""

    def document(self, baseline: str, approved: ApprovedItem, format: str | None) -> Document | None:
        """Read the approved bytes again by today's parser; None where they are gone. The document is masked."""

    def recorded(self, approved: ApprovedItem, *, untyped: bool) -> Document:
        """Return the settings as they were read at approval, with what is a secret by today's detectors masked as well."""


@dataclass(slots=True)
class Verdict:
    """What one item comes to. Neither changes nor gaps: clean."""

    changes: list[Change] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    cosmetic: bool = False
    """The bytes differ from the approved ones, the meaning does not."""


def drift_of(verdict: Verdict, terms: Terms, item: str, host_id: str) -> Drift | None:
    """Return the drift that a verdict's changes make, None where there are none."""
    if not verdict.changes:
        return None
    return Drift(drift_id(host_id, terms.baseline, item), terms.baseline, item, tuple(verdict.changes))


def judge(observed: Observation, terms: Terms, approvals: Approvals) -> Verdict:
    """Compare one observation with what is approved for it, and say what differs and what could not be said."""
    if observed.gap is not None:
        return Verdict(gaps=[observed.gap])
    case = _Case(observed, terms, approvals)
    with case.failures_as_gaps():
        case.compare()
    case.verdict.changes = [change.judged(terms.severity) for change in case.verdict.changes]
    with case.failures_as_gaps():
        case.apply_rules()
    return case.verdict


class _Case:
    """One item before the judge: its verdict fills step by step."""

    def __init__(self, observed: Observation, terms: Terms, approvals: Approvals) -> None:
        self.verdict = Verdict()
        self._observed = observed
        self._terms = terms
        self._approvals = approvals

    def _gap(self, reason: str, detail: str = "") -> None:
        self.verdict.gaps.append(Gap(self._observed.item, reason, detail))

    @contextmanager
    def failures_as_gaps(self) -> Iterator[None]:
        """What could not be judged is a gap beside what could."""
        try:
            yield
        except ApprovedCorrupt as error:
            self._gap("approved-corrupt", str(error))
        except QueryFailedError as error:
            self._gap("query-failed", str(error))

    # --- what differs from the approved state

    def compare(self) -> None:
        """Add how the item differs from its approved state."""
        if not self._terms.needs_approval:
            return
        if self._approvals.approved(self._terms.baseline):
            self._compare_with(self._approvals.item(self._terms.baseline, self._observed.item))
        elif self._observed.exists:
            self._gap(NOT_APPROVED)

    def _compare_with(self, approved: ApprovedItem | None) -> None:
        observed, verdict = self._observed, self.verdict
        if approved is None or observed.attributes is None:
            if (approved is None) != (observed.attributes is None):
                verdict.changes.append(_existence(observed, approved))
            return
        verdict.changes.extend(self._attributes(observed.attributes, approved))
        if approved.digest == observed.digest or approved.attributes.get("type") != observed.attributes.type.value:
            return
        content = self._content(approved)
        verdict.changes.extend(content)
        verdict.cosmetic = not content and not verdict.gaps

    def _attributes(self, attributes: Attributes, approved: ApprovedItem) -> list[Change]:
        shown = attributes.to_json()
        free = {plain_steps(query.text) for query in (*self._terms.ignores, *self._terms.varies)}
        key_id = self._terms.secret_key_id
        changes = []
        for name in sorted(shown.keys() | approved.attributes.keys()):
            before: Side = approved.attributes.get(name, ABSENT)
            after: Side = shown.get(name, ABSENT)
            if before == after or isinstance(after, Absent) or (name,) in free:
                continue  # an attribute that is no longer audited is no difference
            if isinstance(before, Absent):
                if shown["type"] == approved.attributes.get("type"):
                    self._gap(NOT_APPROVED, f"{name} was not recorded when this was approved")
            elif key_id is not None and key_ids_in(str(before)) - {key_id}:
                self._gap(SECRET_KEY_UNKNOWN, f"$.{name}")
            else:
                changes.append(_attribute(name, before, after))
        return changes

    def _content(self, approved: ApprovedItem) -> list[Change]:
        """What differs in the content of an item whose bytes are not the approved ones."""
        document, problem = self._observed.document, self._observed.parse_problem
        stopped = _stopped_parsing(problem if approved.format not in (None, "text") else None)
        if document is None or approved.format is None or approved.digest is None:
            return [*stopped, *self._as_a_whole(approved)]
        format = "text" if problem is not None else document.format
        before = self._approvals.document(self._terms.baseline, approved, format)
        if before is not None:
            return [*stopped, *self._differences(before, document)]
        if approved.reading is None or approved.format != format:
            return [*stopped, *self._as_a_whole(approved)]
        before = self._approvals.recorded(approved, untyped=document.untyped)
        return self._by_stored_settings(before, approved.reading, document)

    def _as_a_whole(self, approved: ApprovedItem) -> list[Change]:
        """Only digests are left to compare, and those only where both are of one key."""
        approved_key = digest_key_id(approved.digest) if approved.digest is not None else None
        key_id = self._terms.secret_key_id
        if approved_key is not None and key_id is not None and approved_key != key_id:
            detail = f"the approved digest was made with key {approved_key}, this host's is {key_id}"
            self._gap(SECRET_KEY_UNKNOWN, detail)
            return []
        return [Change(Aspect.CONTENT, Kind.CHANGED, "$", _side(approved.digest), _side(self._observed.digest))]

    def _by_stored_settings(self, before: Document, reading: str, after: Document) -> list[Change]:
        """What differs from the settings as they were read at approval: worth nothing once a later parser reads otherwise."""
        changes = self._differences(before, after)
        today = by_name(before.format).reading
        if not changes or reading == today:
            return changes
        detail = f"approved as {reading}, read as {today} now, and the approved bytes are gone: approve it again"
        self._gap(READING_CHANGED, detail)
        return []

    def _differences(self, before: Document, after: Document) -> list[Change]:
        comparison = compare(
            before.root,
            after.root,
            dialect=dialect_for(after),
            approved_identities=_identities_in(self._terms.identities, before.root),
            observed_identities=_identities_in(self._terms.identities, after.root),
        )
        changes = [
            change for change in comparison.changes if not _may_differ(change, self._terms, before.root, after.root)
        ]
        changes = [change for change in changes if not self._is_of_unknown_key(change)]
        if comparison.problems and changes:
            changes[0] = replace(changes[0], message="; ".join(problem.message for problem in comparison.problems))
        return changes

    def _is_of_unknown_key(self, change: Change) -> bool:
        """A secret masked with a key that is not at hand: neither drift nor clean, but a gap."""
        key_id = self._terms.secret_key_id
        if key_id is None or not isinstance(change.before, str):
            return False
        if all(token.key_id == key_id for token in tokens_in(change.before)):
            return False
        self._gap(SECRET_KEY_UNKNOWN, change.key)
        return True

    # --- what breaks a rule

    def apply_rules(self) -> None:
        """Add what violates a rule."""
        observed, terms = self._observed, self._terms
        if not terms.rules or not (observed.exists or terms.literal):
            return
        if _has_no_content(observed) and not terms.literal:
            return  # a pattern that means files means the directories and dead links between them as well
        if observed.exists and observed.document is None:
            self._gap("rules-unchecked", "its content was not read as settings")
            return
        if observed.parse_problem is not None:
            self._gap("rules-unchecked", f"does not parse: {observed.parse_problem.message}")
            return
        for violation in violations(terms.rules, observed.document):
            self._apply(violation)

    def _apply(self, violation: Violation) -> None:
        """Give the change at the violated place the rule's name, and its severity if that is worse; where nothing changed there, the violation is one itself."""
        rule = violation.rule
        severity = Severity.from_word(rule.severity) if rule.severity else self._terms.severity
        changes = self.verdict.changes
        for index, change in enumerate(changes):
            if _is_at(change, violation):
                changes[index] = change.judged(max(severity, change.severity), rule.id, violation.message)
                return
        changes.append(
            Change(
                Aspect.RULE,
                Kind.REMOVED if violation.steps is None else Kind.CHANGED,
                self._key_of(violation),
                after=violation.value,
                after_line=violation.line,
                severity=severity,
                rule=rule.id,
                message=violation.message,
                after_steps=violation.steps,
            )
        )

    def _key_of(self, violation: Violation) -> str:
        document = self._observed.document
        if violation.steps is None or document is None:
            return violation.rule.key
        identities = _identities_in(self._terms.identities, document.root)
        return key_at(document.root, violation.steps, dialect_for(document), identities)


def _existence(observed: Observation, approved: ApprovedItem | None) -> Change:
    if observed.attributes is not None:
        return Change(Aspect.EXISTENCE, Kind.ADDED, "$", after=observed.attributes.type.value)
    kind = str(approved.attributes.get("type", "file")) if approved else "file"
    return Change(Aspect.EXISTENCE, Kind.REMOVED, "$", before=kind)


def _attribute(name: str, before: Side, after: Side) -> Change:
    """The change of an attribute; an empty one was not set."""
    key = f"$.{name}"
    if before == "":
        return Change(Aspect.ATTRIBUTES, Kind.ADDED, key, after=after)
    if after == "":
        return Change(Aspect.ATTRIBUTES, Kind.REMOVED, key, before=before)
    return Change(Aspect.ATTRIBUTES, Kind.CHANGED, key, before, after)


def _stopped_parsing(problem: Problem | None) -> list[Change]:
    if problem is None:
        return []
    return [
        Change(Aspect.PARSE, Kind.CHANGED, "$", after_line=problem.line, message=f"does not parse: {problem.message}")
    ]


def _side(digest: str | None) -> Side:
    return digest if digest is not None else ABSENT


def dialect_for(document: Document) -> Dialect:
    """Return what the document's program means by its settings."""
    return dialect_of(document)


def _identities_in(identities: tuple[tuple[Query, IdentityNames], ...], root: Node) -> Identities:
    """Return the lists of a tree whose members a user told how to tell apart."""
    return {steps: names for query, names in identities for steps in query.locate(root)}


def _may_differ(change: Change, terms: Terms, before: Node, after: Node) -> bool:
    """Whether an `ignore` covers the change, or a `vary` does and the value is there on both sides."""
    if any(_selects(query, change, before, after) for query in terms.ignores):
        return True
    present = change.kind in (Kind.CHANGED, Kind.MOVED)
    return present and any(_selects(query, change, before, after) for query in terms.varies)


def _selects(query: Query, change: Change, before: Node, after: Node) -> bool:
    if change.before_steps is not None and query.covers(change.before_steps, query.locate(before)):
        return True
    return change.after_steps is not None and query.covers(change.after_steps, query.locate(after))


def _has_no_content(observed: Observation) -> bool:
    """Whether something is there that holds no settings by its nature: a directory, a link to none, a socket."""
    if observed.attributes is None or observed.digest is not None:
        return False
    return observed.attributes.type not in (ItemType.FILE, ItemType.COMMAND)


def _is_at(change: Change, violation: Violation) -> bool:
    """Whether a change that no rule has named yet is what violates one."""
    if change.aspect is not Aspect.CONTENT or change.rule is not None:
        return False
    if violation.steps is None:
        return change.kind is Kind.REMOVED and change.key == violation.rule.key
    return change.after_steps == violation.steps
