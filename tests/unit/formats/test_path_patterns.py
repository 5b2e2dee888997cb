"""Path patterns: where they match, and which of several wins."""

from __future__ import annotations

import pytest

from driftd.formats.path_index import PathIndex
from driftd.formats.path_patterns import PathPatterns


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.yml", "/etc/a.yml", True),
        ("*.yml", "a.yml", True),
        ("*.yml", "/etc/.yml", True),
        ("*.yml", "/etc/a.yml/b", False),
        ("*/ssh/sshd_config", "/etc/ssh/sshd_config", True),
        ("*/ssh/sshd_config", "ssh/sshd_config", True),
        ("*/ssh/sshd_config", "/etc/xssh/sshd_config", False),
        ("/etc/hosts", "/srv/etc/hosts", False),
        ("*/nginx/**/*.conf", "/etc/nginx/a/b/c.conf", True),
        ("*/nginx/**/*.conf", "/etc/nginx/c.conf", True),
        ("*/nginx/*.conf", "/etc/nginx/a/c.conf", False),
        ("nginx.conf", "/etc/nginxxconf", False),
    ],
)
def test_a_pattern_matches_paths(pattern: str, path: str, *, matches: bool) -> None:
    assert PathPatterns([pattern]).match(path) is matches
    assert (PathIndex([(pattern, 1)]).first(path) == 1) is matches


def test_the_pattern_that_says_more_wins_and_a_tie_goes_to_the_earlier() -> None:
    index = PathIndex(
        [("*.conf", "any"), ("*/nginx/*.conf", "nginx"), ("*/xinetd/*.conf", "other"), ("*.conf", "late")]
    )
    assert index.all("/etc/nginx/a.conf") == ["nginx", "any", "late"]


def test_a_copy_counts_as_what_it_is_a_copy_of() -> None:
    index = PathIndex([("*.yml", "yaml"), ("*.bak", "copy")])
    assert index.first("/etc/a.yml.dpkg-old") == "yaml"
    assert index.first("/etc/a.yml~") == "yaml"
    assert index.first("/etc/a.yml.bak") == "copy"
    assert index.first("/etc/a.yml.bak.orig") == "copy"


def test_a_pattern_that_could_never_match_is_refused() -> None:
    with pytest.raises(ValueError, match="starts with neither"):
        PathIndex([("etc/hosts", 1)])
