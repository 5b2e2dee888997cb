"""What an output cannot be told, and in which words that is said: no secret is repeated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from driftd.settings.load import load
from driftd.settings.outputs import OtlpSettings, SyslogSettings, WebhookSettings, names_of
from driftd.settings.problems import ConfigurationError
from driftd.settings.trust import Trust


def entry(tmp_path: Path, text: str) -> object:
    file = tmp_path / "driftd.yaml"
    file.write_text(f"baselines: [b]\noutputs:\n  - {text}\n")
    file.chmod(0o600)
    return load(file, trust=Trust.of_user(os.getuid())).outputs[0].options


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("webhook: {}", "name the receiver by `url`"),
        ("webhook: {url: 'https://a', url_file: /b}", "not by both"),
        ("webhook: {url: 'https://me:hunter2@a/'}", "webhook.url: holds credentials"),
        ("webhook: {url: 'https://a/?token=hunter2'}", "webhook.url: holds a secret"),
        (
            "webhook: {url: 'https://a/', headers: {Authorization: hunter2}}",
            "is a credential: put its value into a file",
        ),
        ("webhook: {url: 'https://a/', header_files: {A B: /hunter2}}", "is not the name of a header"),
        ("webhook: {url: 'https://a/', token_file: relative}", "write the absolute path of a file"),
        ("webhook: {url: 'https://a/', username: me}", "username and password_file belong together"),
        ("webhook: {url: 'https://a/', username: me, password_file: /p, token_file: /t}", "choose one"),
        ("webhook: {url: 'http://a/', ca_file: /ca}", "nothing would be encrypted"),
        ("otlp: {url: 'https://a/', key_file: /k}", "key_file without cert_file"),
        ("otlp: {url: 'https://a/', encoding: xml}", 'unknown word "xml"'),
        ("alertmanager: {url: 'http://a/', actions: [drift-opened]}", "remove `actions`"),
        ("alertmanager: {url: 'http://a/', labels: {severity: x}}", "severity is a label that driftd sets itself"),
        ("alertmanager: {url: 'http://a/', labels: {a-b: x}}", "'a-b' is not the name of a label"),
        ("alertmanager: {url: 'http://a/', resend: 1ms}", "is too short"),
        ("syslog: {address: 'udp://a', ca_file: /ca}", "nothing would be encrypted"),
        ("syslog: {address: /dev/log}", "is not an address of syslog"),
        ("syslog: {max_size: 64MiB}", "is no size for a message"),
        ("syslog: {enterprise: 0}", "is no such number"),
        ("syslog: {key_file: /k}", "key_file without cert_file"),
        ("journald: {name: 'of mine'}", "is no name for an output"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        entry(tmp_path, text)
    problems = [str(problem) for problem in caught.value.problems]
    assert any(why in problem for problem in problems), problems
    assert not any("hunter2" in problem for problem in problems)
    assert all("driftd.yaml:3: " in problem for problem in problems)


def test_files_of_certificates_start_at_the_settings(tmp_path: Path) -> None:
    made = entry(
        tmp_path, "otlp: {url: 'https://a:4318', ca_file: tls/ca.pem, token_file: 'credential:otlp', timeout: 3s}"
    )
    assert isinstance(made, OtlpSettings)
    assert (made.ca_file, made.token_file, made.timeout) == (tmp_path / "tls/ca.pem", "credential:otlp", 3.0)
    assert isinstance(entry(tmp_path, "syslog:"), SyslogSettings)
    assert isinstance(entry(tmp_path, "webhook: {url_file: /run/hook}"), WebhookSettings)


@pytest.mark.parametrize(("first", "second", "name"), [("siem", "siem", "siem"), ("jsonl-2", None, "jsonl-2")])
def test_two_outputs_are_not_called_the_same(tmp_path: Path, first: str, second: str | None, name: str) -> None:
    more = f", name: {second}" if second else ""
    with pytest.raises(ConfigurationError) as caught:
        entry(tmp_path, f"{{jsonl: {{path: /a, name: {first}}}}}\n  - {{jsonl: {{path: /b{more}}}}}")
    (problem,) = caught.value.problems
    assert f"two outputs are called {name}" in str(problem)


def test_outputs_are_called_as_they_say_else_by_kind_and_place(tmp_path: Path) -> None:
    file = tmp_path / "driftd.yaml"
    outputs = ["journald: {}", "jsonl: {path: /a}", "jsonl: {path: /b, name: siem}", "jsonl: {path: /c}", "stdout: {}"]
    file.write_text("baselines: [b]\noutputs:\n" + "".join(f"  - {one}\n" for one in outputs))
    file.chmod(0o600)
    found = load(file, trust=Trust.of_user(os.getuid())).outputs
    assert names_of(found) == ["journald", "jsonl", "siem", "jsonl-3", "stdout"]
