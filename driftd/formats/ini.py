"""INI: `key = value` in sections, as Python's configparser, git and most others read it.

`[remote "origin"]` is the section `remote.origin`. A line that is indented deeper than its setting continues the
value. Values are kept as written: whether quotes or a trailing `; ...` belong to them differs by program.
"""

from __future__ import annotations

import re

from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import Line, lines
from driftd.model.document import Document, Node

NAME = "ini"
VERSION = 1
PATTERNS = (
    "*.ini",
    "*.desktop",
    "*/fail2ban/**/*.conf",
    "*/fail2ban/**/*.local",
    "*/fail2ban/*.conf",
    "*/fail2ban/*.local",
    "*/supervisor/*.conf",
    "*/supervisord.conf",
    "*/supervisor/conf.d/*.conf",
    "*/puppet/puppet.conf",
    "*/pip.conf",
    "*/mke2fs.conf",
    "*/samba/smb.conf",
    "smb.conf",
    "*/avahi/avahi-daemon.conf",
    "*/PackageKit/*.conf",
    "*/NetworkManager/**/*.conf",
    "*/NetworkManager/**/*.nmconnection",
    "*/sssd/*.conf",
    "*/sssd/conf.d/*.conf",
    "*/gdm3/*.conf",
    "*/lightdm/*.conf",
    "*/sddm.conf",
    "*/dpkg/shlibs.ini",
    "*/.gitconfig",
    "/etc/gitconfig",
    "*/.git/config",
    "*/.editorconfig",
    "setup.cfg",
    "*/python3*/debian_config",
)

_COMMENTS = ("#", ";")
_SECTION = re.compile(r"""\[(?P<name>(?:"(?:[^"\\]++|\\.)*+"|[^\]"])*+)\]\s*(?:[#;].*)?""", re.DOTALL)
_SUBSECTION = re.compile(r"(?P<name>[^\s\"]+)\s+\"(?P<inner>(?:[^\"\\]++|\\.)*+)\"\s*", re.DOTALL)
_SETTING = re.compile(r"(?P<key>[^=:]*?)\s*(?:(?P<separator>[=:])\s*(?P<value>.*))?", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read sections and settings; a key that comes again is kept as a repeated one, one without value is null."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


class _Reader:
    """Reads one file: a setting is added once its last continuing line is known."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._section: Node | None = None
        self._pending: tuple[str, int, list[str] | None] | None = None
        self._indent = 0

    def read(self, data: bytes) -> Document:
        """Return the document."""
        for line in lines(data):
            text = line.text.strip()
            if not text or text.startswith(_COMMENTS):
                continue
            indent = len(line.text) - len(line.text.lstrip())
            if self._pending is not None and self._pending[2] is not None and indent > self._indent:
                self._pending[2].append(text)
                continue
            self._flush()
            self._indent = indent
            if text.startswith("["):
                self._open(Line(line.number, text))
            else:
                self._set(Line(line.number, text))
        self._flush()
        return self._builder.done()

    def _open(self, line: Line) -> None:
        match = _SECTION.fullmatch(line.text)
        if match is None:
            self._builder.problem(line.number, "section is not closed")
        name = match["name"].strip() if match else line.text[1:].strip()
        inner = _SUBSECTION.fullmatch(name)
        if inner is None:
            self._section = self._builder.section(name, line.number)
        else:
            outer = self._builder.section(inner["name"], line.number)
            self._section = self._builder.section(re.sub(r"\\(.)", r"\1", inner["inner"]), line.number, at=outer)

    def _set(self, line: Line) -> None:
        match = _SETTING.fullmatch(line.text)
        assert match is not None
        if not match["key"]:
            self._builder.problem(line.number, "a value without a name")
            return
        value = None if match["separator"] is None else [match["value"]]
        self._pending = (match["key"], line.number, value)

    def _flush(self) -> None:
        if self._pending is not None:
            name, number, parts = self._pending
            value = None if parts is None else "\n".join(parts).strip("\n")
            self._builder.add(name, value, number, at=self._section)
            self._pending = None


_LINE = re.compile(r"\[[^\]\[\n]+\]\s*(?:[#;].*)?|[^\s=:\[\]{}()<>;][^=:{};]*[=:].*")


def sniff(data: bytes) -> bool:
    """Whether the first line is a section and all others are sections, settings or indented."""
    seen_section = seen_setting = False
    for line in lines(data):
        text = line.text.strip()
        if not text or text.startswith(_COMMENTS):
            continue
        if not seen_section and not text.startswith("["):
            return False
        if not _LINE.fullmatch(text) and not (seen_setting and line.text[0].isspace()):
            return False
        seen_section = True
        seen_setting = seen_setting or not text.startswith("[")
    return seen_setting
