"""How the database's tables came to be: named migrations in order, each in one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; `PRAGMA user_version` counts the steps that were taken."""

    name: str

    def sql(self) -> str:
        """Return its statements."""
        return (files("driftd.store") / "sql" / f"{self.name}.sql").read_text("utf-8")


MIGRATIONS: Final = (
    Migration("0001_derived_state"),
    Migration("0002_retention"),
    Migration("0003_groups"),
    Migration("0004_remembered_items"),
    Migration("0005_numbers"),
    Migration("0006_told_alone"),
    Migration("0007_refused"),
)
"""Never edited once released; a later version adds to the end."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many migrations a database has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Take the steps that are missing; a step that fails leaves the database as it was before it."""
    for version, migration in enumerate(migrations, 1):
        if version <= version_of(connection):
            continue
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{migration.sql()}\nPRAGMA user_version = {version};\nCOMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise
