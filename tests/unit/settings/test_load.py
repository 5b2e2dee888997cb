"""Settings from real files: what is accepted, and every problem at once, with file and line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from driftd.model.event import Action
from driftd.settings.load import load
from driftd.settings.outputs import JsonLinesSettings, StdoutSettings
from driftd.settings.problems import ConfigurationError
from driftd.settings.scalars import Duration
from driftd.settings.trust import Trust
from driftd.settings.types import Settings

EVERYTHING = """\
host:
  id: rack-7
  name: api-1
  labels: {role: api, env: production}
baselines: [baselines, /srv/baselines]
state: state
timezone: Europe/Berlin
audit: {every: 1h, deep: "30 2 * * sun", jitter: 0s}
watch: {enabled: false, settle: 500ms}
secrets: {key_file: secret.key}
control: {socket: /run/driftd.sock, group: ops}
outputs:
  - journald: {}
  - jsonl: {path: log/events.jsonl, min_severity: low, mode: 0600, group: adm}
  - stdout: {format: json, actions: [drift-opened, drift-resolved], baselines: [sshd]}
"""


def settings_of(directory: Path, text: str) -> Settings:
    file = directory / "driftd.yaml"
    file.write_text(text)
    file.chmod(0o600)
    return load(file, trust=Trust.of_user(os.getuid()))


def problems_of(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        settings_of(directory, text)
    return [str(problem).removeprefix(f"{directory}/") for problem in refused.value.problems]


def test_everything_that_can_be_set_is_read(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, EVERYTHING)
    assert (settings.host.id, settings.host.name) == ("rack-7", "api-1")
    assert settings.host.labels == {"role": "api", "env": "production"}
    assert settings.audit.every == Duration(3600)
    assert settings.audit.deep == "30 2 * * sun"
    assert settings.watch.settle == Duration(0.5)
    assert not settings.watch.enabled
    assert str(settings.zone) == "Europe/Berlin"
    assert settings.control_socket == Path("/run/driftd.sock")
    assert [output.kind for output in settings.outputs] == ["journald", "jsonl", "stdout"]
    lines, screen = settings.outputs[1].options, settings.outputs[2].options
    assert isinstance(lines, JsonLinesSettings)
    assert (lines.min_severity, lines.mode, lines.group) == ("low", 0o600, "adm")
    assert isinstance(screen, StdoutSettings)
    assert screen.actions == (Action.DRIFT_OPENED, Action.DRIFT_RESOLVED)
    assert screen.baselines == ("sshd",)


def test_paths_start_at_the_directory_of_the_file(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, EVERYTHING)
    assert settings.baselines == (tmp_path / "baselines", Path("/srv/baselines"))
    assert settings.state == tmp_path / "state"
    assert settings.key_file == tmp_path / "secret.key"
    lines = settings.outputs[1].options
    assert isinstance(lines, JsonLinesSettings)
    assert lines.path == tmp_path / "log/events.jsonl"


def test_what_is_not_set_has_its_default(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "baselines: [b]\nstate: s\n")
    assert settings.key_file == tmp_path / "s/secret.key"
    assert settings.control_socket == tmp_path / "s/control.sock"
    assert settings.outputs == ()
    assert settings.watch.enabled


def test_a_section_whose_lines_are_all_commented_out_has_its_defaults(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "baselines: [b]\naudit:\n#  every: 1h\noutputs:\nhost:\n  labels:\n")
    assert settings.audit.every == Duration(900)
    assert settings.outputs == ()


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """\
baselines: b
stat: /var/lib/driftd
audit: {every: 15, deep: "0 3 * * 0"}
watch:
  setle: 250ms
  enabled: "yes"
host: {labels: {env: 7}, name: a/b}
approval: {signatures: required}
outputs:
  - jsonl: {min_severity: hihg}
  - journal: {}
  - stdout
  - {journald: {}, stdout: {}}
