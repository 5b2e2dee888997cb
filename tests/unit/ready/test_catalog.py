"""Ready-made baselines: each loads, each rule is sound, and each finds what it is about in a real file."""

from __future__ import annotations

import os
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from driftd.baselines.definition import load_baselines
from driftd.formats.reading import read
from driftd.model.baseline import Baseline, ItemPattern
from driftd.model.item import COMMAND
from driftd.policy.rules import violations
from driftd.ready.catalog import ready_baseline, ready_baselines, volatile_items
from driftd.ready.discovery import Traces
from driftd.settings.trust import Trust
from driftd.sources.glob import Glob

NAMES = [baseline.name for baseline in ready_baselines()]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Baseline]:
    """Return all ready-made baselines, copied as `init` copies them and loaded as the daemon loads them."""
    directory = tmp_path_factory.mktemp("baselines")
    for ready in ready_baselines():
        (directory / ready.name).mkdir()
        (directory / ready.name / "baseline.yaml").write_text(ready.text, encoding="utf-8")
    trust = Trust(frozenset({0, os.getuid()}))
    return {found.definition.name: found.definition for found in load_baselines([directory], {"role": "api"}, trust)}


def broken(baseline: Baseline, path: str, content: bytes) -> set[str]:
    """Return the ids of the rules that a file of this content breaks."""
    document = read(content, path).document
    rules = [rule for rule in baseline.rules if Glob(rule.item).matches(path)]
    assert rules
    return {violation.rule.id for violation in violations(rules, document)}


def test_every_baseline_of_the_catalog_loads(loaded: dict[str, Baseline]) -> None:
    assert sorted(loaded) == sorted(NAMES)


def test_every_directory_of_the_package_is_in_the_catalog() -> None:
    with as_file(files("driftd.ready")) as directory:
        found = {path.parent.name for path in Path(directory).glob("*/baseline.yaml")}
    assert found == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_says_why_how_to_mend_it_and_who_says_so(name: str, loaded: dict[str, Baseline]) -> None:
    rules = loaded[name].rules
    assert rules
    for rule in rules:
        assert rule.why
        assert rule.fix
        assert rule.reference
        assert rule.controls, rule.id


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_about_an_item_of_its_baseline(name: str, loaded: dict[str, Baseline]) -> None:
    patterns = [
        Glob(item.path if isinstance(item, ItemPattern) else COMMAND + item.name) for item in loaded[name].items
    ]
    for rule in loaded[name].rules:
        assert any(Glob(rule.item).overlaps(pattern) for pattern in patterns), rule.id


def test_rule_ids_are_not_shared_between_baselines(loaded: dict[str, Baseline]) -> None:
    ids = [rule.id for baseline in loaded.values() for rule in baseline.rules]
    assert len(ids) == len(set(ids))


BAD_SSHD = b"""\
PermitRootLogin Yes
PermitEmptyPasswords no
PasswordAuthentication yes
X11Forwarding yes
MaxAuthTries 10
LoginGraceTime 120
MaxStartups 10:30:100
ClientAliveInterval 0
LogLevel QUIET
Ciphers aes256-ctr,aes128-cbc
MACs hmac-sha2-256,hmac-md5
KexAlgorithms curve25519-sha256,diffie-hellman-group1-sha1
Match User backup
    PermitEmptyPasswords yes
"""
GOOD_SSHD = b"""\
Include /etc/ssh/sshd_config.d/*.conf
PermitRootLogin no
PasswordAuthentication No
UsePAM yes
X11Forwarding no
MaxAuthTries 3
LoginGraceTime 45
MaxStartups 10:30:60
ClientAliveInterval 5m
LogLevel VERBOSE
Ciphers -aes128-cbc
MACs hmac-sha2-256-etm@openssh.com
"""


def test_a_weak_sshd_config_is_found(loaded: dict[str, Baseline]) -> None:
    assert broken(loaded["sshd"], "/etc/ssh/sshd_config", BAD_SSHD) == {
        "SSHD-ROOT-LOGIN",
        "SSHD-EMPTY-PASSWORDS",
        "SSHD-PASSWORDS",
        "SSHD-X11",
        "SSHD-AUTH-TRIES",
        "SSHD-LOGIN-GRACE",
        "SSHD-MAX-STARTUPS",
        "SSHD-CLIENT-ALIVE",
        "SSHD-LOG-LEVEL",
        "SSHD-CIPHERS",
        "SSHD-MACS",
        "SSHD-KEX",
    }


