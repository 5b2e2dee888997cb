"""driftd(1): the command, from its own parsers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from driftd.handbook.described import Argument, Described
from driftd.handbook.roff import bold, example, italic, page, paragraph, plain, section, sentence, subsection, tagged

FILES: Mapping[str, str] = {
    "/etc/driftd/driftd.yaml": "settings, see `driftd.yaml`(5)",
    "/etc/driftd/baselines/": "what is audited and what is approved, see `driftd-baseline`(5)",
    "/var/lib/driftd/": "state: journal, database, approved contents",
    "/var/log/driftd/": "events as JSON lines, where the settings say so",
}
ENVIRONMENT: Mapping[str, str] = {
    "DRIFTD_CONFIG": "the settings file, where `--config` names none",
    "NO_COLOR": "set to anything: no colours",
}


def commands_page(version: str, summary: str, statuses: str, commands: Sequence[Described]) -> str:
    """Return driftd(1). `statuses`: the exit statuses as `--help` has them."""
    return page("driftd", 1, version, summary, _body(statuses, commands))


def _body(statuses: str, commands: Sequence[Described]) -> Iterator[str]:
    yield section("synopsis")
    yield f"{bold('driftd')} {italic('COMMAND')} [{italic('OPTIONS')}]"
    yield section("description")
    yield plain(
        "Compares the configuration of this server, setting by setting, with what was approved, live and in regular audits. "
        "Settings are found by `--config`, `$DRIFTD_CONFIG`, /etc/driftd/driftd.yaml, ./driftd.yaml, in that order."
    )
    yield section("commands")
    for command in commands:
        yield subsection(command.name)
        yield _synopsis(command)
        yield paragraph(sentence(command.summary))
        for argument in command.arguments:
            yield tagged(_tag(argument), sentence(argument.meaning))
        yield paragraph("Example:")
        yield example([command.example])
    yield section("exit status")
    for line in statuses.splitlines()[1:]:
        status, _, meaning = line.strip().partition("  ")
        yield tagged(bold(status), sentence(meaning))
    for title, entries in (("files", FILES), ("environment", ENVIRONMENT)):
        yield section(title)
        for name, meaning in entries.items():
            yield tagged(italic(name), sentence(meaning))
    yield section("see also")
    yield f"{bold('driftd.yaml')}(5), {bold('driftd-baseline')}(5), {bold('systemd.exec')}(5)"


def _synopsis(command: Described) -> str:
    words = [bold(f"driftd {command.name}")]
    words += [
        "[" + _tag(option).replace(", ", " | ") + "]" for option in command.options if "--help" not in option.names
    ]
    for place in command.places:
        told = italic(place.value) + (" ..." if place.repeats else "")
        words.append(f"[{told}]" if place.may_lack else told)
    return " ".join(words)


def _tag(argument: Argument) -> str:
    names = ", ".join(bold(name) for name in argument.names)
    value = italic(argument.value) if argument.value else ""
    if value and argument.may_lack and names:
        value = f"[{value}]"
    return " ".join(filter(None, (names, value)))
