"""`driftd compare` as people use it: on a terminal, in a pipe, with directories, and from git."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.command import (
    CLEAN,
    DEADLINE_S,
    DRIFT,
    INCOMPLETE,
    USAGE,
    WITHOUT_PRIVILEGE,
    command,
    environment,
    run,
)
from tests.contract.shapes import Json

FIRST = "a:\n  b: 1\n  c: 1\nd: x\n"
SECOND = "a:\n  b: 2\n  c: 2\nd: x\n"
SECRETS = ("zq7Kv9-first-Xw3", "zq7Kv9-second-Yp5")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two files that differ in two settings of one section."""
    files = tmp_path / "a.yml", tmp_path / "b.yml"
    for file, text in zip(files, (FIRST, SECOND), strict=True):
        file.write_text(text)
    return files


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two directories."""
    a, b = tmp_path / "a", tmp_path / "b"
    for directory in (a, b):
        (directory / "sub").mkdir(parents=True)
        (directory / "same.yml").write_text(FIRST)
    (a / "sub" / "x.yml").write_text(FIRST)
    (b / "sub" / "x.yml").write_text(SECOND)
    (a / "cosmetic.yml").write_text("a: 1\n")
    (b / "cosmetic.yml").write_text("# one\na:   1\n")
    return a, b


def on_a_terminal(*arguments: str | Path, columns: int, **more: str) -> str:
    """Return what the command writes to a terminal that shows colours."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*command(), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=environment(NO_COLOR="", TERM="xterm", COLUMNS=str(columns)) | more,
    ) as process:
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # the other end is closed
            pass
        finally:
            os.close(ours)
        assert process.wait(DEADLINE_S) in (CLEAN, DRIFT)
    return b"".join(pieces).decode()


# --- two files


def test_a_pipe_gets_no_colours_and_one_column(pair: tuple[Path, Path]) -> None:
    told = run("compare", *pair, status=DRIFT, COLUMNS="200", NO_COLOR="")
    assert told.out.splitlines() == [
        f"{pair[0]} -> {pair[1]}  (yaml)",
        "$.a",
        "  ~ b: 1 -> 2  line 2",
        "  ~ c: 1 -> 2  line 3",
        "2 changed",
    ]


