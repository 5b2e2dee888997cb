"""Keys and tokens known by their shape, whatever they are called and wherever they stand."""

from __future__ import annotations

import pytest

from driftd.secrets.detectors import Pattern, detectors
from driftd.secrets.spans import secret_spans

MIXED = "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0cD5fG7hJ9kL1nP3rS5uV7wX9yZ2bC4eF6gH8jK0mN2pQ4sT6vW8xY0zB3dE5gH7jK9mN1pQ3sT5vW7x"
HEX = "0123456789abcdef" * 8

# In pieces, so that no scanner of repositories takes these for somebody's.
TOKENS = [
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ASIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + MIXED[:36],
    "gho_" + MIXED[:36],
    "ghs_" + MIXED[:36],
    "github_pat_" + MIXED[:22] + "_" + MIXED[:59],
    "glpat-" + MIXED[:20],
    "xoxb-" + "123456789012-1234567890123-" + MIXED[:24],
    "xapp-" + "1-A0123456789-" + MIXED[:24],
    "sk_live_" + MIXED[:24],
    "rk_test_" + MIXED[:24],
    "whsec_" + MIXED[:32],
    "SK" + HEX[:32],
    "key-" + HEX[:32],
    HEX[:32] + "-us12",
    "SG." + MIXED[:22] + "." + MIXED[:43],
    "AIza" + MIXED[:35],
    "GOCSPX-" + MIXED[:28],
    "ya29." + MIXED[:60],
    "1//0g" + MIXED[:40],
    MIXED[:11] + ":APA91b" + MIXED[:100],
    "123456789:AA" + MIXED[:33],
    "npm_" + MIXED[:36],
    "pypi-" + MIXED[:80],
    "dckr_pat_" + MIXED[:27],
    "rubygems_" + HEX[:48],
    "hvs." + MIXED[:40],
    MIXED[:14] + ".atlasv1." + MIXED[:67],
    "dop_v1_" + HEX[:64],
    "fm2_" + MIXED[:40],
    "tskey-auth-" + MIXED[:11] + "-" + MIXED[:32],
    "pul-" + HEX[:40],
    "dp.pt." + MIXED[:43],
    "glsa_" + MIXED[:32] + "_" + HEX[:8],
    "sntrys_" + MIXED[:60],
    "NRAK-" + "ABCDEFGHIJKLMNOPQRSTUVWXYZA",
    "dapi" + HEX[:32],
    "shpat_" + HEX[:32],
    "PMAK-" + HEX[:24] + "-" + HEX[:34],
    "lin_api_" + MIXED[:40],
    "ATATT3" + MIXED[:80],
    "sk-proj-" + MIXED[:48],
    "sk-ant-" + "api03-" + MIXED[:90],
    "hf_" + MIXED[:34],
    "xai-" + MIXED[:80],
    "gsk_" + MIXED[:52],
    "v1.0-" + HEX[:24] + "-" + HEX[:64],
    "AGE-SECRET-KEY-1" + "Q" * 58,
    "eyJ" + MIXED[:20] + ".eyJ" + MIXED[:30] + "." + MIXED[:43],
    "pbkdf2_sha256$260000$saltsalt$" + MIXED[:43] + "=",
    "pbkdf2:sha256:150000$salt$" + HEX[:64],
    "$P$B" + MIXED[:30],
    "$S$D" + MIXED[:51],
    "$y$j9T$saltsalt$" + MIXED[:43],
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" + MIXED[:43],
    "{SSHA512}" + MIXED[:80],
    "{noop}plainly",
    "{xor}LDo8LTor",
    "{SHA256-CRYPT}$5$saltsalt$" + MIXED[:43],
]


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:12])
@pytest.mark.parametrize("around", ["{}", "use {} here", 'value: "{}"', "a={};b=c"])
def test_a_token_is_hidden_wherever_it_stands(token: str, around: str) -> None:
    text = around.format(token)
    start = text.index(token)
    assert any(begin <= start and end >= start + len(token) for begin, end in secret_spans(text))


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + HEX[:64],
        "d41d8cd98f00b204e9800998ecf8427e",
        "0d1d7fc32e5a947fbd92ee598033d85bfc445a50",
        "123e4567-e89b-12d3-a456-426614174000",
        "h1:" + MIXED[:43] + "=",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + MIXED[:30] + " me@host",
        "registry.example.org/app@sha256:" + HEX[:64],
        "nginx:1.25.3-alpine",
        "disk-by-uuid",
        "v1.0-rc1",
        "task-user",
    ],
)
def test_digests_identifiers_and_public_keys_stay_readable(text: str) -> None:
    assert secret_spans(text, lines=True) == []


PATTERNS = detectors().patterns


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_every_pattern_comes_to_the_end_of_a_hostile_text(pattern: Pattern) -> None:
    """What repeats what the pattern asks for is the worst there is for it; one that is not linear would take hours."""

    for need in pattern.needs:
        for glue in (" ", " -p "):
            for _ in pattern.expression.finditer((need + glue) * 4000):
                continue
