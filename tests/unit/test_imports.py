"""Imports run one way. The table is the architecture; docs/explanation/architecture.md says it in prose."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import driftd

PACKAGE = Path(driftd.__file__).parent


@dataclass(frozen=True)
class Room:
    """A room may import rooms of lower layers, and those neighbours that it names."""

    layer: int
    reason: str
    neighbours: frozenset[str] = frozenset()


ROOMS = {
    "repeats": Room(0, "before everything else, for everything that compiles a pattern"),
    "standins": Room(0, "before everything else, for what the libraries of all others import"),
    "model": Room(0, "the nouns are what all rooms share: whatever they import, everybody would"),
    "formats": Room(1, "a parser gets bytes and returns a Document, so that it can run in the child process"),
    "compare": Room(1, "two trees are all a comparison needs; who read them must not matter"),
    "dialects": Room(
        1,
        "what programs mean, for comparing; data files that name no code, chosen by path as formats are",
        frozenset({"compare", "formats"}),
    ),
    "secrets": Room(1, "masking stands between parsing and everything else, so it knows none of the else"),
    "policy": Room(1, "a rule judges a document, wherever it came from"),
    "audit": Room(2, "the centre is free of I/O: it joins what the pure rooms know and can be tested with values"),
    "durable": Room(3, "one call of the kernel that both who approves and who keeps needs; knows no file of theirs"),
    "listening": Room(3, "taking connections is the same for whoever asks; knows nothing of what is answered"),
    "ports": Room(3, "the outside as Protocols; implementations know them and not each other"),
    "sources": Room(4, "reads the machine; does not know what is approved, recorded or published"),
    "ready": Room(4, "data that ships with driftd and the questions when it applies; init alone asks them"),
    "settings": Room(4, "typed settings are data for the others; nothing here acts on them"),
    "baselines": Room(
        4,
        "read with the checks and messages of settings; their items are named by the globs of sources",
        frozenset({"settings", "sources"}),
    ),
    "store": Room(4, "records events whatever they mean; a store that knew its outputs could not be rebuilt alone"),
    "watch": Room(4, "says which paths may have changed and nothing about what they hold"),
    "outputs": Room(
        4, "built from their typed settings; take events and know nothing of audits", frozenset({"settings"})
    ),
    "doctor": Room(
        8,
        "looks at what auditing needs, thing by thing, each given what it needs; cli joins them",
    ),
    "installing": Room(
        4,
        "puts files, directories and an account on a host; who calls it says what they hold",
        frozenset({"sources"}),
    ),
    "metrics": Room(4, "texts and an endpoint for numbers that are handed in; what they count is the daemon's to know"),
    "handbook": Room(
        4, "texts for shells and man, made from parsers and schemas that are handed in; asks nothing itself"
    ),
    "approvals": Room(5, "joins approved files, kept bytes and parsers for whoever judges; looks at no item itself"),
    "auditor": Room(
        5,
        "looks at a host and has it judged; keeps nothing, so that `check` is an audit without a daemon",
        frozenset({"approvals"}),
    ),
    "acting": Room(5, "who this process is while it works; those who join the parts and commands of root ask for it"),
    "surroundings": Room(6, "what the process was given and whom it believes; every command begins with it"),
    "clock": Room(4, "the machine's clock behind its port; only those who join the parts name it"),
    "diagnostics": Room(4, "what driftd says about itself; set up once, before any part is"),
    "keyfile": Room(5, "the one file that all fingerprints depend on, for app and for the command that replaces it"),
    "rekeying": Room(6, "proves approved bytes and fingerprints them anew; writes no approved file itself"),
    "approving": Room(6, "gathers what an approval would write, for the command and for the daemon alike"),
    "promoting": Room(
        6,
        "says what a promotion changes for all hosts; refuses words that mean nothing as approving does",
        frozenset({"approving"}),
    ),
    "daemon": Room(7, "puts the parts to work; is told which ones by app"),
    "app": Room(8, "the one place where settings become objects, so that there is one place to look"),
    "workplace": Room(9, "a host with its state open; who only reads settings or judges needs none"),
    "reloading": Room(10, "reads what a reload would replace and holds it against what is in force; replaces nothing"),
    "delivering": Room(
        9, "the outputs of a host at work, begun anew on reload; decides nothing about what they are told"
    ),
    "records": Room(10, "the state at work, for the daemon and for the one audit that ends"),
    "once": Room(11, "one audit that is recorded; needs no loop"),
    "running": Room(11, "keeps what app has joined running, and joins it again on reload"),
    "cli": Room(12, "turns arguments into calls and results into text and exit statuses"),
    "__main__": Room(13, "the entry point, which nothing imports"),
}

PURE = ("model", "formats", "compare", "dialects", "policy", "secrets", "audit")
OUTSIDE = {
    "asyncio": "the engine is a thread; and the import costs 10 MiB",
    "multiprocessing": "processes are started by sources/isolated.py alone",
    "os": "files are read by sources",
    "random": "the same input has to give the same answer",
    "shutil": "files are written by baselines and store",
    "socket": "the network is for outputs",
    "sqlite3": "state is kept by store",
    "subprocess": "programs are run by sources",
    "tempfile": "files are written by baselines and store",
    "threading": "who needs no shared state needs no thread",
    "time": "time comes from outside, as an argument",
}


def room_of(path: Path) -> str | None:
    """Return the room a file is in; None for the package's own `__init__`."""
    relative = path.relative_to(PACKAGE)
    if len(relative.parts) > 1:
        return relative.parts[0]
    return None if relative.stem == "__init__" else relative.stem


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of every import in a file, also of those inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            module = node.module or ""
            yield node.lineno, module
            if module == "driftd":
                yield from ((node.lineno, f"driftd.{alias.name}") for alias in node.names)


