"""The tutorial does what it says: its commands, run as they stand."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import driftd
from tests.contract.command import DEADLINE_S, command, environment

TUTORIAL = Path(driftd.__file__).parent.parent / "docs" / "tutorial" / "first-audit.md"


def blocks() -> dict[str, str]:
    """Return the commands of each section."""
    sections = re.split(r"^## (.+)$", TUTORIAL.read_text(), flags=re.MULTILINE)[1:]
    found = zip(sections[::2], sections[1::2], strict=True)
    return {title: "\n".join(re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)) for title, text in found}


def test_the_tutorial_tells_the_truth(tmp_path: Path) -> None:
    sections = blocks()
    assert [*sections] == ["Install", "Something to audit", "Look", "Approve", "Break it", "Live"]
    script = "\n".join(
        [
            f'driftd() {{ {shlex.join(command())} "$@"; }}',
            *(sections[title] for title in ("Something to audit", "Look", "Approve", "Break it")),
        ]
    )
    done = subprocess.run(
        ["bash", "-u", "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert re.findall(r"^exit status (\d)$", done.stdout, re.MULTILINE) == ["3", "0", "0", "1"], (
        done.stdout + done.stderr
    )
    assert "$.production.host" in done.stdout
    assert "SHOP-DB" in done.stdout
    assert "db-l.internal" in done.stdout
    assert done.stderr == ""
