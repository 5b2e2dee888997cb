"""Commands, as the doctor looks at them: is the program there, may its user be become."""

from __future__ import annotations

from pathlib import Path

from driftd.baselines.definition import LoadedBaseline
from driftd.baselines.scope import Scope
from driftd.doctor.commands import commands, exposing
from driftd.model.baseline import Baseline, CommandItem


def scope_of(*items: CommandItem) -> Scope:
    definition = Baseline(schema="driftd/baseline/1", name="app", items=items)
    return Scope([LoadedBaseline(definition, Path("/etc/driftd/baselines/app"), "sha256:0")])


def look(*items: CommandItem, account: str | None = "driftd") -> list[tuple[str, str]]:
    return [(finding.state, finding.message) for finding in commands(scope_of(*items).commands, account)]


def test_nothing_is_said_where_there_are_none() -> None:
    assert look() == []


def test_programs_that_are_there_are_counted() -> None:
    assert look(CommandItem(command=("sh",), name="a"), CommandItem(command=("/bin/sh",), name="b")) == [
        ("ok", "2, of programs that are there")
    ]


def test_a_program_that_is_not_there_is_named() -> None:
    ((state, message),) = look(CommandItem(command=("no-such-program", "-T"), name="a"))
    assert state == "failed"
    assert message.startswith("command:a: no-such-program: it is in none of /usr/local/sbin:")


def test_a_user_whom_the_service_may_not_become_is_named() -> None:
    command = CommandItem(command=("sh",), name="a", user="postgres")
    assert look(command) == [("failed", "command:a: runs as postgres, whom driftd may not become")]
    for account in ("root", "postgres", None):
        assert [state for state, _ in look(command, account=account)] == ["ok"]


def test_commands_that_are_the_same_user_as_driftd_are_counted() -> None:
    scope = scope_of(
        CommandItem(command=("sh",), name="own"),
        CommandItem(command=("sh",), name="named", user="driftd"),
        CommandItem(command=("sh",), name="other", user="postgres"),
        CommandItem(command=("sh",), name="trusted", privileged=True),
    )
    assert exposing(scope.commands, "driftd") == 2
    assert exposing(scope.commands, "root") == 0  # it runs them as nobody
