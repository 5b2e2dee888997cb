from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.model.item import shown_path
from driftd.sources.glob import Glob, escape


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/etc/hosts", "/etc/hosts", True),
        ("/etc/hosts", "/etc/hosts/x", False),
        ("/etc/", "/etc", True),
        ("/etc", "/etc/hosts", False),
        ("/etc/*", "/etc/.hidden", True),
        ("/etc/*", "/etc", False),
        ("/etc/*", "/etc/ssh/sshd_config", False),
        ("/etc/*.conf", "/etc/.conf", True),
        ("/etc/?", "/etc/é", True),
        ("/etc/?", "/etc/\\xff", True),
        ("/etc/?", "/etc/ab", False),
        ("/etc/**", "/etc", False),
        ("/etc/**", "/etc/a", True),
        ("/etc/**", "/etc/a/b/c", True),
        ("/etc/**/*.conf", "/etc/x.conf", True),
        ("/etc/**/*.conf", "/etc/a/b/x.conf", True),
        ("/etc/**/*.conf", "/etc/a/b/x.cnf", False),
        ("/etc/**.conf", "/etc/x.conf", True),
        ("/etc/**.conf", "/etc/a/b/x.conf", True),
        ("/etc/n**x", "/etc/nginx", True),
        ("/etc/n**x", "/etc/nginx/sites/max", True),
        ("/etc/n**x", "/etc/apache/max", False),
        ("/**/**/**/b", "/b", True),
        ("/**/**/**", "/b/c", True),
        ("**/prometheus.yml", "/srv/prometheus.yml", True),
        ("**/prometheus.yml", "/prometheus.yml", True),
        ("**", "/etc/a", True),
        ("**", "sshd-effective", True),
        ("*", "sshd-effective", True),
        ("*", "/etc", False),
        ("*", "/", False),
        ("*/hosts", "/hosts", False),
        ("/", "/", True),
        ("/etc/{a,b}.conf", "/etc/b.conf", True),
        ("/etc/{a,b}.conf", "/etc/c.conf", False),
        ("/{etc,srv/{x,y}}/z", "/srv/y/z", True),
        ("/{etc,srv/{x,y}}/z", "/etc/z", True),
        ("/{etc,srv/{x,y}}/z", "/srv/z", False),
        ("/etc/a{,.d}", "/etc/a", True),
        ("/etc/a{,.d}", "/etc/a.d", True),
        ("/etc/{one}", "/etc/{one}", True),
        ("/etc/{x{one},b}", "/etc/x{one}", True),
        ("/etc/[a-c]x", "/etc/bx", True),
        ("/etc/[a-c]x", "/etc/dx", False),
        ("/etc/[!a-c]x", "/etc/dx", True),
        ("/etc/[^a]x", "/etc/ax", False),
        ("/etc/[]-]", "/etc/]", True),
        ("/etc/[]-]", "/etc/-", True),
        ("/etc/[.]", "/etc/x", False),
        ("/etc/a\nb*", "/etc/a\\x0ab.conf", True),
        ("/etc/*", "/etc/a\\x0ab", True),
        ("/etc/\\x2a", "/etc/*", True),
        ("/etc/\\x2a", "/etc/x", False),
        ("/etc/\\*", "/etc/*", True),
        ("/etc/\\xc3\\xa9", "/etc/é", True),
        ("/etc/\\xff?", "/etc/\\xffa", True),
        ("/etc/a\\x5cb", "/etc/a\\x5cb", True),
        ("/etc//./hosts", "/etc/hosts", True),
    ],
)
def test_a_glob_means_exactly_these_paths(pattern: str, path: str, expected: bool) -> None:
    assert Glob(pattern).matches(path) is expected


