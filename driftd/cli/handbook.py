"""What driftd says about itself to shells and to man: made from the commands and the schemas, never written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

from driftd import __version__
from driftd.cli.main import COMMANDS, STATUSES, command, parser_of
from driftd.handbook.bash import bash
from driftd.handbook.commands_page import commands_page
from driftd.handbook.described import Described, described
from driftd.handbook.fish import fish
from driftd.handbook.vocabulary_page import vocabulary_page
from driftd.handbook.zsh import zsh

BASELINES: Final = "/etc/driftd/baselines"
SHELLS: Final[dict[str, Callable[[Sequence[Described], str], str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
COMPLETIONS: Final = {
    "bash": PurePosixPath("/usr/share/bash-completion/completions/driftd"),
    "zsh": PurePosixPath("/usr/share/zsh/vendor-completions/_driftd"),
    "fish": PurePosixPath("/usr/share/fish/vendor_completions.d/driftd.fish"),
}
MANUAL: Final = PurePosixPath("/usr/share/man")


def commands() -> list[Described]:
    """Return every command as its parser has it."""
    return [described(name, what, command(name).EXAMPLE, parser_of(name)) for name, what in COMMANDS.items()]


def completion(shell: str) -> str:
    """Return the completion of one shell."""
    return SHELLS[shell](commands(), BASELINES)


def pages() -> dict[str, str]:
    """Return the manual pages by their file names."""
    summary = "audit the configuration of this server against approved baselines"
    return {
        "driftd.1": commands_page(__version__, summary, STATUSES, commands()),
        "driftd.yaml.5": vocabulary_page(
            "driftd.yaml",
            __version__,
            _schema("settings"),
            "YAML. A relative path starts at the directory of the file. Unknown keys are refused; all problems are told at "
            "once, with their lines. A file that others than root can write, or below a directory that they can, is refused.",
            _example("settings-example.yaml"),
            [("driftd", 1), ("driftd-baseline", 5)],
        ),
        "driftd-baseline.5": vocabulary_page(
            "driftd-baseline",
            __version__,
            _schema("baseline"),
            "A baseline stands in NAME/baseline.yaml below a directory that the settings name. Items are absolute paths or "
            "globs: `*` and `?` stop at /, `**` crosses it, `{a,b}` alternates. Keys are JSONPath queries of RFC 9535.",
            _example("baseline-example.yaml"),
            [("driftd", 1), ("driftd.yaml", 5)],
        ),
    }


def files() -> dict[PurePosixPath, str]:
    """Return completions and manual pages by where a system keeps them: what a package ships beside the program."""
    found = {COMPLETIONS[shell]: completion(shell) for shell in SHELLS}
    return found | {MANUAL / f"man{name[-1]}" / name: text for name, text in pages().items()}


def _schema(name: str) -> Any:
    return json.loads((resources.files("driftd") / "schemas" / f"{name}.json").read_bytes())


def _example(name: str) -> list[str]:
    return (resources.files("driftd") / "handbook" / name).read_text("utf-8").splitlines()
