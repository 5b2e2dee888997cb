"""Baselines from real directories: what is loaded, and every problem of every file at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from driftd.baselines.definition import LoadedBaseline, load_baselines
from driftd.settings.problems import ConfigurationError
from driftd.settings.trust import Trust

TRUST = Trust.of_user(os.getuid())
HEAD = "schema: driftd/baseline/1\nname: {name}\n"
RULE = """\
rules:
  - id: R-1
    item: /etc/ssh/sshd_config
    key: $.PermitRootLogin
    require: {enum: ["no"]}
    why: Root logs in as nobody.
"""


def put(directory: Path, name: str, body: str, *, head: str = HEAD) -> Path:
    file = directory / name / "baseline.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o755)
    file.write_text(head.format(name=name) + body)
    file.chmod(0o644)
    return file


def loaded(*directories: Path, labels: dict[str, str] | None = None) -> list[LoadedBaseline]:
    return load_baselines(directories, labels or {}, TRUST)


def problems_of(*directories: Path, labels: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        loaded(*directories, labels=labels)
    return [str(problem).replace(f"{directories[0]}/", "") for problem in refused.value.problems]


def test_every_directory_with_a_definition_is_a_baseline(tmp_path: Path) -> None:
    put(tmp_path, "sshd", "items: [{path: /etc/ssh/sshd_config}]\n")
    put(tmp_path, "app", "items:\n  - path: /srv/*.yml\n    content: digest\n" + RULE)
    put(tmp_path, ".git", "broken: [")
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("not a baseline")
    found = loaded(tmp_path)
    assert [baseline.definition.name for baseline in found] == ["app", "sshd"]
    assert found[0].directory == tmp_path / "app"
    assert found[0].definition.items[0].content == "digest"
    assert found[0].definition.rules[0].require == {"enum": ["no"]}
    assert found[0].digest.startswith("sha256:")


def test_a_directory_may_be_a_baseline_itself_and_is_loaded_once(tmp_path: Path) -> None:
    put(tmp_path, "sshd", "items: [{path: /etc/ssh/sshd_config}]\n")
    assert len(loaded(tmp_path / "sshd")) == 1
    assert len(loaded(tmp_path, tmp_path / "sshd", tmp_path)) == 1


def test_labels_choose_the_baselines_of_a_host(tmp_path: Path) -> None:
    put(tmp_path, "api", "applies_to: {role: api}\nitems: [{path: /a}]\n")
    put(tmp_path, "many", "applies_to: {role: [api, db]}\nitems: [{path: /b}]\n")
    put(tmp_path, "all", "items: [{path: /c}]\n")
    names = {role: [b.definition.name for b in loaded(tmp_path, labels={"role": role})] for role in ("api", "db", "x")}
    assert names == {"api": ["all", "api", "many"], "db": ["all", "many"], "x": ["all"]}


def test_a_baseline_for_other_hosts_is_checked_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, "api", "applies_to: {role: api}\nitems: [{path: etc}]\n")
    assert "is not absolute" in problems_of(tmp_path)[0]


def test_rules_without_items_are_a_baseline(tmp_path: Path) -> None:
    put(tmp_path, "policy", "approved: none\n" + RULE)
    assert len(loaded(tmp_path)[0].definition.rules) == 1


@pytest.mark.parametrize("body", ["", "items:\n", "items: []\nrules: []\n"])
def test_a_baseline_without_items_and_rules_is_refused(tmp_path: Path, body: str) -> None:
    put(tmp_path, "empty", body)
    assert problems_of(tmp_path) == [
        "empty/baseline.yaml:1: a baseline without items (name what it audits under items:)"
    ]


def test_all_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    put(
        tmp_path,
        "app",
        """\
severity: hihg
items:
  - path: etc/app.conf
  - path: /etc/../x
  - path: /etc/app/
  - path: /etc/app.conf
    format: ymal
  - path: /etc/app.conf
  - command: [sshd -T]
    name: the sshd
    every: soon
    when: [etc/ssh]
    timeout: 1h
    user: root
    privileged: true