def test_a_terminal_has_colours(pair: tuple[Path, Path]) -> None:
    assert "\x1b[31m1\x1b[0m -> \x1b[32m2\x1b[0m" in on_a_terminal("compare", *pair, columns=80)
    assert "\x1b" not in on_a_terminal("compare", *pair, columns=80, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("compare", *pair, "--color", "never", columns=80)
    assert "\x1b[31m" in run("compare", *pair, "--color", "always", status=DRIFT).out


def test_a_wide_terminal_shows_both_sides_beside_each_other(pair: tuple[Path, Path]) -> None:
    def beside(text: str) -> bool:
        return any(line.count(" | ") == 2 for line in text.splitlines())

    assert beside(on_a_terminal("compare", *pair, columns=120))
    assert not beside(on_a_terminal("compare", *pair, columns=119))
    assert not beside(on_a_terminal("compare", *pair, "--no-side-by-side", columns=150))
    assert beside(run("compare", *pair, "--side-by-side", status=DRIFT).out)


def test_quiet_says_it_by_the_status(pair: tuple[Path, Path]) -> None:
    for arguments, status in (((pair[0], pair[1]), DRIFT), ((pair[0], pair[0]), CLEAN)):
        told = run("compare", "--quiet", *arguments, status=status)
        assert (told.out, told.err) == ("", "")


def test_a_side_that_does_not_parse_is_told_with_its_line_and_what_to_do(pair: tuple[Path, Path]) -> None:
    pair[1].write_text("a: 1\nb: [1\n")
    told = run("compare", *pair, status=INCOMPLETE)
    assert re.search(rf"^{re.escape(str(pair[1]))}:[23]: ", told.err, re.MULTILINE)
    assert "--format" in told.err
    assert "lines of text" in told.out


def test_an_unknown_format_is_answered_with_the_nearest(pair: tuple[Path, Path]) -> None:
    assert "'yaml'" in run("compare", *pair, "--format", "yamll", status=USAGE).err


def test_files_of_two_formats_are_compared_by_their_settings(tmp_path: Path) -> None:
    before, after = tmp_path / "a.json", tmp_path / "b.yml"
    before.write_text('{"a": {"b": 1}, "c": "x"}')
    after.write_text("a:\n  b: 1\nc: y\n")
    told = run("compare", "--json", before, after, status=DRIFT).json("compare")
    assert [change["key"] for change in told["changes"]] == ["$.c"]


def test_standard_input_is_one_side(pair: tuple[Path, Path]) -> None:
    with pair[0].open() as stream:
        told = run("compare", "-", pair[0], "--as", "/x.yml", stdin=stream.fileno(), status=CLEAN)
    assert "equal" in told.out
    run("compare", "-", "-", status=USAGE)


def test_a_locale_without_the_letter_stops_nothing(pair: tuple[Path, Path]) -> None:
    pair[1].write_text("a: {b: é, c: 1}\nd: x\n")
    assert "\\xc3\\xa9" in run("compare", *pair, status=DRIFT, PYTHONIOENCODING="ascii").out


# --- directories


def by_path(told: Json) -> dict[str, Json]:
    return {entry["path"]: entry for entry in told["files"]}


def test_directories_are_compared_file_by_file(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (a / "gone.yml").write_text("x: 1\n")
    (b / "new.yml").write_text("x: 1\n")
    told = run("compare", "--json", a, b, status=DRIFT).json("compare")
    files = by_path(told)
    assert list(files) == sorted(files)
    assert [change["key"] for change in files["sub/x.yml"]["changes"]] == ["$.a.b", "$.a.c"]
    assert {path: entry.get("kind") for path, entry in files.items() if "kind" in entry} == {
        "gone.yml": "removed",
        "new.yml": "added",
    }
    assert [(path, entry["equal"], entry["cosmetic"]) for path, entry in files.items() if not entry["changes"]] == [
        ("cosmetic.yml", False, True),
        ("same.yml", True, False),
    ]
    summary = told["summary"]
    assert (summary["files"], summary["differing"], summary["changes"]["changed"]) == (5, 1, 2)


def test_directories_as_people_read_them(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (b / "new.yml").write_text("x: 1\n")
    assert run("compare", a, b, status=DRIFT).out.splitlines() == [
        "= cosmetic.yml  (cosmetic)",
        "+ new.yml  (file, only in B)",
        "sub/x.yml  (yaml)",
        "$.a",
        "  ~ b: 1 -> 2  line 2",
        "  ~ c: 1 -> 2  line 3",
        "2 changed; 4 files: 1 differ, 1 only in B, 1 cosmetic, 1 equal",
    ]


def test_equal_and_cosmetic_directories_are_clean(trees: tuple[Path, Path]) -> None:
    a, b = trees
    run("compare", a, a, status=CLEAN)
    (b / "sub" / "x.yml").write_text(FIRST)
    told = run("compare", "--json", a, b, status=CLEAN).json("compare")
    assert (told["equal"], told["cosmetic"]) == (False, True)
    told = run("compare", "--json", a, a, status=CLEAN).json("compare")
    assert (told["equal"], told["cosmetic"]) == (True, False)


def test_links_and_types_are_compared_and_never_followed(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (a / "link").symlink_to("/nowhere/one")
    (b / "link").symlink_to("/nowhere/two")
    (a / "other").symlink_to("same.yml")
    (b / "other").write_text(FIRST)
    (a / "loop").symlink_to(".")
    (b / "loop").symlink_to(".")
    os.mkfifo(a / "pipe")
    os.mkfifo(b / "pipe")
    files = by_path(run("compare", "--json", a, b, status=DRIFT).json("compare"))
    changes = {path: [(change["key"], change["before"], change["after"]) for change in entry["changes"]]
               for path, entry in files.items() if entry.get("kind") == "changed"}  # fmt: skip
    assert changes == {
        "link": [("$.target", "/nowhere/one", "/nowhere/two")],
        "other": [("$.type", "symlink", "file")],
    }
    assert files["loop"]["equal"]
    assert files["pipe"]["equal"]


def test_what_cannot_be_read_is_told_and_makes_it_incomplete(
    trees: tuple[Path, Path], require_real: Callable[[str], None]
) -> None:
    require_real("setpriv")
    a, b = trees
    (a / "same.yml").chmod(0)
    (b / "sub").chmod(0)
    before = WITHOUT_PRIVILEGE if os.geteuid() == 0 else ()
    try:
        told = run("compare", "--json", a, b, status=INCOMPLETE, before=before).json("compare")
        files = by_path(told)
        for path in ("same.yml", "sub"):
            assert "Permission denied" in files[path]["problems"][0]["message"]
            assert not files[path]["equal"]
            assert not files[path]["cosmetic"]
        text = run("compare", a, b, status=INCOMPLETE, before=before)
        assert f"{a}/same.yml:?: cannot be read: Permission denied" in text.err
        assert "incomplete" in text.out
    finally:
        (b / "sub").chmod(0o755)


def test_a_file_that_does_not_parse_on_one_side_makes_it_incomplete(trees: tuple[Path, Path]) -> None:
    a, b = trees
    (b / "same.yml").write_text("a: [1\n")
    told = run("compare", "--json", a, b, status=INCOMPLETE).json("compare")
    assert by_path(told)["same.yml"]["problems"][0]["line"]
    assert told["summary"]["incomplete"] == 1


def test_a_directory_beside_a_file_is_the_file_in_it(trees: tuple[Path, Path]) -> None:
    a, b = trees
    run("compare", a / "cosmetic.yml", b, status=CLEAN)
    run("compare", a, b / "cosmetic.yml", status=CLEAN)
    assert "absent.yml" in run("compare", a / "absent.yml", b, status=USAGE).err
    assert "directory" in run("compare", a / "sub", a / "same.yml", status=USAGE).err


def test_files_of_directories_are_read_as_if_they_stood_at_a_path(tmp_path: Path) -> None:
    for name, text in (("a", "x 1\n"), ("b", "X  1 # c\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sshd_config").write_text(text.replace("x", "Port").replace("X", "port"))
    told = run("compare", "--json", tmp_path / "a", tmp_path / "b", "--as", "/etc/ssh", status=CLEAN).json("compare")
    assert told["files"][0]["format"] == "sshd"


# --- secrets


def test_no_secret_is_shown_however_it_is_compared(trees: tuple[Path, Path]) -> None:
    for tree, secret in zip(trees, SECRETS, strict=True):
        (tree / "app.yml").write_text(f"database:\n  password: {secret}\n  list: [{{token: {secret}}}]\n")
        (tree / "broken.yml").write_text(f"password: {secret}\nx: [\n")
        (tree / "id_rsa").write_text(f"-----BEGIN PRIVATE KEY-----\n{secret}\n")
    (trees[1] / "new.yml").write_text(f"password: {SECRETS[1]}\n")
    a, b = trees[0] / "app.yml", trees[1] / "app.yml"
    git = ("--git", "app.yml", a, "0" * 40, "100644", b, "0" * 40, "100644")
    new = ("--git", "new.yml", "/dev/null", ".", ".", trees[1] / "new.yml", "0" * 40, "100644")
    for arguments in (trees, (*trees, "--json"), (*trees, "--side-by-side", "--full"), (a, b, "--full"), git, new):
        told = run("compare", *arguments)
        assert [secret for secret in SECRETS if secret in told.out + told.err] == []
        assert "driftd-secret:" in told.out


# --- git


class Repository:
    """A repository, and driftd where git finds it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        programs = directory.parent / "programs"
        programs.mkdir()
        (programs / "driftd").write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
        (programs / "driftd").chmod(0o755)
        directory.mkdir()
        self._environment = environment(
            PATH=f"{programs}:{os.environ['PATH']}",
            GIT_CONFIG_NOSYSTEM="1",
            GIT_CONFIG_GLOBAL="/dev/null",
            COLUMNS="80",
        )
        self.git("init", "--quiet")
        self.git("config", "user.name", "n")
        self.git("config", "user.email", "n@n.example")

    def git(self, *arguments: str, status: int = 0, **more: str) -> str:
        """Return what git prints."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.directory,
            env=self._environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def write(self, name: str, text: str) -> None:
        """Write a file of the working tree."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def diff(self, *arguments: str) -> str:
        """Return what `git diff` says through driftd."""
        return self.git("diff", *arguments, GIT_EXTERNAL_DIFF="driftd compare --git")


@pytest.fixture
def repository(tmp_path: Path, require_real: Callable[[str], None]) -> Repository:
    """A repository with one commit."""
    require_real("git")
    made = Repository(tmp_path / "repository")
    made.write("etc/ssh/sshd_config", "PermitRootLogin no\n")
    made.write("app.yml", FIRST)
    made.git("add", ".")
    made.git("commit", "--quiet", "--message", "first")
    return made


def test_git_diff_is_told_by_meaning_with_formats_by_path(repository: Repository) -> None:
    repository.write("etc/ssh/sshd_config", "# no\npermitrootlogin   yes\n")
    repository.write("app.yml", "# c\n" + FIRST)
    assert repository.diff().splitlines() == [
        "app.yml  (yaml)",
        "cosmetic: other bytes, the same settings",
        "etc/ssh/sshd_config  (sshd)",
        "~ $.permitrootlogin: no -> yes  line 1 -> 2",
    ]


def test_new_removed_and_renamed_files(repository: Repository) -> None:
    repository.git("rm", "--quiet", "etc/ssh/sshd_config")
    repository.git("mv", "app.yml", "moved.yml")
    repository.write("moved.yml", FIRST.replace("d: x", "d: y"))
    repository.write("new.yml", "n: 1\n")
    repository.git("add", ".")
    assert repository.diff("--cached", "-M30%").splitlines() == [
        "- etc/ssh/sshd_config  (sshd)",
        "- $.permitrootlogin: no  line 1",
        "app.yml -> moved.yml  (yaml)",
        "~ $.d: x -> y  line 4",
        "+ new.yml  (yaml)",
        "+ $.n: 1  line 1",
    ]


def test_modes_links_and_binary_files(repository: Repository) -> None:
    (repository.directory / "link").symlink_to("one")
    (repository.directory / "data").write_bytes(b"\0\1")
    repository.git("add", ".")
    (repository.directory / "link").unlink()
    (repository.directory / "link").symlink_to("two")
    (repository.directory / "data").write_bytes(b"\0\1\2")
    (repository.directory / "app.yml").chmod(0o755)
    told = repository.diff()
    assert "mode 100644 -> 100755" in told
    assert "one -> two" in told
    assert "binary, 2 and 3 bytes" in told


def test_what_does_not_parse_stops_nothing(repository: Repository) -> None:
    repository.write("app.yml", "a: [1\n")
    repository.write("etc/ssh/sshd_config", "PermitRootLogin yes\n")
    told = repository.diff()
    assert re.search(r"/app\.yml:[12]: ", told)
    assert "permitrootlogin" in told


def test_a_path_that_is_not_merged_is_told(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    repository.write("app.yml", FIRST.replace("d: x", "d: other"))
    repository.git("commit", "--quiet", "--all", "--message", "other")
    repository.git("checkout", "--quiet", "-")
    repository.write("app.yml", FIRST.replace("d: x", "d: ours"))
    repository.git("commit", "--quiet", "--all", "--message", "ours")
    repository.git("merge", "other", status=1)
    assert "not merged" in repository.diff("--cached")


def test_a_diff_driver_and_a_difftool(repository: Repository) -> None:
    repository.write("app.yml", SECOND)
    assert "~ b: 1 -> 2" in repository.git("difftool", "--no-prompt", "--extcmd", "driftd compare")
    repository.git("config", "diff.driftd.command", "driftd compare --git")
    repository.write(".gitattributes", "*.yml diff=driftd\n")
    assert "~ b: 1 -> 2" in repository.git("diff")
    repository.git("commit", "--quiet", "--all", "--message", "second")
    assert "~ b: 1 -> 2" in repository.git("show", "--ext-diff")


def test_other_arguments_than_those_of_git_are_bad_usage() -> None:
    assert "GIT_EXTERNAL_DIFF" in run("compare", "--git", "a", "b", status=USAGE).err
