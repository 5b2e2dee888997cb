"""Jobs of Upstart: stanzas, and scripts. See init(5) of Upstart.

A script is one text without its indentation and lines of comment.
"""

from __future__ import annotations

import re

from driftd.formats.conf import tidy_script
from driftd.formats.parts.arguments import join_arguments, single_spaces, split_arguments
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines
from driftd.model.document import Document, ParseError

NAME = "upstart"
VERSION = 1
PATTERNS = ("/etc/init/*.conf", "/etc/init/*.override", "*/upstart/*.conf", "*.upstart", "*.upstart.conf")
HINTS = ("*/init/*.conf", "*upstart*", "*.conf", "*.override")

_SECOND_WORDS = {
    "kill": frozenset({"signal", "timeout"}),
    "reload": frozenset({"signal"}),
    "respawn": frozenset({"limit"}),
    "start": frozenset({"on"}),
    "stop": frozenset({"on"}),
    **dict.fromkeys(("post-start", "post-stop", "pre-start", "pre-stop", "security"), frozenset({"exec", "script"})),
}
"""Stanzas whose name is of two words."""
_REPEATABLE = frozenset({"cgroup", "emits", "env", "export", "limit"})
_TYPICAL = re.compile(
    rb"^(?:(?:start|stop)[ \t]++on[ \t]|end[ \t]++script[ \t]*+\r?$|respawn[ \t]*+\r?$|(?:exec|script)\b|setuid[ \t])",
    re.MULTILINE,
)
_STANZA = re.compile(
    rb"(?:#.*+|author|cgroup|chdir|chroot|console|description|emits|end|env|exec|expect|export|instance|kill|limit|manual"
    rb"|nice|normal|oom|post-start|post-stop|pre-start|pre-stop|reload|respawn|script|setgid|setuid|start|stop|task"
    rb"|tmpfs|umask|usage|version)(?:[\s\#].*+)?"
)


def parse(data: bytes, path: str) -> Document:
    """Read stanzas; ParseError where a script does not end."""
    builder = DocumentBuilder(path, NAME)
    source = list(lines(data))
    at = 0
    while at < len(source):
        line, at = _stanza(source, at)
        name, value = _parts(line.text)
        if not name:
            continue
        if name.split()[-1] == "script":
            end = next((i for i in range(at, len(source)) if source[i].text.split() == ["end", "script"]), None)
            if end is None:
                raise ParseError(f"{name!r} does not end", line.number)
            builder.add(name, tidy_script(source[at:end]), line.number)
            at = end + 1
        else:
            builder.add(name, _spelled(name, value), line.number, repeatable=name in _REPEATABLE)
    return builder.done()


def _stanza(source: list[Line], at: int) -> tuple[Line, int]:
    """One stanza, which a backslash or an open parenthesis continues, and where the next one starts."""
    number = source[at].number
    parts: list[str] = []
    depth = 0
    while at < len(source):
        text = single_spaces(source[at].text.strip(), comment="#")
        at += 1
        depth += text.count("(") - text.count(")")
        joined = text.endswith("\\")
        parts.append(text[:-1].rstrip() if joined else text)
        if depth <= 0 and not joined:
            break
    return Line(number, " ".join(part for part in parts if part)), at


def _parts(text: str) -> tuple[str, str]:
    name, _, value = text.partition(" ")
    second, _, rest = value.partition(" ")
    return (f"{name} {second}", rest) if second in _SECOND_WORDS.get(name, ()) else (name, value)


def _spelled(name: str, value: str) -> str:
    """The value that is compared: a condition without superfluous white space, words without superfluous quotes."""
    if name.endswith(" on"):
        return re.sub(r"\( ", "(", re.sub(r" \)", ")", value))
    if name.rsplit(maxsplit=1)[-1] == "exec":
        return value
    words = split_arguments(value)
    if words is None:
        return value
    return words[0] if len(words) == 1 else join_arguments(words)


def sniff(data: bytes) -> bool:
    """Whether it starts as a job does: with stanzas, one of them typical."""
    if _TYPICAL.search(data) is None:
        return False
    first = next((line for line in data.split(b"\n") if line.strip() and not line.lstrip().startswith(b"#")), b"")
    if _STANZA.fullmatch(first.strip()) is None:
        return False
    try:
        document = parse(data, "")
    except ParseError:
        return False
    members = document.root.value
    return isinstance(members, dict) and all(_STANZA.fullmatch(name.encode()) is not None for name in members)
