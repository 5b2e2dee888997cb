"""Which files are configuration although no format knows them: by their name, and by what they are not."""

from __future__ import annotations

import re

_CONFIGURATION = frozenset(
    {
        *("acl", "aliases", "cf", "cfg", "cnf", "conf", "config", "configuration", "defs", "jcfg", "local", "map"),
        *("options", "policy", "profile", "rc", "rules", "settings"),
    }
)
"""Endings that say so anywhere."""
_OTHER = frozenset(
    {
        *("adoc", "asc", "awk", "bash", "c", "cer", "crl", "crt", "csh", "css", "csr", "csv", "der", "diff", "dtd"),
        *("el", "fish", "gpg", "h", "htm", "html", "java", "js", "key", "log", "lua", "m4", "markdown", "md", "mo"),
        *("msg", "patch", "pem", "php", "pl", "pm", "po", "ps", "pub", "py", "rb", "rst", "sh", "sig", "sql", "svg"),
        *("tcl", "tex", "text", "tmpl", "ts", "txt", "vim", "xsl", "zsh"),
    }
)
"""Endings that say that a file is something else, wherever it is."""
_COPY = re.compile(
    r"(?:\.(?:bak|default|dist|dpkg-\w++|erb|example|in|j2|jinja2?|new|old|orig|rpm\w++|sample|save|template|tmpl|tpl)|~)\Z"
)
"""What stands behind the name of a copy or of a template."""
_PROSE_NAME = re.compile(
    r"(?:authors|banner|changelog|changes|copying|copyright|install|issue|licen[cs]e|motd|news|readme|thanks|todo)\b.*",
    re.IGNORECASE,
)
_OTHER_CONTENT = re.compile(
    rb"(?:\xef\xbb\xbf)?+\s*+(?:\#![ \t]*+/|-----BEGIN[ ]|<\?php|<!DOCTYPE|<html|%!PS|\{\\rtf)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    rb"^[ \t]*+[A-Za-z\x80-\xff'(),.;:!?-]++(?:[ \t]++[A-Za-z\x80-\xff'(),.;:!?-]++){5,}+[ \t]*+\r?$", re.MULTILINE
)


def reads(path: str, data: bytes) -> bool:
    """Whether a text file is configuration; scripts, keys, documents, prose and what says nothing are not."""
    name = path.rpartition("/")[2]
    if _OTHER_CONTENT.match(data) or _PROSE_NAME.fullmatch(name):
        return False
    stem = _COPY.sub("", name)
    ending = stem.rpartition(".")[2].lower() if "." in stem.lstrip(".") else ""
    if ending in _OTHER:
        return False
    if ending in _CONFIGURATION or (not ending and stem.endswith(("rc", "conf", "config"))):
        return True
    return bool(data.strip()) and not _is_prose(data)


def _is_prose(data: bytes) -> bool:
    """Whether most lines that are no comment are words in a row."""
    said = sum(1 for line in data.split(b"\n") if line.strip() and not line.lstrip().startswith(b"#"))
    return said > 0 and 2 * len(_SENTENCE.findall(data)) > said
