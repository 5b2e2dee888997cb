"""What ships: the wheel holds every data file, the command and the licence."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import driftd

PROJECT = Path(driftd.__file__).parent.parent


def test_the_wheel_holds_every_file_of_the_package_and_the_command(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [entry] = [name for name in names if name.endswith("entry_points.txt")]
        assert "driftd = driftd.cli.main:entry" in archive.read(entry).decode()
    wanted = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "driftd").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {Path(name).suffix for name in wanted} >= {".py", ".json", ".yaml", ".sql"}
    assert wanted <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_dependency_says_why_and_from_which_version() -> None:
    text = (PROJECT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    lines = {line.strip().partition('"')[2].partition('"')[0]: line for line in text.splitlines() if '"' in line}
    for dependency in project["dependencies"]:
        assert ">=" in dependency, dependency
        assert "#" in lines[dependency], f"{dependency}: no reason"
