"""master.cf: the table of Postfix's services. See master(5).

`-o name=value` of a command is `name` in the member `options`; what remains of the command is the member `command`.
"""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, indented, lines
from driftd.model.document import Document

NAME = "postfix_master"
VERSION = 1
PATTERNS = (
    "master.cf",
    "master.cf.*",
    "*/postfix/master.cf",
    "*/postfix*/master.cf",
    "*/postfix/master.cf.*",
)

COLUMNS = ("service", "type", "private", "unpriv", "chroot", "wakeup", "maxproc")


def parse(data: bytes, path: str) -> Document:
    """Read services; one with too few columns is a problem."""
    builder = DocumentBuilder(path, NAME, table=True)
    for line in indented(lines(data)):
        _service(builder, line)
    return builder.done()


def _service(builder: DocumentBuilder, line: Line) -> None:
    words = line.text.split()
    row = builder.row(line.number)
    for name, field in zip(COLUMNS, words, strict=False):
        builder.add(name, field, line.number, at=row)
    if len(words) <= len(COLUMNS):
        builder.problem(line.number, f"too few columns: {len(COLUMNS) + 1} are expected")
        return
    command, options = _command(line.text.split(None, len(COLUMNS))[-1])
    builder.add("command", command, line.number, at=row)
    if options:
        at = builder.section("options", line.number, at=row)
        for name, value in options:
            builder.add(name, value, line.number, at=at)


def _command(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A command without its `-o`, and those: `-o name=value` or `-o {name = value}`. Behind `argv=` all is as it is."""
    rest: list[str] = []
    options: list[tuple[str, str]] = []
    words = text.split()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word.startswith("argv="):
            rest += [word, *words[at:]]
            break
        if word == "-o" and at < len(words):
            end = at + 1
            if words[at].startswith("{"):
                while end < len(words) and not words[end - 1].endswith("}"):
                    end += 1
            option = " ".join(words[at:end])
            if option.startswith("{") and option.endswith("}"):
                option = option[1:-1]
            name, _, value = option.partition("=")
            options.append((name.strip(), value.strip()))
            at = end
        else:
            rest.append(word)
    return " ".join(rest), options