ignore:
  - {item: app.conf, key: production.host, reason: "because"}
rules:
  - {id: A, item: /etc/app.conf, key: $.a}
  - {id: A, item: /etc/app.conf, key: $.b, require: {type: strng}, why: because}
itmes: []
""",
    )
    put(tmp_path, "other", "items: [{path: /x, max_items: 0, attributes: [mod]}]\n", head="schema: driftd/baseline/2\n")
    problems = problems_of(tmp_path)
    expected = [
        ('app/baseline.yaml:3: severity: unknown word "hihg"', 'did you mean "high"?'),
        ("app/baseline.yaml:5: items[0].path: 'etc/app.conf' is not absolute",),
        ("app/baseline.yaml:6: items[1].path: '/etc/../x' can never match",),
        ("app/baseline.yaml:7: items[2].path: '/etc/app/' ends in /",),
        ("app/baseline.yaml:9: items[3].format: ", "ymal", "yaml"),
        ('app/baseline.yaml:10: items[4]: path "/etc/app.conf" is there already, in line 8',),
        ("app/baseline.yaml:11: items[5].command: 'sshd -T' is one word", "write [sshd, -T]"),
        ("app/baseline.yaml:12: items[5].name: 'the sshd' cannot name a command",),
        ("app/baseline.yaml:13: items[5].every: 'soon' is not a duration",),
        ("app/baseline.yaml:14: items[5].when: 'etc/ssh' is not absolute",),
        ("app/baseline.yaml:15: items[5].timeout: 1h is out of bounds: at least 100ms, at most 10m",),
        ("app/baseline.yaml:19: ignore[0].item: 'app.conf' matches no item",),
        ("app/baseline.yaml:19: ignore[0].key: 'production.host' is not a JSONPath query",),
        ("app/baseline.yaml:21: rules[0]: require and why missing (add require, why)",),
        ('app/baseline.yaml:22: rules[1]: rule "A": ', "strng"),
        ('app/baseline.yaml:22: rules[1]: rule "A" is there already, in line 21',),
        ('app/baseline.yaml:23: unknown key "itmes" (did you mean "items"?)',),
        ('other/baseline.yaml:1: schema: unknown word "driftd/baseline/2"',),
        ("other/baseline.yaml:1: name missing",),
        ("other/baseline.yaml:2: items[0].max_items: 0 is not a limit",),
        ('other/baseline.yaml:2: items[0].attributes[0]: unknown word "mod"', '"mode"'),
    ]
    assert len(problems) == len(expected)
    for parts in expected:
        assert [all(part in problem for part in parts) for problem in problems].count(True) == 1, parts


def test_the_name_is_the_directorys(tmp_path: Path) -> None:
    put(tmp_path, "copy", "items: [{path: /a}]\n", head=HEAD.format(name="sshd"))
    assert problems_of(tmp_path) == [
        'copy/baseline.yaml:2: name: "sshd" stands in the directory "copy" (make the two equal: one name, everywhere)'
    ]


def test_two_baselines_of_one_name_name_each_other(tmp_path: Path) -> None:
    for side in ("a", "b"):
        put(tmp_path / side, "sshd", f"items: [{{path: /{side}}}]\n")
    problems = problems_of(tmp_path / "a", tmp_path / "b")
    assert len(problems) == 1
    assert 'two baselines are called "sshd"' in problems[0]
    assert f"{tmp_path}/b/sshd/baseline.yaml" in problems[0]
    assert "the other is sshd/baseline.yaml" in problems[0]


@pytest.mark.parametrize(
    ("one", "other", "tie"),
    [
        ("/etc/app.conf", "/etc/app.conf", True),
        ("/etc/*.conf", "/etc/*app*", True),
        ("/etc/*.conf", "/etc/app*", False),
        ("/etc/**", "/etc/*", True),
        ("/etc/{app,web}.conf", "/etc/app.conf", True),
        ("/etc/{a*,bb*}", "/etc/b*", True),
        ("/etc/*.conf", "/etc/*.yml", False),
        ("/etc/**", "/etc/ssh/*", False),
        ("/etc/*", "/etc/passwd", False),
        ("/srv/a*", "/srv/b*", False),
    ],
)
def test_patterns_of_two_baselines_that_tie_are_refused(tmp_path: Path, one: str, other: str, *, tie: bool) -> None:
    put(tmp_path, "one", f"items:\n  - path: {one}\n")
    put(tmp_path, "other", f"items: [{{path: /unrelated}}, {{path: '{other}'}}]\n")
    if not tie:
        assert len(loaded(tmp_path)) == 2
        return
    problems = problems_of(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(f"one/baseline.yaml:4: {one} and {other} in ")
    assert "other/baseline.yaml:3 are equally specific" in problems[0]


def test_a_command_of_one_name_stands_in_one_baseline_of_a_host(tmp_path: Path) -> None:
    for name in ("one", "two"):
        put(tmp_path, name, "items: [{command: [id], name: who}]\n")
    put(tmp_path, "elsewhere", "applies_to: {role: db}\nitems: [{command: [id], name: who}]\n")
    problems = problems_of(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith('two/baseline.yaml:3: items[0]: a command "who" is in ')
    assert "one/baseline.yaml:3 as well" in problems[0]


def test_baselines_that_approve_nothing_or_are_for_other_hosts_own_nothing(tmp_path: Path) -> None:
    put(tmp_path, "one", "items: [{path: /etc/passwd}]\n")
    put(tmp_path, "rules", "approved: none\nitems: [{path: /etc/passwd}]\n" + RULE)
    put(tmp_path, "elsewhere", "applies_to: {role: db}\nitems: [{path: /etc/passwd}]\n")
    assert len(loaded(tmp_path)) == 2
    assert len(problems_of(tmp_path, labels={"role": "db"})) == 1


def test_a_misnamed_definition_is_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "good", "items: [{path: /a}]\n")
    (tmp_path / "sshd").mkdir()
    (tmp_path / "sshd" / "baseline.yml").write_text("")
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "approved.json").write_text("{}")
    (tmp_path / "own" / "hosts" / "web-1").mkdir(parents=True)
    (tmp_path / "own" / "hosts" / "web-1" / "approved.json").write_text("{}")
    assert problems_of(tmp_path) == [
        "lost: has approved.json and no baseline.yaml (restore baseline.yaml, or remove all of it)",
        "own: has hosts/web-1/approved.json and no baseline.yaml (restore baseline.yaml, or remove all of it)",
        "sshd: has baseline.yml and no baseline.yaml (rename it to baseline.yaml)",
    ]


def test_a_dangling_definition_is_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "good", "items: [{path: /a}]\n")
    (tmp_path / "sshd").mkdir()
    (tmp_path / "sshd" / "baseline.yaml").symlink_to("gone")
    assert "is not there" in problems_of(tmp_path)[0]


def test_directories_that_hold_nothing_or_are_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no baseline" in problems_of(tmp_path / "empty")[0]
    assert "is not there" in problems_of(tmp_path / "missing")[0]
    (tmp_path / "file").touch()
    assert "cannot be listed" in problems_of(tmp_path / "file")[0]


def test_a_definition_that_others_can_write_is_refused_and_not_read(tmp_path: Path) -> None:
    put(tmp_path, "sshd", "nonsense: [").chmod(0o666)
    assert [problem.split("(chmod ")[1] for problem in problems_of(tmp_path)] == [
        "go-w sshd/baseline.yaml)",
    ]


def test_a_sticky_directory_cannot_hold_what_is_believed(tmp_path: Path) -> None:
    put(tmp_path, "sshd", "items: [{path: /a}]\n").parent.chmod(0o1777)
    assert len(problems_of(tmp_path)) == 1


def test_a_definition_that_does_not_parse_is_an_error_with_its_line(tmp_path: Path) -> None:
    put(tmp_path, "sshd", "items: [\nrules: }\n")
    assert problems_of(tmp_path)[0].startswith("sshd/baseline.yaml:4: is not YAML: ")