SOURCES = sorted(PACKAGE.rglob("*.py"))


def test_every_module_is_in_a_room_of_the_table() -> None:
    assert {room for path in SOURCES if (room := room_of(path))} <= ROOMS.keys()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_lower_rooms_only(path: Path) -> None:
    name = room_of(path)
    if name is None:
        assert {module for _, module in imports_of(path)} <= {"__future__", "driftd.repeats"}
        return
    room = ROOMS[name]
    wrong = []
    for line, module in imports_of(path):
        parts = module.split(".")
        if parts[0] != "driftd" or len(parts) == 1 or parts[1] not in ROOMS:
            continue
        target = parts[1]
        if target != name and target not in room.neighbours and ROOMS[target].layer >= room.layer:
            wrong.append(f"{path}:{line}: {name} imports {target} ({room.reason})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", PURE)
def test_the_pure_rooms_import_nothing_of_the_outside(name: str) -> None:
    wrong = [
        f"{path}:{line}: imports {module} ({OUTSIDE[module.partition('.')[0]]})"
        for path in SOURCES
        if room_of(path) == name
        for line, module in imports_of(path)
        if module.partition(".")[0] in OUTSIDE
    ]
    assert not wrong, "\n".join(wrong)


def _reads_a_clock(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "today", "utcnow"}
        and isinstance(node.func.value, ast.Name | ast.Attribute)
        and ast.unparse(node.func.value) in {"datetime", "datetime.datetime", "date", "datetime.date"}
    )


@pytest.mark.parametrize("name", PURE)
def test_the_pure_rooms_read_no_clock(name: str) -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        if room_of(path) == name
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and _reads_a_clock(node)
    ]
    assert not wrong, "\n".join(wrong)


HEAVY = ("apscheduler", "asyncio", "deepdiff", "jsonpath_rfc9535", "jsonschema_rs", "sqlite3", "watchdog", "yaml")


def test_the_command_line_starts_without_its_heavy_parts() -> None:
    code = "import sys, driftd.cli.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(started.stdout.split())


UNUSED = (
    "asyncio",
    "deepdiff",
    "email",
    "http.client",
    "importlib.metadata",
    "jsonschema_rs",
    "smtplib",
    "ssl",
    "urllib.request",
    "xml.etree.ElementTree",
)
"""What some outputs and some drifts need, or nobody, and a daemon at rest does not."""


def test_the_daemon_starts_without_what_it_does_not_use() -> None:
    code = """
import sys
from datetime import UTC
from driftd.cli.main import command
command("run")
from driftd.daemon.schedule import Schedule
from driftd.settings.types import AuditSettings
schedule = Schedule(AuditSettings(), UTC, print)
schedule.start()
schedule.stop()
print(*sys.modules)
"""
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(UNUSED) & set(started.stdout.split()) == set()