def test_a_path_may_be_given_as_the_machine_has_it() -> None:
    assert Glob("/etc/\\xff*").matches(b"/etc/\xff.conf")
    assert Glob("/etc/?.conf").matches(b"/etc/\xff.conf")
    assert not Glob("/etc/\\xff*").matches(b"/etc/\xfe.conf")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "empty"),
        ("/etc/{a,b", "never closed"),
        ("/etc/[ab", "never closed"),
        ("/etc/[z-a]", "empty"),
        ("/etc/[[:alpha:]]", "named classes"),
        ("/etc/[a/b]", "'/'"),
        ("/etc/../x", "'..'"),
        ("/etc/\\q", "x5c"),
        ("/etc/x\\", "x5c"),
        ("/" + "{a,b}" * 20, "alternatives"),
        ("/" + "**a" * 20, "alternatives"),
        ("/" + "{a," * 200 + "}" * 200, "deep"),
        ("/" + "a" * 5000, "at most"),
        ("/a\0b", "NUL"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused_with_the_reason(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Glob(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["/" + "*a" * 60 + "b", "/" + "**/a*/" * 12 + "z", "/" + "[a]*" * 60 + "b", "/" + "**/" * 500 + "z"],
)
def test_a_name_made_to_be_slow_is_not(pattern: str) -> None:
    glob = Glob(pattern)
    assert not glob.matches("/" + "a" * 255)
    assert not glob.matches("/" + "a/" * 500 + "y")


def test_literal_and_prefix_are_the_fixed_text() -> None:
    assert Glob("/etc/hosts").literal == "/etc/hosts"
    assert Glob("/etc/\\x2a").literal == "/etc/*"
    assert Glob("/").literal == "/"
    assert Glob("/etc/{a,b}").literal is None
    assert Glob("/etc/{a,b}").literals == ("/etc/a", "/etc/b")
    assert Glob("/etc/{a,b}").prefix == "/etc/"
    assert Glob("/etc/ssh/*.conf").prefix == "/etc/ssh/"
    assert Glob("/etc/s*h/x").prefix == "/etc/s"
    assert Glob("/etc/**").prefix == "/etc/"
    assert Glob("**/x").prefix == ""


def test_the_most_specific_pattern_sorts_last() -> None:
    patterns = ["**", "/etc/**", "/etc/ssh/*", "/etc/ssh/sshd*", "/etc/x"]
    assert [
        glob.pattern for glob in sorted(map(Glob, reversed(patterns)), key=lambda glob: glob.specificity)
    ] == patterns


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/etc/*.conf", "/etc/a*", True),
        ("/etc/*.conf", "/etc/*.yml", False),
        ("/etc/*", "/srv/*", False),
        ("/etc/**", "/etc/ssh/sshd_config", True),
        ("/etc/**", "/etc", False),
        ("/etc/**/*.conf", "/etc/a/**", True),
        ("/etc/{a,b}", "/etc/{b,c}", True),
        ("/etc/{a,b}", "/etc/{c,d}", False),
        ("**/x", "/etc/x", True),
        ("*", "/", False),
        ("/etc/a", "/etc/a", True),
        ("/etc/[ab]x", "/etc/[cd]x", True),
        ("/**/a", "/**/b", False),
        ("/**/a/**", "/**/b/**", True),
    ],
)
def test_overlap_is_seen_from_both_sides(one: str, other: str, expected: bool) -> None:
    assert Glob(one).overlaps(Glob(other)) is expected
    assert Glob(other).overlaps(Glob(one)) is expected


@given(
    st.binary(min_size=1, max_size=30).filter(
        lambda name: b"\0" not in name and b"/" not in name and name not in (b".", b"..")
    )
)
def test_an_escaped_item_is_a_pattern_for_itself_alone(name: bytes) -> None:
    item = shown_path(b"/etc/" + name)
    glob = Glob(escape(item))
    assert glob.literal == item
    assert glob.matches(item)
    assert glob.matches(b"/etc/" + name)
    assert not glob.matches(b"/etc/" + name + b"x")


@given(st.text("ab*?[]!-", min_size=1, max_size=8), st.text("ab-", min_size=1, max_size=6))
def test_within_a_name_globs_agree_with_fnmatch(pattern: str, name: str) -> None:
    try:
        glob = Glob(pattern)
    except ValueError:
        return
    if "**" in pattern or "[" in pattern:
        return
    assert glob.matches(name) is fnmatch.fnmatchcase(name, pattern)


_segments = st.lists(st.sampled_from(["a", "b", "*", "**", "a*", "*b", "?"]), min_size=1, max_size=4)


@given(_segments, _segments, st.lists(st.sampled_from(["a", "b", "ab", "aa"]), min_size=1, max_size=5))
def test_globs_that_share_a_path_overlap(one: list[str], other: list[str], path: list[str]) -> None:
    mine, theirs = Glob("/" + "/".join(one)), Glob("/" + "/".join(other))
    if mine.matches("/" + "/".join(path)) and theirs.matches("/" + "/".join(path)):
        assert mine.overlaps(theirs)


def _matches_by_regex(segments: list[str], path: str) -> bool:
    expression = "".join(
        "(?:/[^/]+)*" if segment == "**" else "/(?=[^/])" + segment.replace("*", "[^/]*").replace("?", "[^/]")
        for segment in ([*segments, "*"] if segments[-1] == "**" else segments)
    )
    return re.fullmatch(expression, path) is not None


@given(_segments, st.lists(st.sampled_from(["a", "b", "ab", "aa"]), min_size=1, max_size=5))
def test_segments_match_as_a_plain_regular_expression_would(segments: list[str], names: list[str]) -> None:
    path = "/" + "/".join(names)
    assert Glob("/" + "/".join(segments)).matches(path) is _matches_by_regex(segments, path)
