"""Stand-ins: there while a library is imported, and no more than a way to the real module for who wants it."""

from __future__ import annotations

import subprocess
import sys

BEGIN = "import sys; from driftd.standins import no_metadata, stand_ins\n"


def said(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_library_that_was_imported_beside_a_stand_in_gets_the_real_module_when_it_uses_it() -> None:
    code = """
with stand_ins():
    import asyncio, structlog
print(type(sys.modules.get("asyncio")).__name__)
async def one(): return 1
print(asyncio.run(one()), sys.modules["asyncio"] is not asyncio)
async def told(): await structlog.get_logger().ainfo("told")
asyncio.run(told())
"""
    first, result, *rest = said(code)
    assert (first, result, rest[0]) == ("NoneType", "1", "True")
    assert "told" in " ".join(rest)


def test_afterwards_the_real_modules_are_imported_as_ever() -> None:
    code = """
with stand_ins(no_metadata()):
    import apscheduler.schedulers.background
import asyncio, importlib.metadata
print(asyncio.sleep.__module__, importlib.metadata.version("structlog") > "")
"""
    assert said(code) == ["asyncio.tasks", "True"]


def test_what_was_imported_before_stays() -> None:
    code = """
import asyncio as real, importlib.metadata as metadata
with stand_ins(no_metadata()):
    import asyncio, importlib.metadata
print(asyncio is real, importlib.metadata is metadata, sys.modules["asyncio"] is real)
"""
    assert said(code) == ["True", "True", "True"]
