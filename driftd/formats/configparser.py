"""Files that Python's configparser reads: setup.cfg, tox.ini, pip.conf. Names ignore case, deeper lines continue."""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "configparser"
VERSION = 2
PATTERNS = (
    "setup.cfg",
    "tox.ini",
    "pytest.ini",
    "mypy.ini",
    ".flake8",
    ".coveragerc",
    ".pylintrc",
    "pylintrc",
    ".pypirc",
    ".pydistutils.cfg",
    "pip.conf",
    "*/pip/pip.ini",
    "alembic.ini",
    "gbp.conf",
    ".gbp.conf",
    "*/python3*/debian_config",
)

_SYNTAX = SectionSyntax(format=NAME, indented=True, name=str.lower)


def parse(data: bytes, path: str) -> Document:
    """Read sections and options; the lines of a value are joined by ends of lines."""
    return parse_sections(data, path, _SYNTAX)