@pytest.mark.parametrize("path", ["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/50-site.conf"])
def test_a_sound_sshd_config_is_in_order(path: str, loaded: dict[str, Baseline]) -> None:
    assert broken(loaded["sshd"], path, GOOD_SSHD) == set()
    assert broken(loaded["sshd"], path, b"") == set()


def test_the_defaults_of_debian_are_findings(loaded: dict[str, Baseline]) -> None:
    defaults = b"PASS_MAX_DAYS\t99999\nPASS_MIN_DAYS\t0\nPASS_WARN_AGE\t7\nUMASK\t\t022\nENCRYPT_METHOD SHA512\n"
    assert broken(loaded["accounts"], "/etc/login.defs", defaults) == {
        "ACC-PASSWORD-MAX-AGE",
        "ACC-PASSWORD-MIN-AGE",
        "ACC-UMASK",
    }


def test_a_kernel_parameter_is_judged_where_it_is_set(loaded: dict[str, Baseline]) -> None:
    content = b"kernel.randomize_va_space = 0\nnet/ipv4/conf/all/rp_filter = 2\nnet.ipv4.ip_forward=1\n"
    found = broken(loaded["sysctl"], "/etc/sysctl.d/10-site.conf", content)
    assert found == {"SYS-ASLR", "SYS-FORWARDING-1"}


def test_the_example_is_in_order_until_the_outage(loaded: dict[str, Baseline]) -> None:
    example = loaded["eventify-api"]
    tree = ready_baseline("eventify-api").directory / "tree/srv/eventify/config"
    content = (tree / "database.yml").read_bytes()
    path = "/srv/eventify/config/database.yml"
    assert broken(example, path, content) == set()
    assert broken(example, "/srv/eventify/config/app.yml", (tree / "app.yml").read_bytes()) == set()
    assert broken(example, path, content.replace(b"db-1.internal", b"db-l.internal")) == {"EVT-DB-HOST"}
    assert content.splitlines()[2] == b"  host: db-1.internal"


def test_a_baseline_applies_where_one_of_its_paths_is() -> None:
    assert ready_baseline("sshd").evidence(Traces({"/etc/ssh/sshd_config"}.__contains__, lambda _: None))
    assert not ready_baseline("sshd").evidence(Traces({"/etc/passwd"}.__contains__, lambda _: None))
    assert ready_baseline("eventify-api").example


def test_an_unknown_ready_made_baseline_is_answered_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"one of sshd, accounts, sysctl, .*, eventify-api"):
        ready_baseline("shhd")


def volatile(path: str, text: str | None = None) -> bool:
    """Whether a path is ignored on a host where it has this text."""
    return any(
        Glob(entry.item).matches(path) and entry.applies(lambda _path: False, lambda _path: text)
        for entry in volatile_items()
    )


@pytest.mark.parametrize(
    "path",
    ["/etc/mtab", "/etc/ld.so.cache", "/etc/adjtime", "/etc/.pwd.lock", "/etc/shadow-", "/etc/lvm/archive/vg_1.vg"],
)
def test_what_changes_by_itself_is_volatile(path: str) -> None:
    assert volatile(path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/machine-id",
        "/etc/passwd",
        "/etc/shadow",
        "/etc/fstab",
        "/etc/alternatives/editor",
        "/etc/nologin",
        "/etc/lvm/lvm.conf",
        "/etc/ssl/certs/site.pem",
        "/etc/cron.d/job",
        "/etc/hosts",
    ],
)
def test_what_somebody_changes_is_not(path: str) -> None:
    assert not volatile(path)


def test_resolv_conf_is_volatile_only_where_a_program_manages_it() -> None:
    assert volatile("/etc/resolv.conf", "# Generated by NetworkManager\nnameserver 10.0.0.1\n")
    assert not volatile("/etc/resolv.conf", "nameserver 10.0.0.1\n")
    assert not volatile("/etc/resolv.conf", None)


def test_an_ignore_entry_names_its_source() -> None:
    for entry in volatile_items():
        assert entry.source in entry.ignore().reason
        assert Glob(entry.item).prefix.startswith("/") or entry.item.startswith("**/")
