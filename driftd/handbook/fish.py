"""Completion for fish: one `complete` a line. See complete(1) of fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftd.handbook.described import Argument, Described, Takes


def fish(commands: Sequence[Described], baselines: str) -> str:
    """Return the script. `baselines`: the directory whose subdirectories are completed as names of baselines."""
    return "\n".join(_lines(commands, baselines)) + "\n"


def _lines(commands: Sequence[Described], baselines: str) -> Iterator[str]:
    yield "# fish completion for driftd. Made by `driftd completion fish`: changes are lost at the next one."
    yield "complete -c driftd -f"
    yield "complete -c driftd -n __fish_use_subcommand -l help -d 'what there is'"
    yield "complete -c driftd -n __fish_use_subcommand -l version -d 'which driftd this is'"
    for command in commands:
        yield f"complete -c driftd -n __fish_use_subcommand -a {command.name} -d {_quoted(command.summary)}"
    for command in commands:
        where = f"complete -c driftd -n '__fish_seen_subcommand_from {command.name}'"
        for option in command.options:
            yield f"{where} {_names(option)}{_value(option, baselines)} -d {_quoted(option.meaning)}"
        for place in command.places[:1]:
            yield f"{where}{_value(place, baselines, required=False)}"


def _names(option: Argument) -> str:
    return " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)


def _value(argument: Argument, baselines: str, *, required: bool = True) -> str:
    needs = " -r" if required and not argument.may_lack else ""
    match argument.takes:
        case Takes.NOTHING:
            return ""
        case Takes.FILE:
            return f"{needs} -F"
        case Takes.DIRECTORY:
            return f"{needs} -a '(__fish_complete_directories)'"
        case Takes.BASELINE:
            return f"{needs} -F -a '(command ls -- {baselines} 2>/dev/null)'"
        case Takes.WORD:
            return f"{needs} -a {_quoted(' '.join(argument.words))}"
        case Takes.TEXT:
            return needs


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
