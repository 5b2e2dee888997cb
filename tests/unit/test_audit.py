"""The judge: what is approved beside what is observed, with nothing read and nothing written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import pytest

from driftd.audit import ApprovedCorrupt, Terms, Verdict, judge
from driftd.formats.reading import read
from driftd.formats.registry import by_name
from driftd.model.approved import ApprovedItem
from driftd.model.baseline import Rule
from driftd.model.change import Absent, Aspect, Change, Kind, Severity
from driftd.model.document import Document, Json, Node, Steps, node_from_json
from driftd.model.item import Attributes, Gap, ItemType, Observation
from driftd.policy.query import Query, QueryFailedError
from driftd.secrets.fingerprint import SecretKeeper
from driftd.secrets.mask import mask

ITEM = "/etc/app.yaml"
KEEPER = SecretKeeper(b"k" * 32)
OTHER_KEEPER = SecretKeeper(b"o" * 32)


@dataclass
class Approved:
    """What is approved, held in memory; `bytes` are those that the content store still has."""

    items: dict[str, ApprovedItem] = field(default_factory=dict)
    bytes: dict[str, bytes] = field(default_factory=dict)
    ever: bool = True
    corrupt: str | None = None

    def approved(self, baseline: str) -> bool:
        return self.ever

    def item(self, baseline: str, item: str) -> ApprovedItem | None:
        if self.corrupt:
            raise ApprovedCorrupt(self.corrupt)
        return self.items.get(item)

    def document(self, baseline: str, approved: ApprovedItem, format: str | None) -> Document | None:
        content = self.bytes.get(approved.item)
        if content is None:
            return None
        reading = read(content, approved.item, format)
        return None if reading.problem else reading.document

    def recorded(self, approved: ApprovedItem, *, untyped: bool) -> Document:
        assert approved.format is not None
        return Document(approved.item, approved.format, node_from_json(approved.settings), untyped=untyped)


FILE = Attributes(ItemType.FILE, mode="0640", owner="root", group="root")


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def seen(text: str | None, attributes: Attributes = FILE, *, keeper: SecretKeeper = KEEPER) -> Observation:
    """The item as read now, with this content; None: it has none that is compared."""
    if text is None:
        return Observation(ITEM, attributes)
    reading = read(text.encode(), ITEM)
    if reading.document is not None:
        mask(reading.document, keeper)
    return Observation(ITEM, attributes, digest=digest(text), document=reading.document, parse_problem=reading.problem)


def approved_as(text: str | None, attributes: Attributes = FILE, *, keeper: SecretKeeper = KEEPER) -> ApprovedItem:
    """What approving the item with this content recorded."""
    observed = seen(text, attributes, keeper=keeper)
    document = observed.document
    if document is None:
        return ApprovedItem(ITEM, attributes.to_json(), observed.digest)
    format = "text" if observed.parse_problem else document.format
    return ApprovedItem(
        ITEM, attributes.to_json(), observed.digest, format, by_name(format).reading, document.root.to_json()
    )


def approving(text: str | None, attributes: Attributes = FILE, *, keep_bytes: bool = True) -> Approved:
    approved = Approved({ITEM: approved_as(text, attributes)})
    if keep_bytes and text is not None:
        approved.bytes[ITEM] = text.encode()
    return approved


def terms(
    *,
    ignore: tuple[str, ...] = (),
    vary: tuple[str, ...] = (),
    rules: tuple[Rule, ...] = (),
    needs_approval: bool = True,
    literal: bool = False,
) -> Terms:
    return Terms(
        "app",
        Severity.MEDIUM,
        needs_approval=needs_approval,
        ignores=tuple(map(Query, ignore)),
        varies=tuple(map(Query, vary)),
        rules=rules,
        literal=literal,
        secret_key_id=KEEPER.key_id,
    )


def rule(key: str, require: dict[str, Json] | bool, *, optional: bool = False) -> Rule:
    return Rule(id="r1", item=ITEM, key=key, require=require, why="it matters", severity="critical", optional=optional)


def told(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(change.aspect.value, change.kind.value, change.key) for change in verdict.changes]


def reasons(verdict: Verdict) -> list[str]:
    return [gap.reason for gap in verdict.gaps]


def sides(change: Change) -> tuple[Json, Json]:
    return tuple("-" if isinstance(side, Absent) else side for side in (change.before, change.after))  # type: ignore[return-value]


# --- existence and approval


def test_an_item_that_could_not_be_read_is_a_gap_and_nothing_else() -> None:
    gap = Gap(ITEM, "permission-denied")
    verdict = judge(Observation(ITEM, gap=gap), terms(rules=(rule("$.a", {"const": 1}),)), approving("a: 1\n"))
    assert verdict.gaps == [gap]
    assert verdict.changes == []


def test_before_the_first_approval_an_item_waits_and_one_that_is_not_there_does_not() -> None:
    never = Approved(ever=False)
    assert reasons(judge(seen("a: 1\n"), terms(), never)) == ["not-approved"]
    assert judge(Observation(ITEM), terms(), never) == Verdict()


def test_rules_alone_need_no_approval() -> None:
    alone = terms(needs_approval=False, rules=(rule("$.a", {"const": 1}),))
    assert judge(seen("a: 1\n"), alone, Approved(ever=False)) == Verdict()
    assert told(judge(seen("a: 2\n"), alone, Approved(ever=False))) == [("rule", "changed", "$.a")]


def test_what_was_approved_before_a_baseline_became_rules_alone_is_not_compared() -> None:
    assert judge(seen("a: 2\n"), terms(needs_approval=False), approving("a: 1\n")) == Verdict()


def test_a_new_item_and_a_lost_one_are_changes_of_existence() -> None:
    added = judge(seen("a: 1\n"), terms(), Approved()).changes[0]
    assert (added.aspect, added.kind, added.key, *sides(added)) == (Aspect.EXISTENCE, Kind.ADDED, "$", "-", "file")
    removed = judge(Observation(ITEM), terms(), approving("a: 1\n")).changes[0]
    assert (removed.aspect, removed.kind, *sides(removed)) == (Aspect.EXISTENCE, Kind.REMOVED, "file", "-")
    assert judge(Observation(ITEM), terms(), Approved()) == Verdict()


def test_an_approved_state_that_cannot_be_believed_is_a_gap_and_rules_still_hold() -> None:
    verdict = judge(seen("a: 2\n"), terms(rules=(rule("$.a", {"const": 1}),)), Approved(corrupt="its digest differs"))
    assert [(gap.reason, gap.detail) for gap in verdict.gaps] == [("approved-corrupt", "its digest differs")]
    assert told(verdict) == [("rule", "changed", "$.a")]


# --- attributes


def test_attributes_differ_one_by_one_with_the_severity_of_the_baseline() -> None:
    observed = seen("a: 1\n", Attributes(ItemType.FILE, mode="0666", owner="mallory", group="root"))
    verdict = judge(observed, terms(), approving("a: 1\n"))
    assert [(change.key, *sides(change)) for change in verdict.changes] == [
        ("$.mode", "0640", "0666"),
        ("$.owner", "root", "mallory"),
    ]
    assert {change.aspect for change in verdict.changes} == {Aspect.ATTRIBUTES}
    assert {change.severity for change in verdict.changes} == {Severity.MEDIUM}


def test_an_attribute_that_was_not_recorded_is_a_gap_and_one_no_longer_audited_is_nothing() -> None:
    bare = Attributes(ItemType.FILE)
    verdict = judge(seen("a: 1\n"), terms(), approving("a: 1\n", bare))
    assert {gap.detail.split()[0] for gap in verdict.gaps} == {"mode", "owner", "group"}
    assert set(reasons(verdict)) == {"not-approved"}
    assert verdict.changes == []
    assert judge(seen("a: 1\n", bare), terms(), approving("a: 1\n")) == Verdict()


def test_another_type_is_one_change_without_a_word_about_content() -> None:
    link = Attributes(ItemType.LINK, target="/tmp/x", mode="0777", owner="root", group="root")
    verdict = judge(seen("b: 2\n", link), terms(), approving("a: 1\n", Attributes(ItemType.FILE)))
    assert told(verdict) == [("attributes", "changed", "$.type")]
    assert verdict.gaps == []


@pytest.mark.parametrize("kind", ["ignore", "vary"])
def test_an_attribute_may_be_ignored_or_vary_by_its_key(kind: str) -> None:
    observed = seen("a: 1\n", Attributes(ItemType.FILE, mode="0666", owner="mallory", group="root"))
    free = terms(ignore=("$.mode",)) if kind == "ignore" else terms(vary=("$.mode",))
    assert told(judge(observed, free, approving("a: 1\n"))) == [("attributes", "changed", "$.owner")]


def test_an_ignored_attribute_that_was_not_recorded_is_no_gap() -> None:
    recorded = Attributes(ItemType.FILE, mode="0640", owner="root")
    assert judge(seen("a: 1\n"), terms(ignore=("$['group']",)), approving("a: 1\n", recorded)) == Verdict()


@pytest.mark.parametrize("query", ["$", "$.*", "$..mode"])
def test_what_is_said_of_the_whole_content_does_not_silence_attributes(query: str) -> None:
    observed = seen("a: 2\n", Attributes(ItemType.FILE, mode="0666", owner="root", group="root"))
    verdict = judge(observed, terms(ignore=(query,)), approving("a: 1\n"))
    assert ("attributes", "changed", "$.mode") in told(verdict)


# --- content


def test_equal_bytes_are_equal_whatever_was_read_in_them() -> None:
    approved = approving("a: 1\n")
    approved.items[ITEM] = ApprovedItem(ITEM, FILE.to_json(), digest("a: 1\n"), "yaml", "yaml/0", {"nonsense": True})
    verdict = judge(Observation(ITEM, FILE, digest=digest("a: 1\n")), terms(), approved)
    assert verdict == Verdict()


def test_other_bytes_of_one_meaning_are_cosmetic() -> None:
    verdict = judge(seen("# comment\nb: 2\na: 1\n"), terms(), approving("a: 1\nb: 2\n"))
    assert verdict == Verdict(cosmetic=True)


@pytest.mark.parametrize("keep_bytes", [True, False], ids=["approved bytes", "stored settings"])
def test_what_differs_is_told_by_setting(keep_bytes: bool) -> None:
    verdict = judge(seen("a: 1\nb: {c: 3}\n"), terms(), approving("a: 1\nb: {c: 2}\n", keep_bytes=keep_bytes))
    change = verdict.changes[0]
    assert [(change.key, *sides(change), change.after_line)] == [("$.b.c", 2, 3, 2)]
    assert change.before_line == (2 if keep_bytes else None)
    assert (len(verdict.changes), verdict.gaps, verdict.cosmetic) == (1, [], False)


def test_content_without_settings_differs_by_digest() -> None:
    observed = Observation(ITEM, FILE, digest=digest("new"))
    approved = Approved({ITEM: ApprovedItem(ITEM, FILE.to_json(), digest("approved"))})
    verdict = judge(observed, terms(), approved)
    assert told(verdict) == [("content", "changed", "$")]
    assert sides(verdict.changes[0]) == (digest("approved"), digest("new"))


def test_a_file_that_no_longer_parses_says_so_and_is_compared_by_its_lines() -> None:
    verdict = judge(seen("a: 1\nb: [\n"), terms(), approving("a: 1\nb: 2\n"))
    assert told(verdict) == [("parse", "changed", "$"), ("content", "changed", "$[1]")]
    assert sides(verdict.changes[1]) == ("b: 2", "b: [")
    assert (verdict.changes[0].message or "").startswith("does not parse: ")
    assert verdict.changes[0].after_line is not None


def test_a_file_that_no_longer_parses_and_whose_approved_bytes_are_gone_differs_as_a_whole() -> None:
    verdict = judge(seen("a: 1\nb: [\n"), terms(), approving("a: 1\nb: 2\n", keep_bytes=False))
    assert told(verdict) == [("parse", "changed", "$"), ("content", "changed", "$")]


@pytest.mark.parametrize("keep_bytes", [True, False])
def test_a_file_that_was_approved_unparsable_is_compared_by_its_lines(keep_bytes: bool) -> None:
    verdict = judge(seen("a: [\nb: 3\n"), terms(), approving("a: [\nb: 2\n", keep_bytes=keep_bytes))
    assert [(change.key, *sides(change)) for change in verdict.changes] == [("$[1]", "b: 2", "b: 3")]


def test_settings_that_became_binary_stopped_parsing() -> None:
    observed = seen("a: 1\n")
    observed.document, observed.digest = None, digest("binary")
    observed.parse_problem = read(b"\0\0", ITEM).problem
    assert told(judge(observed, terms(), approving("a: 1\n"))) == [
        ("parse", "changed", "$"),
        ("content", "changed", "$"),
    ]


def read_by_an_earlier_parser(text: str, settings: Json) -> Approved:
    return Approved({ITEM: ApprovedItem(ITEM, FILE.to_json(), digest(text), "yaml", "yaml/0", settings)})


def test_a_difference_that_another_reading_may_have_made_is_a_gap() -> None:
    verdict = judge(seen("a: yes\nb: 1\n"), terms(), read_by_an_earlier_parser("a: yes\n", {"a": True}))
    assert reasons(verdict) == ["reading-changed"]
    assert "yaml/0" in verdict.gaps[0].detail
    assert (verdict.changes, verdict.cosmetic) == ([], False)


def test_another_reading_does_not_matter_where_nothing_differs_or_the_approved_bytes_are_there() -> None:
    approved = read_by_an_earlier_parser("a: 1\n", {"a": 1})
    assert judge(seen("a:  1\n"), terms(), approved) == Verdict(cosmetic=True)
    approved.bytes[ITEM] = b"a: 1\n"
    assert told(judge(seen("a: 2\n"), terms(), approved)) == [("content", "changed", "$.a")]


def test_a_list_with_two_members_of_one_identity_says_why_it_is_told_by_position() -> None:
    listed = "- {name: a, v: 1}\n- {name: a, v: %d}\n"
    verdict = judge(seen(listed % 3), terms(), approving(listed % 2))
    assert [change.key for change in verdict.changes] == ["$[1].v"]
    assert "'a' occurs twice" in (verdict.changes[0].message or "")


def test_an_identity_that_a_baseline_gives_names_the_member() -> None:
    listed = "users:\n- {name: x, uid: 1, home: /a}\n- {name: y, uid: 2, home: %s}\n"
    by_uid = Terms("app", identities=((Query("$.users"), (("uid",),)),))
    assert told(judge(seen(listed % "/c"), by_uid, approving(listed % "/b"))) == [
        ("content", "changed", "$.users[?@.uid==2].home")
    ]


# --- ignore and vary


@pytest.mark.parametrize(
    "query",
    ["$.b.c", "$.b", "$", "$..c", "$.b[*]", "$['b']['c']"],
)
def test_an_ignored_key_and_all_below_it_may_differ(query: str) -> None:
    verdict = judge(seen("a: 1\nb: {c: 3}\n"), terms(ignore=(query,)), approving("a: 1\nb: {c: 2}\n"))
    assert verdict == Verdict(cosmetic=True)


def test_what_is_not_ignored_is_told_beside_what_is() -> None:
    verdict = judge(seen("a: 2\nb: {c: 3}\n"), terms(ignore=("$.b",)), approving("a: 1\nb: {c: 2}\n"))
    assert told(verdict) == [("content", "changed", "$.a")]


@pytest.mark.parametrize(("approved", "observed"), [("a: 1\nb: 2\n", "a: 1\n"), ("a: 1\n", "a: 1\nb: 2\n")])
def test_an_ignored_key_may_be_there_on_one_side_alone(approved: str, observed: str) -> None:
    assert judge(seen(observed), terms(ignore=("$.b",)), approving(approved)) == Verdict(cosmetic=True)


@pytest.mark.parametrize("query", ["$.jobs[?@.name=='b']", "$.jobs[1].v", "$.jobs[?@.name=='b'].v"])
def test_an_ignored_place_is_found_in_either_document(query: str) -> None:
    approved, observed = "jobs: [{name: a}, {name: b, v: 1}]\n", "jobs: [{name: z}, {name: a}, {name: b, v: 2}]\n"
    verdict = judge(seen(observed), terms(ignore=(query,)), approving(approved))
    assert told(verdict) == [("content", "added", "$.jobs[?@.name=='z']")]


def test_a_value_may_vary_and_must_be_there() -> None:
    vary = terms(vary=("$.b",))
    assert judge(seen("a: 1\nb: 3\n"), vary, approving("a: 1\nb: 2\n")) == Verdict(cosmetic=True)
    assert told(judge(seen("a: 1\n"), vary, approving("a: 1\nb: 2\n"))) == [("content", "removed", "$.b")]
    assert told(judge(seen("a: 1\nb: 2\n"), vary, approving("a: 1\n"))) == [("content", "added", "$.b")]


class Unanswerable(Query):
    """A query for which this document is too deep."""

    __slots__ = ()

    def locate(self, root: Node) -> set[Steps]:
        raise QueryFailedError("$..x: nested too deeply")


@pytest.mark.parametrize("ignored", [True, False], ids=["ignore", "identify"])
def test_a_query_that_cannot_be_answered_is_a_gap_never_clean_or_drift(ignored: bool) -> None:
    query = Unanswerable("$..x")
    asked = Terms("app", ignores=(query,)) if ignored else Terms("app", identities=((query, (("uid",),)),))
    observed = seen("a: 2\n", Attributes(ItemType.FILE, mode="0666", owner="root", group="root"))
    verdict = judge(observed, asked, approving("a: 1\n"))
    assert reasons(verdict) == ["query-failed"]
    assert told(verdict) == [("attributes", "changed", "$.mode")]
    assert not verdict.cosmetic


# --- secrets


def test_a_changed_secret_is_a_change_of_its_fingerprint() -> None:
    verdict = judge(seen("password: new-one\n"), terms(), approving("password: approved\n", keep_bytes=False))
    assert told(verdict) == [("content", "changed", "$.password")]
    assert "new-one" not in json.dumps(verdict.changes[0].to_json())


def test_a_secret_under_another_key_is_a_gap_for_that_key_alone() -> None:
    approved = Approved({ITEM: approved_as("password: hunter2hunter2\nport: 1\n", keeper=OTHER_KEEPER)})
    verdict = judge(seen("password: hunter2hunter2\nport: 2\n"), terms(), approved)
    assert [(gap.reason, gap.detail) for gap in verdict.gaps] == [("secret-key-unknown", "$.password")]
    assert told(verdict) == [("content", "changed", "$.port")]


def test_a_digest_under_another_key_is_a_gap() -> None:
    digests = (keeper.digest(b"the same") for keeper in (OTHER_KEEPER, KEEPER))
    approved, observed = digests
    found = Approved({ITEM: ApprovedItem(ITEM, FILE.to_json(), approved)})
    verdict = judge(Observation(ITEM, FILE, digest=observed), terms(), found)
    assert reasons(verdict) == ["secret-key-unknown"]
    assert verdict.changes == []


# --- rules


def test_a_violation_where_something_changed_raises_that_change() -> None:
    verdict = judge(seen("a: 2\nb: 2\n"), terms(rules=(rule("$.a", {"const": 1}),)), approving("a: 1\nb: 1\n"))
    assert [(c.key, c.aspect, c.severity, c.rule) for c in verdict.changes] == [
        ("$.a", Aspect.CONTENT, Severity.CRITICAL, "r1"),
        ("$.b", Aspect.CONTENT, Severity.MEDIUM, None),
    ]
    assert sides(verdict.changes[0]) == (1, 2)
    assert verdict.changes[0].message


def test_a_violation_that_was_approved_is_a_change_of_its_own() -> None:
    verdict = judge(
        seen("jobs: [{name: x, tls: false}]\n"),
        terms(rules=(rule("$.jobs[*].tls", {"const": True}),)),
        approving("jobs: [{name: x, tls: false}]\n"),
    )
    change = verdict.changes[0]
    assert told(verdict) == [("rule", "changed", "$.jobs[?@.name=='x'].tls")]
    assert (change.severity, change.rule, change.after_line) == (Severity.CRITICAL, "r1", 1)
    assert sides(change) == ("-", False)


def test_two_rules_about_one_change_are_both_told() -> None:
    both = (rule("$.a", {"const": 1}), Rule(id="r2", item=ITEM, key="$.a", require={"maximum": 1}, why="it is much"))
    verdict = judge(seen("a: 2\n"), terms(rules=both), approving("a: 1\n"))
    assert [(c.aspect.value, c.key, c.rule) for c in verdict.changes] == [
        ("content", "$.a", "r1"),
        ("rule", "$.a", "r2"),
    ]


def test_an_ignored_change_does_not_excuse_a_violation() -> None:
    verdict = judge(seen("a: 2\n"), terms(ignore=("$.a",), rules=(rule("$.a", {"const": 1}),)), approving("a: 1\n"))
    assert told(verdict) == [("rule", "changed", "$.a")]


def test_a_required_key_that_was_removed_is_that_removal() -> None:
    verdict = judge(seen("b: 1\n"), terms(rules=(rule("$.a", {"const": 1}),)), approving("a: 1\nb: 1\n"))
    assert [(c.aspect, c.kind, c.key, c.rule) for c in verdict.changes] == [(Aspect.CONTENT, Kind.REMOVED, "$.a", "r1")]


def test_a_required_key_that_never_was_is_missing_unless_it_is_optional() -> None:
    def verdict(*, optional: bool) -> Verdict:
        missing = rule("$.a", {"const": 1}, optional=optional)
        return judge(seen("b: 1\n"), terms(rules=(missing,)), approving("b: 1\n"))

    assert told(verdict(optional=False)) == [("rule", "removed", "$.a")]
    assert sides(verdict(optional=False).changes[0]) == ("-", "-")
    assert verdict(optional=True) == Verdict()


@pytest.mark.parametrize(("literal", "changes"), [(True, [("rule", "removed", "$.a")]), (False, [])])
def test_rules_miss_their_keys_in_an_item_that_is_named_and_not_there(
    literal: bool, changes: list[tuple[str, str, str]]
) -> None:
    asked = terms(literal=literal, needs_approval=False, rules=(rule("$.a", {"const": 1}),))
    assert told(judge(Observation(ITEM), asked, Approved())) == changes


def test_rules_that_could_not_be_asked_are_a_gap() -> None:
    ruled = terms(rules=(rule("$.a", {"const": 1}),))
    assert reasons(judge(seen(None), ruled, approving(None))) == ["rules-unchecked"]
    assert reasons(judge(seen("a: [\n"), ruled, approving("a: [\n"))) == ["rules-unchecked"]


@pytest.mark.parametrize("kind", [ItemType.DIRECTORY, ItemType.LINK, ItemType.SOCKET])
@pytest.mark.parametrize(("literal", "gaps"), [(False, []), (True, ["rules-unchecked"])])
def test_what_has_no_content_by_nature_is_a_gap_only_where_it_is_named(
    kind: ItemType, literal: bool, gaps: list[str]
) -> None:
    place = Attributes(kind, mode="0755", owner="root", group="root")
    ruled = terms(literal=literal, rules=(rule("$.a", {"const": 1}),))
    assert reasons(judge(seen(None, place), ruled, approving(None, place))) == gaps
