"""Completion for bash: one function without bash-completion's own helpers, so that it works wherever bash does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftd.handbook.described import Argument, Described, Takes

_TAIL = r"""    case $takes in
        file) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null ;;
        directory) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames 2>/dev/null ;;
        baseline)
            if [[ $cur == */* ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null
            else
                mapfile -t COMPREPLY < <(cd -- BASELINES 2>/dev/null && compgen -d -- "$cur")
            fi ;;
        word:*) mapfile -t COMPREPLY < <(compgen -W "${takes#word:}" -- "$cur") ;;
    esac
"""


def bash(commands: Sequence[Described], baselines: str) -> str:
    """Return the script. `baselines`: the directory whose subdirectories are completed as names of baselines."""
    return "\n".join(_lines(commands, baselines)) + "\n"


def _lines(commands: Sequence[Described], baselines: str) -> Iterator[str]:
    names = " ".join(command.name for command in commands)
    yield "# bash completion for driftd. Made by `driftd completion bash`: changes are lost at the next one."
    yield ""
    yield "_driftd() {"
    yield "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} options='' takes='' value=''"
    yield "    COMPREPLY=()"
    yield "    if (( COMP_CWORD == 1 )); then"
    yield f"        mapfile -t COMPREPLY < <(compgen -W '{names} --help --version' -- \"$cur\")"
    yield "        return"
    yield "    fi"
    yield "    case ${COMP_WORDS[1]} in"
    for command in commands:
        yield from _command(command)
    yield "        *) return ;;"
    yield "    esac"
    yield "    if [[ -z $value && $cur == -* ]]; then"
    yield '        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")'
    yield "        return"
    yield "    fi"
    yield _TAIL.replace("BASELINES", baselines).rstrip("\n")
    yield "}"
    yield ""
    yield "complete -F _driftd driftd"


def _command(command: Described) -> Iterator[str]:
    words = " ".join(name for option in command.options for name in option.names)
    yield f"        {command.name})"
    yield f"            options='{words}'"
    if command.places:
        yield f"            takes='{_takes(command.places[0])}'"
    valued = [option for option in command.options if option.takes is not Takes.NOTHING]
    if valued:
        yield "            case $prev in"
        for option in valued:
            value = "" if option.may_lack else " value=yes"
            yield f"                {'|'.join(option.names)}) takes='{_takes(option)}'{value} ;;"
        yield "            esac"
    yield "            ;;"


def _takes(argument: Argument) -> str:
    return f"word:{' '.join(argument.words)}" if argument.takes is Takes.WORD else argument.takes.value
