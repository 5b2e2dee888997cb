"""`driftd parse` as people use it: a tree, what a query selects, several files, what formats there are."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from driftd.formats import registry
from tests.contract.command import CLEAN, INCOMPLETE, USAGE, run

TEXT = "a:\n  - name: x\n    n: 1\n  - name: y\n    n: 2\nb: [1, 2]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A YAML file."""
    made = tmp_path / "a.yml"
    made.write_text(TEXT)
    return made


def test_a_file_is_shown_as_a_tree_with_lines(file: Path) -> None:
    assert run("parse", file, status=CLEAN).out.splitlines() == [
        f"{file}: yaml",
        "    1  a:",
        "    2    - name: x",
        "    3      n: 1",
        "    4    - name: y",
        "    5      n: 2",
        "    6  b:",
        "    6    - 1",
        "    6    - 2",
    ]


def test_keys_are_shown_whole(file: Path) -> None:
    assert "    5  $.a[?@.name=='y'].n = 2" in run("parse", file, "--keys", status=CLEAN).out.splitlines()


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("$.a[?@.name=='y'].n", ["    5  $.a[?@.name=='y'].n = 2"]),
        ("$..n", ["    3  $.a[?@.name=='x'].n = 1", "    5  $.a[?@.name=='y'].n = 2"]),
        ("$.b", ["    6  $.b:", "    6  - 1", "    6  - 2"]),
    ],
)
def test_a_query_selects(query: str, lines: list[str], file: Path) -> None:
    assert run("parse", file, "--key", query, status=CLEAN).out.splitlines() == lines


def test_what_a_query_selects_is_in_the_json(file: Path) -> None:
    told = run("parse", "--json", file, "--key", "$.a[0].n", status=CLEAN).json("parse")
    assert told["selected"] == [{"key": "$.a[?@.name=='x'].n", "line": 3, "value": 1}]
    assert run("parse", "--json", file, "--key", "$.nope", status=CLEAN).json("parse")["selected"] == []
    assert "selected" not in run("parse", "--json", file, status=CLEAN).json("parse")


def test_an_alias_is_selected_where_it_was_asked_for(tmp_path: Path) -> None:
    made = tmp_path / "a.yml"
    made.write_text("x: &x {n: 1}\ny: *x\n")
    told = run("parse", "--json", made, "--key", "$.y.n", status=CLEAN).json("parse")
    assert [found["key"] for found in told["selected"]] == ["$.y.n"]


def test_nothing_selected_is_said(file: Path) -> None:
    told = run("parse", file, "--key", "$.nope", status=CLEAN)
    assert (told.out, "$.nope" in told.err) == ("", True)


def test_a_wrong_query_is_bad_usage(file: Path) -> None:
    assert "--key $.a[" in run("parse", file, "--key", "$.a[", status=USAGE).err


def test_several_files_and_directories(file: Path, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "b.json").write_text('{"x": 1}')
    (tmp_path / "d" / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "d" / "pipe")
    told = run("parse", "--json", file, tmp_path / "d", status=CLEAN).json("parse")
    assert [(Path(one["path"]).name, one["format"]) for one in told["files"]] == [("a.yml", "yaml"), ("b.json", "json")]
    out = run("parse", file, tmp_path / "d", status=CLEAN).out
    assert f"{file}: yaml\n" in out
    assert f"{tmp_path}/d/b.json: json\n" in out


def test_one_of_several_that_does_not_parse_makes_it_incomplete(file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text("a: [\n")
    told = run("parse", broken, file, status=INCOMPLETE)
    assert re.search(rf"^{re.escape(str(broken))}:[12]: ", told.err, re.MULTILINE)
    assert f"{file}: yaml" in told.out
    run("parse", "--json", tmp_path, status=INCOMPLETE).json("parse")


def test_the_dialect_is_told(file: Path, tmp_path: Path) -> None:
    made = tmp_path / "sshd_config"
    made.write_text("Port 22\n")
    at = ("--as", "/etc/ssh/sshd_config")
    assert run("parse", made, *at, status=CLEAN).out.startswith("/etc/ssh/sshd_config: sshd, dialect sshd\n")
    assert run("parse", "--json", made, *at, status=CLEAN).json("parse")["dialect"] == "sshd"
    assert run("parse", "--json", file, status=CLEAN).json("parse")["dialect"] is None


def test_the_formats_are_listed() -> None:
    rows = run("parse", "--formats", status=CLEAN).out.splitlines()
    assert [row.split()[0] for row in rows] == sorted(entry.name for entry in registry.FORMATS)


def test_nothing_secret_is_shown(tmp_path: Path) -> None:
    made = tmp_path / "a.yml"
    made.write_text("database:\n  password: zq7Kv9-first-Xw3\n")
    for arguments in ([], ["--keys"], ["--key", "$..password"], ["--json", "--key", "$.database"], [str(tmp_path)]):
        told = run("parse", made, *arguments, status=CLEAN)
        assert "zq7Kv9" not in told.out + told.err
        assert "driftd-secret:" in told.out
