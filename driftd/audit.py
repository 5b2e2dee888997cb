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
from driftd.model.item import Gap, ItemType, Observation
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
    verdict = Verdict()
    with _failures_as_gaps(observed.item, verdict):
        if terms.needs_approval and approvals.approved(terms.baseline):
            _compare_item(observed, approvals.item(terms.baseline, observed.item), terms, approvals, verdict)
        elif terms.needs_approval and observed.exists:
            verdict.gaps.append(Gap(observed.item, NOT_APPROVED))
    verdict.changes = [replace(change, severity=terms.severity) for change in verdict.changes]
    with _failures_as_gaps(observed.item, verdict):
        _apply_rules(observed, terms, verdict)
    return verdict


@contextmanager
def _failures_as_gaps(item: str, verdict: Verdict) -> Iterator[None]:
    """What could not be judged is a gap beside what could."""
    try:
        yield
    except ApprovedCorrupt as error:
        verdict.gaps.append(Gap(item, "approved-corrupt", str(error)))
    except QueryFailedError as error:
        verdict.gaps.append(Gap(item, "query-failed", str(error)))


def _compare_item(
    observed: Observation, approved: ApprovedItem | None, terms: Terms, approvals: Approvals, verdict: Verdict
) -> None:
    if approved is None or observed.attributes is None:
        if (approved is None) != (observed.attributes is None):
            verdict.changes.append(_existence(observed, approved))
        return
    verdict.changes.extend(_attributes(observed, approved, terms, verdict))
    if approved.digest == observed.digest or approved.attributes.get("type") != observed.attributes.type.value:
        return
    content = _content(observed, approved, terms, approvals, verdict)
    verdict.changes.extend(content)
    verdict.cosmetic = not content and not verdict.gaps


def _existence(observed: Observation, approved: ApprovedItem | None) -> Change:
    if observed.attributes is not None:
        return Change(Aspect.EXISTENCE, Kind.ADDED, "$", after=observed.attributes.type.value)
    kind = str(approved.attributes.get("type", "file")) if approved else "file"
    return Change(Aspect.EXISTENCE, Kind.REMOVED, "$", before=kind)


def _attributes(observed: Observation, approved: ApprovedItem, terms: Terms, verdict: Verdict) -> list[Change]:
    assert observed.attributes is not None
    shown = observed.attributes.to_json()
    free = {plain_steps(query.text) for query in (*terms.ignores, *terms.varies)}
    changes = []
    for name in sorted(shown.keys() | approved.attributes.keys()):
        before: Side = approved.attributes.get(name, ABSENT)
        after: Side = shown.get(name, ABSENT)
        if before == after or isinstance(after, Absent) or (name,) in free:
            continue  # an attribute that is no longer audited is no difference
        if isinstance(before, Absent):
            if shown["type"] == approved.attributes.get("type"):
                verdict.gaps.append(Gap(observed.item, NOT_APPROVED, f"{name} was not recorded when this was approved"))
            continue
        if terms.secret_key_id is not None and key_ids_in(str(before)) - {terms.secret_key_id}:
            verdict.gaps.append(Gap(observed.item, SECRET_KEY_UNKNOWN, f"$.{name}"))
            continue
        changes.append(_attribute(name, before, after))
    return changes


def _attribute(name: str, before: Side, after: Side) -> Change:
    """The change of an attribute; an empty one was not set."""
    key = f"$.{name}"
    if before == "":
        return Change(Aspect.ATTRIBUTES, Kind.ADDED, key, after=after)
    if after == "":
        return Change(Aspect.ATTRIBUTES, Kind.REMOVED, key, before=before)
    return Change(Aspect.ATTRIBUTES, Kind.CHANGED, key, before, after)


def _content(
    observed: Observation, approved: ApprovedItem, terms: Terms, approvals: Approvals, verdict: Verdict
) -> list[Change]:
    """What differs in the content of an item whose bytes are not the approved ones."""
    problem = observed.parse_problem
    stopped = _stopped_parsing(problem if approved.format not in (None, "text") else None)
    if observed.document is None or approved.format is None or approved.digest is None:
        return [*stopped, *_as_a_whole(observed, approved, terms, verdict)]
    format = "text" if problem is not None else observed.document.format
    before = approvals.document(terms.baseline, approved, format)
    if before is not None:
        return [*stopped, *_differences(before, observed.document, terms, verdict, observed.item)]
    if approved.reading is None or approved.format != format:
        return [*stopped, *_as_a_whole(observed, approved, terms, verdict)]
    before = approvals.recorded(approved, untyped=observed.document.untyped)
    return _by_stored_settings(before, approved.reading, observed, terms, verdict)


