"""Manual pages and completions: they hold every command, option and key, and nothing breaks out of them."""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import driftd
from driftd.cli.handbook import SHELLS, commands, completion, files, pages
from driftd.cli.main import COMMANDS, STATUSES
from driftd.handbook.commands_page import commands_page
from driftd.handbook.described import Takes, described
from driftd.handbook.roff import plain
from driftd.handbook.vocabulary_page import keys_of, meaning

DOCS = Path(driftd.__file__).parent.parent / "docs"


def shown(text: str, tmp_path: Path) -> str:
    """Return a page as `man` shows it; fail on any warning of groff."""
    page = tmp_path / "page"
    page.write_text(text)
    told = subprocess.run(
        ["man", "--warnings", "-l", str(page)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MANPAGER": "cat"},
    )
    assert told.stderr == ""
    return re.sub(".\b", "", told.stdout)


@pytest.mark.parametrize("name", sorted(pages()))
def test_readers_of_manual_pages_have_nothing_to_say(
    name: str, tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("mandoc")
    page = tmp_path / name
    page.write_text(pages()[name])
    told = subprocess.run(
        ["mandoc", "-Tlint", "-Wall", page.name], cwd=tmp_path, capture_output=True, text=True, check=False
    ).stdout
    assert [line for line in told.splitlines() if "missing date" not in line] == []
    require_real("man")
    assert shown(pages()[name], tmp_path).startswith(name.rpartition(".")[0].upper())


def test_the_page_of_the_command_has_every_option_with_its_meaning(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("man")
    text = " ".join(shown(pages()["driftd.1"], tmp_path).replace("\u2010", "-").replace("\u2019", "'").split())
    for command in commands():
        assert command.example in text
        for argument in command.arguments:
            assert all(name in text for name in argument.names)
            assert " ".join(argument.meaning.replace("`", "").split())[1:] in text
    assert COMMANDS.keys() == {command.name for command in commands()}


@pytest.mark.parametrize(
    ("page", "reference"), [("driftd.yaml.5", "settings.md"), ("driftd-baseline.5", "baseline.md")]
)
def test_every_key_of_the_reference_stands_in_the_page(page: str, reference: str) -> None:
    keys = set(re.findall(r"^\| `([a-z_.]+)` \|", (DOCS / "reference" / reference).read_text(), re.MULTILINE))
    told = set(re.findall(r"^\\fB([^\\]+)\\fR$", pages()[page], re.MULTILINE))
    words = {word.removesuffix("[]") for name in told for word in name.split(".")} | told
    assert {key for key in keys if key not in words and not any(name.endswith(f".{key}") for name in told)} == set()


def test_the_example_of_a_page_is_that_of_the_reference() -> None:
    for name, reference in (("settings-example.yaml", "settings.md"), ("baseline-example.yaml", "baseline.md")):
        example = (Path(driftd.__file__).parent / "handbook" / name).read_text()
        assert f"```yaml\n{example}```" in (DOCS / "reference" / reference).read_text()


def test_a_text_stays_a_text(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("man")
    nasty = ".so /etc/passwd \\fBx\\fR 'quoted' ^~ `code` \"double\" --option"
    parser = argparse.ArgumentParser()
    parser.add_argument("--nasty", metavar="X", help=nasty)
    page = commands_page("1", "a page", STATUSES, [described("nasty", ".so x", "'driftd' \\n", parser)])
    text = shown(page, tmp_path)
    assert nasty.replace("`", "") in text
    assert "'driftd' \\n" in text
    assert plain(".so x") == "\\&.so x"


def test_a_schema_is_told_key_by_key() -> None:
    schema = {
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "description": "First."},
            "b": {"properties": {"c": {"description": "A word.", "enum": ["x", None], "default": "x"}}},
            "d": {"description": "Many.", "items": {"properties": {"e": {"type": ["integer", "null"]}}}},
        },
    }
    told = {key: meaning(entry) for key, entry in keys_of(schema)}
    assert told == {
        "a": "First. Required.",
        "b.c": "A word. One of `x`. Default: `x`.",
        "d": "Many.",
        "d[].e": "A integer.",
    }


def test_what_a_value_is_is_told_by_its_name() -> None:
    takes = {(command.name, name): a.takes for command in commands() for a in command.options for name in a.names}
    assert takes["check", "--root"] is Takes.DIRECTORY
    assert takes["check", "--fail-on"] is Takes.WORD
    assert takes["compare", "--color"] is Takes.WORD
    assert takes["approve", "--config"] is Takes.FILE
    assert takes["approve", "--reason"] is Takes.TEXT
    assert takes["approve", "--yes"] is Takes.NOTHING


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_a_shell_reads_its_script(shell: str, tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real(shell)
    script = tmp_path / "script"
    script.write_text(completion(shell))
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_everything_has_a_place_where_a_system_looks_for_it() -> None:
    assert {str(path) for path in files()} == {
        "/usr/share/bash-completion/completions/driftd",
        "/usr/share/zsh/vendor-completions/_driftd",
        "/usr/share/fish/vendor_completions.d/driftd.fish",
        "/usr/share/man/man1/driftd.1",
        "/usr/share/man/man5/driftd.yaml.5",
        "/usr/share/man/man5/driftd-baseline.5",
    }
