"""Completion as a person at a shell has it: bash, zsh and fish themselves are asked."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.cli.handbook import commands
from driftd.handbook.bash import bash
from driftd.handbook.fish import fish
from driftd.handbook.zsh import zsh

DEADLINE_S = 30.0
ASK_BASH = """\
source "$1"; shift
COMP_WORDS=(driftd "$@"); COMP_CWORD=$#
_driftd driftd "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
complete -p driftd >&2
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with baselines and with a file to complete."""
    for name in ("sshd", "sysctl", "nginx"):
        (tmp_path / "baselines" / name).mkdir(parents=True)
    (tmp_path / "a file.yaml").touch()
    (tmp_path / "a directory").mkdir()
    return tmp_path


def asked_of_bash(place: Path, *words: str) -> set[str]:
    script = place / "driftd.bash"
    script.write_text(bash(commands(), str(place / "baselines")))
    done = subprocess.run(
        ["bash", "--norc", "-c", ASK_BASH, "bash", str(script), *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "complete -F _driftd driftd\n"
    return set(done.stdout.split("\n")) - {""}


def asked_of_fish(place: Path, line: str) -> set[str]:
    script = place / "driftd.fish"
    script.write_text(fish(commands(), str(place / "baselines")))
    ask = f"source {script}; complete -C '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", ask], cwd=place, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return {row.partition("\t")[0] for row in done.stdout.splitlines()}


def test_bash_completes_commands_options_words_baselines_and_files(
    place: Path, require_real: Callable[[str], None]
) -> None:
    require_real("bash")
    assert asked_of_bash(place, "che") == {"check"}
    assert {"init", "doctor", "completion", "--version"} <= asked_of_bash(place, "")
    assert asked_of_bash(place, "check", "--f") == {"--fail-on"}
    assert asked_of_bash(place, "check", "--fail-on", "h") == {"high"}
    assert asked_of_bash(place, "check", "s") == {"sshd", "sysctl"}
    assert asked_of_bash(place, "check", "--config", "a") == {"a file.yaml", "a directory"}
    assert asked_of_bash(place, "check", "--root", "a") == {"a directory"}
    assert asked_of_bash(place, "completion", "") == {"bash", "zsh", "fish"}
    assert asked_of_bash(place, "approve", "--reason", "--y") == set()
    assert asked_of_bash(place, "approve", "--undo", "--y") == {"--yes"}
    assert asked_of_bash(place, "no-such-command", "") == set()


def test_fish_completes_commands_options_words_baselines_and_files(
    place: Path, require_real: Callable[[str], None]
) -> None:
    require_real("fish")
    assert asked_of_fish(place, "driftd che") == {"check"}
    assert asked_of_fish(place, "driftd check --f") == {"--fail-on"}
    assert asked_of_fish(place, "driftd check --fail-on h") == {"high"}
    assert {"sshd", "sysctl"} <= asked_of_fish(place, "driftd check s")
    assert asked_of_fish(place, "driftd compare --color ne") == {"never"}


def typed_at_zsh(place: Path, keys: str, wanted: str) -> str:
    """Type into a zsh that knows the completion, until the screen shows what is wanted; return the screen."""
    (place / "_driftd").write_text(zsh(commands(), str(place / "baselines")))
    setup = f"PS1='> '; fpath=({place} $fpath); autoload -Uz compinit; compinit -D -u; unsetopt beep; echo rea''dy\n"
    child, master = pty.fork()
    if child == 0:
        os.chdir(place)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(place)})
    try:
        os.write(master, setup.encode())
        _until(master, "ready")
        os.write(master, keys.encode())
        return _until(master, wanted)
    finally:
        os.close(master)
        os.kill(child, 9)
        os.waitpid(child, 0)


def _until(master: int, wanted: str) -> str:
    screen, end = "", time.monotonic() + DEADLINE_S
    while wanted not in screen:
        ready, _, _ = select.select([master], [], [], max(0, end - time.monotonic()))
        assert ready, f"no {wanted!r} on the screen: {screen!r}"
        screen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(master, 65536).decode(errors="replace"))
    return screen


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("driftd che\t", "check "),
        ("driftd check --fa\t", "--fail-on "),
        ("driftd check --fail-on cri\t", "critical "),
        ("driftd check ssh\t", "sshd "),
        ("driftd check --config a\\ f\t", "a\\ file.yaml "),
    ],
)
def test_zsh_completes_as_one_types(place: Path, keys: str, wanted: str, require_real: Callable[[str], None]) -> None:
    require_real("zsh")
    assert wanted in typed_at_zsh(place, keys, wanted)