def _as_a_whole(observed: Observation, approved: ApprovedItem, terms: Terms, verdict: Verdict) -> list[Change]:
    """Only digests are left to compare, and those only where both are of one key."""
    key_id = digest_key_id(approved.digest) if approved.digest is not None else None
    if key_id is not None and terms.secret_key_id is not None and key_id != terms.secret_key_id:
        detail = f"the approved digest was made with key {key_id}, this host's is {terms.secret_key_id}"
        verdict.gaps.append(Gap(observed.item, SECRET_KEY_UNKNOWN, detail))
        return []
    return [Change(Aspect.CONTENT, Kind.CHANGED, "$", _side(approved.digest), _side(observed.digest))]


def _by_stored_settings(
    before: Document, reading: str, observed: Observation, terms: Terms, verdict: Verdict
) -> list[Change]:
    """What differs from the settings as they were read at approval: worth nothing once a later parser reads otherwise."""
    assert observed.document is not None
    changes = _differences(before, observed.document, terms, verdict, observed.item)
    today = by_name(before.format).reading
    if not changes or reading == today:
        return changes
    detail = f"approved as {reading}, read as {today} now, and the approved bytes are gone: approve it again"
    verdict.gaps.append(Gap(observed.item, READING_CHANGED, detail))
    return []


def _stopped_parsing(problem: Problem | None) -> list[Change]:
    if problem is None:
        return []
    return [
        Change(Aspect.PARSE, Kind.CHANGED, "$", after_line=problem.line, message=f"does not parse: {problem.message}")
    ]


def _side(digest: str | None) -> Side:
    return digest if digest is not None else ABSENT


def _differences(before: Document, after: Document, terms: Terms, verdict: Verdict, item: str) -> list[Change]:
    comparison = compare(
        before.root,
        after.root,
        dialect=dialect_for(after),
        approved_identities=located_identities(terms.identities, before.root),
        observed_identities=located_identities(terms.identities, after.root),
    )
    changes = [change for change in comparison.changes if not _may_differ(change, terms, before.root, after.root)]
    changes = [change for change in changes if not _unknown_key(change, terms, verdict, item)]
    if comparison.problems and changes:
        changes[0] = replace(changes[0], message="; ".join(problem.message for problem in comparison.problems))
    return changes


def dialect_for(document: Document) -> Dialect:
    """Return what the document's program means by its settings."""
    return dialect_of(document)


def located_identities(identities: tuple[tuple[Query, IdentityNames], ...], root: Node) -> Identities:
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


def _unknown_key(change: Change, terms: Terms, verdict: Verdict, item: str) -> bool:
    """A secret masked with a key that is not at hand: neither drift nor clean, but a gap."""
    if terms.secret_key_id is None or not isinstance(change.before, str):
        return False
    if all(token.key_id == terms.secret_key_id for token in tokens_in(change.before)):
        return False
    verdict.gaps.append(Gap(item, SECRET_KEY_UNKNOWN, change.key))
    return True


def _apply_rules(observed: Observation, terms: Terms, verdict: Verdict) -> None:
    if not terms.rules or not (observed.exists or terms.literal):
        return
    if _has_no_content(observed) and not terms.literal:
        return  # a pattern that means files means the directories and dead links between them as well
    if observed.exists and observed.document is None:
        verdict.gaps.append(Gap(observed.item, "rules-unchecked", "its content was not read as settings"))
        return
    if observed.parse_problem is not None:
        verdict.gaps.append(Gap(observed.item, "rules-unchecked", f"does not parse: {observed.parse_problem.message}"))
        return
    for violation in violations(terms.rules, observed.document):
        _apply_violation(violation, observed.document, terms, verdict)


def _has_no_content(observed: Observation) -> bool:
    """Whether something is there that holds no settings by its nature: a directory, a link to none, a socket."""
    if observed.attributes is None or observed.digest is not None:
        return False
    return observed.attributes.type not in (ItemType.FILE, ItemType.COMMAND)


def _apply_violation(violation: Violation, document: Document | None, terms: Terms, verdict: Verdict) -> None:
    """Give the change at the violated place the rule's name, and its severity if that is worse; where nothing changed there, the violation is one itself."""
    rule = violation.rule
    severity = Severity.from_word(rule.severity) if rule.severity else terms.severity
    for index, change in enumerate(verdict.changes):
        same_place = violation.steps is not None and change.after_steps == violation.steps
        went_away = violation.steps is None and change.kind is Kind.REMOVED and change.key == rule.key
        if change.aspect is Aspect.CONTENT and change.rule is None and (same_place or went_away):
            verdict.changes[index] = change.judged(max(severity, change.severity), rule.id, violation.message)
            return
    key = rule.key
    if violation.steps is not None and document is not None:
        identities = located_identities(terms.identities, document.root)
        key = key_at(document.root, violation.steps, dialect_for(document), identities)
    verdict.changes.append(
        Change(
            Aspect.RULE,
            Kind.REMOVED if violation.steps is None else Kind.CHANGED,
            key,
            after=violation.value,
            after_line=violation.line,
            severity=severity,
            rule=rule.id,
            message=violation.message,
            after_steps=violation.steps,
        )
    )
