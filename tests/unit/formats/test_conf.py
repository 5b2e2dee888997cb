"""Configuration that no format knows: which files it is, what means nothing in it and what counts."""

from __future__ import annotations

import pytest

from driftd.formats import conf
from driftd.formats.conf.files import reads
from driftd.model.document import Json

COSMETIC = {
    "comments": ("a 1\n", "# one\n#two\n; three\n // four\na 1\n"),
    "a comment indented otherwise": ("a\n  b\n", "a\n# c\n  b\n"),
    "blank lines": ("a 1\nb 2\n", "\na 1\n \t\n\nb 2\n\n"),
    "white space": ("a  1 \n", "a\t1"),
    "indentation": ("a\n  b\n    c\n  d\ne\n", "a\n\tb\n\t\tc\n\td\ne\n"),
    "the whole file indented": ("  a\n    b\n", "a\n b\n"),
    "indentation between braces": ("a {\nb 1\n  c {\n  }\n}\n", "  a {\n    b 1\n  c {\n      }\n  }\n"),
    "white space outside of quotes": ('a   "x  y"\n', 'a "x  y"\n'),
}
DRIFT = {
    "nesting": ("a\n  b\nc\n", "a\n  b\n  c\n"),
    "a deeper line": ("a\n  b\n  c\n", "a\n  b\n    c\n"),
    "order": ("a\nb\n", "b\na\n"),
    "a line commented out": ("a\nb\n", "a\n#b\n"),
    "quoted white space": ('a "x  y"\n', 'a "x y"\n'),
    "white space in a quote of two lines": ('a "x\n  y"\n', 'a "x\ny"\n'),
    "a comment sign in a quote of two lines": ('a "x\n# y\n"\n', 'a "x\n"\n'),
    "a blank line in a here-document": ("a <<E\n\nE\n", "a <<E\nE\n"),
    "white space in a continued line": ("a \\\n  b\n", "a \\\n b\n"),
    "a continuation that a blank breaks": ("a \\\nb\n", "a \\ \nb\n"),
    "what follows a number sign": ("a 1 # b\n", "a 1 # c\n"),
    "a directive with a number sign": ('#include "a"\n', '#include "b"\n'),
    "a name that starts with slashes": ("//host/a /mnt\n", "//host/b /mnt\n"),
}


def said(text: str) -> Json:
    return conf.parse(text.encode(), "/x").root.to_json()


@pytest.mark.parametrize("case", COSMETIC)
def test_what_no_program_reads_means_nothing(case: str) -> None:
    before, after = COSMETIC[case]
    assert said(before) == said(after)


@pytest.mark.parametrize("case", DRIFT)
def test_what_a_program_may_read_counts(case: str) -> None:
    before, after = DRIFT[case]
    assert said(before) != said(after)


def test_a_quote_that_nothing_closes_is_a_character() -> None:
    assert said('a " b\n# c\nd   e\n') == ['a " b', "d e"]


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("/srv/app.conf", b"some words that are prose\n", True),
        ("/srv/templates/app.conf.erb", b"<%= @x %>\n", True),
        ("/srv/app.rules.dpkg-old", b"x\n", True),
        ("/home/a/.apprc", b"x\n", True),
        ("/etc/app/setup", b"x 1\n", True),
        ("/srv/app/domains", b"a\nb\n", True),
        ("/srv/app/domains", b"# one a line\na\nb\n", True),
        ("/srv/app.conf", b"#!/bin/sh\nx\n", False),
        ("/srv/app.conf", b"#!KAMAILIO\nx\n", True),
        ("/etc/app/tls.conf", b"-----BEGIN CERTIFICATE-----\n", False),
        ("/etc/app/hook.php", b"# x\n", False),
        ("/etc/app/README.local", b"# x\n", False),
        ("/etc/motd.d/welcome", b"Welcome.\n", True),
        ("/etc/motd.tail", b"Welcome.\n", False),
        ("/etc/app/hello", b"This is a text that was written for people.\n", False),
        ("/etc/app/setup", b"", False),
        ("/etc/app/setup", b" \n\n", False),
        ("/etc/app/setup", b"# x\n", True),
        ("/srv/app.conf", b"\n", True),
        ("/usr/share/app/notes", b"# Title\nThis is a text that was written for people.\n", False),
    ],
)
def test_names_places_and_contents_say_what_is_configuration(path: str, data: bytes, expected: bool) -> None:
    assert reads(path, data) is expected
