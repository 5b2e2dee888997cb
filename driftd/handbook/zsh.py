"""Completion for zsh, by its own `_arguments`. See zshcompsys(1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftd.handbook.described import Argument, Described, Takes


def zsh(commands: Sequence[Described], baselines: str) -> str:
    """Return the script. `baselines`: the directory whose subdirectories are completed as names of baselines."""
    return "\n".join(_lines(commands, baselines)) + "\n"


def _lines(commands: Sequence[Described], baselines: str) -> Iterator[str]:
    yield "#compdef driftd"
    yield "# Made by `driftd completion zsh`: changes are lost at the next one."
    yield ""
    yield "_driftd_baselines() {"
    yield "    local -a names"
    yield f"    names=({baselines}/*(N/:t))"
    yield "    _alternative 'baselines:baseline:compadd -a names' 'items:item:_files'"
    yield "}"
    yield ""
    yield "_driftd() {"
    yield "    local curcontext=$curcontext state line"
    yield "    local -a commands"
    yield "    commands=("
    for command in commands:
        yield f"        {quoted(f'{command.name}:{command.summary}')}"
    yield "    )"
    yield "    _arguments -C '(- :)--help[what there is]' '(- :)--version[which driftd this is]' \\"
    yield "        '1:command:->command' '*::argument:->argument'"
    yield "    case $state in"
    yield "        command) _describe -t commands command commands ;;"
    yield "        argument)"
    yield "            curcontext=${curcontext%:*:*}:driftd-$words[1]:"
    yield "            case $words[1] in"
    for command in commands:
        yield f"                {command.name})"
        yield "                    _arguments -s \\"
        yield from _joined([_specification(argument) for argument in command.arguments])
        yield "                    ;;"
    yield "            esac"
    yield "            ;;"
    yield "    esac"
    yield "}"
    yield ""
    yield '_driftd "$@"'


def _joined(specifications: Sequence[str]) -> Iterator[str]:
    for number, specification in enumerate(specifications, 1):
        yield f"                        {specification}{' ' + chr(92) if number < len(specifications) else ''}"


def _specification(argument: Argument) -> str:
    tail = f":{argument.value}:{_action(argument)}" if argument.value else ""
    if not argument.names:
        return quoted(
            f"{'*' if argument.repeats else ''}{':' if argument.may_lack and not argument.repeats else ''}{tail}"
        )
    tail = ":" + tail if argument.may_lack and argument.value else tail
    meaning = argument.meaning.translate({ord(sign): f"\\{sign}" for sign in "[]:\\"})
    names = argument.names
    told = quoted(f"[{meaning}]{tail}")
    if len(names) == 1:
        return names[0] + told
    return f"{quoted('(' + ' '.join(names) + ')')}{{{','.join(names)}}}{told}"


def _action(argument: Argument) -> str:
    match argument.takes:
        case Takes.FILE:
            return "_files"
        case Takes.DIRECTORY:
            return "_files -/"
        case Takes.BASELINE:
            return "_driftd_baselines"
        case Takes.WORD:
            return f"({' '.join(argument.words)})"
        case _:
            return " "


def quoted(text: str) -> str:
    """Return a text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"