"""
    every_output = "journald, jsonl, stdout, syslog, webhook, otlp, alertmanager"
    weekdays = "weekday '0': write one of mon, tue, wed, thu, fri, sat, sun"
    assert problems_of(tmp_path, text) == [
        'driftd.yaml:1: baselines: found the text "b", wanted a list of a path',
        'driftd.yaml:2: unknown key "stat" (did you mean "state"?)',
        "driftd.yaml:3: audit.every: the number 15 is not a duration (write a duration such as 250ms, 15m, 1h30m or 7d)",
        f'driftd.yaml:3: audit.deep: the text "0 3 * * 0" is not a schedule ({weekdays})',
        'driftd.yaml:5: watch: unknown key "setle" (did you mean "settle"?)',
        'driftd.yaml:6: watch.enabled: found the text "yes", wanted true or false',
        'driftd.yaml:7: host.labels.env: found the number 7, wanted text (put it in quotes: "7")',
        "driftd.yaml:7: host.name: 'a/b' is not a host name: letters, digits, dots, hyphens and underscores",
        "driftd.yaml:8: approval: not in this version (remove it, or install a later driftd)",
        'driftd.yaml:10: outputs[0].jsonl.min_severity: unknown word "hihg" (did you mean "high"?)',
        "driftd.yaml:10: outputs[0].jsonl: path missing (add path)",
        'driftd.yaml:11: outputs[1]: unknown key "journal" (did you mean "journald"?)',
        "driftd.yaml:11: outputs[1]: an entry of outputs names exactly one output: write `- journald: {}`",
        f'driftd.yaml:12: outputs[2]: found the text "stdout", wanted a mapping with {every_output}',
        "driftd.yaml:13: outputs[3]: an entry of outputs names exactly one output: write `- journald: {}`",
    ]


def test_no_problem_repeats_a_secret_that_was_written_in_the_wrong_place(tmp_path: Path) -> None:
    text = """baselines: [b]
outputs:
  - webhook: {url_file: https://hooks.example/services/T0/B0/hunter2}
  - otlp: {url: "https://a.example", token_file: hunter2, header_files: {X-Api-Key: hunter2}, timeout: soon}
  - webhook: {url: "https://a.example", username: me, password_file: hunter2}
  - webhook: {url: "https://a.example", headers: "Authorization: Bearer hunter2", secret_file: whsec_hunter2}
  - webhook: https://hooks.example/services/T0/B0/hunter2
  - webhook: {url: "https://a.example", headers: {X-Pin: 4711}}
  - syslog: {address: "tls://me:hunter2@logs.example"}
"""
    problems = problems_of(tmp_path, text)
    assert len(problems) == 10
    assert not [problem for problem in problems if "hunter2" in problem or "4711" in problem]
    assert 'driftd.yaml:4: outputs[1].otlp.timeout: the text "soon" is not a duration' in "\n".join(problems)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("reports: []", "reports"),
    ],
)
def test_a_key_of_a_later_version_is_refused_as_such(tmp_path: Path, line: str, key: str) -> None:
    problems = problems_of(tmp_path, f"baselines: [b]\n{line}\n")
    assert f"driftd.yaml:2: {key}: not in this version (remove it, or install a later driftd)" in problems


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "state: s\n") == ["driftd.yaml:1: baselines missing (add baselines)"]
    assert len(problems_of(tmp_path, "")) == 1
    assert "no directory of baselines" in problems_of(tmp_path, "baselines: []\n")[0]


@pytest.mark.parametrize("text", ["- a list\n", "just text\n", "42\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "wanted a mapping with baselines, host" in problems_of(tmp_path, text)[0]


def test_a_key_written_twice_is_an_error_with_its_line(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "baselines: [a]\nstate: s\nbaselines: [b]\n")
    assert len(problems) == 1
    assert "baselines" in problems[0]
    assert problems[0].startswith(("driftd.yaml:1", "driftd.yaml:3"))


def test_what_does_not_parse_is_an_error_with_its_line(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "baselines: [a]\nhost: {labels: ]\n")
    assert problems[0].startswith("driftd.yaml:2: is not YAML: ")


@pytest.mark.parametrize("path", ["~/baselines", '""', "7", "{}"])
def test_what_is_no_path_is_refused(tmp_path: Path, path: str) -> None:
    assert problems_of(tmp_path, f"baselines: [{path}]\n")[0].startswith("driftd.yaml:1: baselines[0]: ")


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, 'baselines: [b]\n"\\e[31mred": 1\n')
    assert "\x1b" not in problems[0]
    assert "\\x1b[31mred" in problems[0]


def test_a_file_that_others_can_write_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "driftd.yaml"
    file.write_text("unknown: 1\n")
    file.chmod(0o666)
    with pytest.raises(ConfigurationError) as refused:
        load(file, trust=Trust.of_user(os.getuid()))
    assert [problem.hint for problem in refused.value.problems] == [f"chmod go-w {file}"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"driftd\.yaml: is not there"):
        load(tmp_path / "driftd.yaml", trust=Trust.of_user(os.getuid()))


def test_a_rate_that_would_read_for_ever_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "baselines: [b]\naudit: {rate: 1KiB/s}\n")
    assert problem.startswith("driftd.yaml:2: audit.rate: 1KiB/s is too slow: at least 64KiB/s")
