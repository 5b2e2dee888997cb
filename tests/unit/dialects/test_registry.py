"""Every dialect's data file says what can be, is listed, is described, and means what its examples say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import driftd.dialects
from driftd.compare.meaning import UNSET, scalar_bytes
from driftd.dialects.declaration import Declaration
from driftd.dialects.program import ProgramDialect
from driftd.dialects.registry import DIALECTS, declared, dialect_of
from driftd.formats.registry import by_name
from driftd.model.document import Document, Node

ROOM = Path(driftd.dialects.__file__).parent
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "dialects.md"
NAMES = sorted(name for names in DIALECTS.values() for name in names)


def meanings(
    declaration: Declaration, at: tuple[str, ...], values: tuple[str | int | float | bool, ...]
) -> list[bytes]:
    dialect = ProgramDialect("made", declaration, defaults=False)
    names = tuple(map(dialect.member, at))
    return [scalar_bytes(dialect.scalar(names, value)) for value in values]


def test_data_files_list_and_reference_name_the_same_dialects() -> None:
    table, _ = REFERENCE.read_text().split("## Adding one")
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", table, re.MULTILINE)
    assert rows == NAMES
    assert sorted(path.stem for path in ROOM.glob("*.toml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_dialect_is_about_the_format_it_is_listed_under_and_cites_its_source(name: str) -> None:
    declaration = declared(name)
    assert name in DIALECTS[declaration.format]
    by_name(declaration.format)
    assert len(declaration.source) > 10
    assert declaration.examples, "without an example nobody sees what it says"


@pytest.mark.parametrize("name", NAMES)
def test_its_examples_hold(name: str) -> None:
    declaration = declared(name)
    for example in declaration.examples:
        same = meanings(declaration, example.at, example.same)
        different = meanings(declaration, example.at, example.different)
        assert len(set(same)) <= 1, example
        assert not set(same) & set(different), example
        assert len(example.same) > 1 or example.different, example


@pytest.mark.parametrize("format", DIALECTS)
def test_of_several_dialects_of_a_format_the_last_alone_may_take_every_document(format: str) -> None:
    *special, _ = map(declared, DIALECTS[format])
    assert all(declaration.paths or declaration.has for declaration in special)


@pytest.mark.parametrize("format", DIALECTS)
def test_every_document_can_be_asked_for_its_dialect(format: str) -> None:
    """A pattern of a path that cannot be would stop every document of the format."""
    assert dialect_of(Document("/anywhere", format, Node({}))) is not None


def test_defaults_hold_where_one_file_is_the_whole_story() -> None:
    def default_of(path: str, *includes: str) -> bool:
        document = Document(path, "sshd", Node({}), includes=[*includes])
        return dialect_of(document).sense(("x11forwarding",)).default is not UNSET

    assert default_of("/etc/ssh/sshd_config")
    assert not default_of("/etc/ssh/sshd_config.d/local.conf")
    assert not default_of("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf")
