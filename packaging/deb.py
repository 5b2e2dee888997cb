"""Builds the Debian package: python3 packaging/deb.py --help.

What is inside was made for one minor version of Python, that of `--python`, and needs no network when it is installed. Needs
dpkg-deb; without `--environment` also the network, python3-venv and pip.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
HOME: Final = "opt/driftd"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
COMMAND: Final = """#!/{home}/bin/python3 -IB
# Isolated: no variable of the environment and no directory of a user brings modules in. Nothing is written below /opt.
from driftd.cli.main import entry

entry()
"""


def main() -> None:
    """Build and name the package."""
    parser = argparse.ArgumentParser(description="Build the Debian package of driftd.")
    parser.add_argument("--output", type=Path, default=PROJECT / "dist", help="directory for it (default: dist)")
    parser.add_argument("--project", type=Path, default=PROJECT, help="the source to build from")
    parser.add_argument("--python", type=Path, default=Path("/usr/bin/python3"), help="the Python it is for")
    parser.add_argument(
        "--environment",
        type=Path,
        metavar="DIR",
        help="take the libraries from this virtual environment, of the same Python, instead of the network",
    )
    parser.add_argument(
        "--compression", default="xz", choices=("xz", "gzip", "none"), help="for dpkg-deb (default: xz)"
    )
    print(build(**vars(parser.parse_args())))


def build(*, output: Path, project: Path, python: Path, environment: Path | None, compression: str) -> Path:
    """Return the package that was built."""
    with tempfile.TemporaryDirectory(prefix="driftd-deb-") as scratch:
        stage = Path(scratch) / "stage"
        version = _minor_version(python)
        site = stage / HOME / "lib" / f"python{version}" / "site-packages"
        site.mkdir(parents=True)
        if environment is None:
            _install(python, project, site, Path(scratch))
        else:
            _copy(environment, version, project, site, Path(scratch))
        _lay_out(stage, project, python, version)
        _handbook(stage, site, python)
        _compile(stage, python)
        return _package(stage, project, version, output, compression)


def _minor_version(python: Path) -> str:
    return _said(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")


def _said(*words: str | Path) -> str:
    return subprocess.run(list(map(str, words)), check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


# --- the libraries, and driftd itself


def _install(python: Path, project: Path, site: Path, scratch: Path) -> None:
    """Have pip fetch and build what is needed."""
    tools = scratch / "tools"
    _said(python, "-m", "venv", tools)
    pip: list[str | Path] = [tools / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "-qq"]
    _said(*pip, "install", "--no-compile", "--target", site, project)
    shutil.rmtree(site / "bin", ignore_errors=True)


def _copy(environment: Path, version: str, project: Path, site: Path, scratch: Path) -> None:
    """Take the libraries from an environment that has them, and build driftd with what is there."""
    installed = environment / "lib" / f"python{version}" / "site-packages"
    if not installed.is_dir():
        raise SystemExit(f"{environment}: is not an environment of Python {version}")
    for distribution in _needed("driftd", installed):
        for file in distribution.files or ():
            source = installed / file
            if ".." not in file.parts and "__pycache__" not in file.parts and source.is_file():
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    build = [environment / "bin" / "python", "-m", "hatchling", "build", "--target", "wheel", "--directory", scratch]
    subprocess.run(list(map(str, build)), cwd=project, check=True, capture_output=True)
    [wheel] = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)


def _needed(name: str, installed: Path) -> Iterator[metadata.Distribution]:
    """Yield what a distribution requires and what that requires, each once, without extras."""
    found = {_canonical(each.metadata["Name"]): each for each in metadata.Distribution.discover(path=[str(installed)])}
    pending, seen = [_canonical(name)], {_canonical(name)}
    while pending:
        distribution = found[pending.pop()]
        for requirement in distribution.requires or ():
            matched = NAME.match(requirement)
            assert matched is not None, requirement
            needed = _canonical(matched[0])
            if "extra ==" not in requirement and needed in found and needed not in seen:
                seen.add(needed)
                pending.append(needed)
                yield found[needed]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- the rest of the files


def _lay_out(stage: Path, project: Path, python: Path, version: str) -> None:
    binaries = stage / HOME / "bin"
    _write(binaries / "driftd", COMMAND.format(home=HOME), 0o755)
    (binaries / "python3").symlink_to(f"/usr/bin/python{version}")
    full = _said(python, "-c", "import platform; print(platform.python_version())")
    _write(stage / HOME / "pyvenv.cfg", f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {full}\n")
    command = stage / "usr/bin/driftd"
    command.parent.mkdir(parents=True)
    command.symlink_to(f"/{HOME}/bin/driftd")
    _write(stage / "usr/lib/systemd/system/driftd.service", (project / "systemd/driftd.service").read_text("utf-8"))
    _write(stage / "etc/logrotate.d/driftd", (project / "driftd/installing/files/logrotate").read_text("utf-8"))
    (stage / "etc/driftd/baselines").mkdir(parents=True)
    documents = stage / "usr/share/doc/driftd"
    _write(documents / "copyright", (project / "LICENSE").read_text("utf-8"))
    _write_compressed(documents / "CHANGELOG.md.gz", (project / "CHANGELOG.md").read_text("utf-8"))


def _handbook(stage: Path, site: Path, python: Path) -> None:
    """Add completions and manual pages, as the packaged driftd makes them."""
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); from driftd.cli.handbook import files; "
        "print(json.dumps({str(path): text for path, text in files().items()}))"
    )
    for path, text in json.loads(_said(python, "-IB", "-c", code, site)).items():
        target = stage / path.lstrip("/")
        if "/man/" in path:
            _write_compressed(target.with_name(target.name + ".gz"), text)
        else:
            _write(target, text)


def _compile(stage: Path, python: Path) -> None:
    """Make bytecode, which is told to be that of its source by times that do not depend on when this is built."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", "0")) or _last_change()
    _set_times(stage, moment)
    _said(python, "-m", "compileall", "-q", "-j", "0", "-s", stage, "-p", "/", stage / HOME / "lib")
    _set_times(stage, moment)


def _set_times(stage: Path, moment: int) -> None:
    for path in stage.rglob("*"):
        os.utime(path, (moment, moment), follow_symlinks=False)


def _last_change() -> int:
    """Return the time of the commit that is built; where there is none, that of this program."""
    command = ["git", "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return int(Path(__file__).stat().st_mtime)
    return int(done.stdout)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)


def _write_compressed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))


# --- the package


def _package(stage: Path, project: Path, version: str, output: Path, compression: str) -> Path:
    files = sorted(path for path in stage.rglob("*") if path.is_file() and not path.is_symlink())
    for path in stage.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    architecture = _said("dpkg", "--print-architecture")
    major, minor = map(int, version.split("."))
    words = {
        "VERSION": _version(project),
        "ARCHITECTURE": architecture,
        "INSTALLED_SIZE": str(sum(path.stat().st_size for path in files) // 1024),
        "PYTHON": version,
        "NEXT_PYTHON": f"{major}.{minor + 1}",
    }
    control = stage / "DEBIAN"
    control.mkdir()
    sums = (
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(stage)}\n"
        for path in files
    )
    _write(control / "md5sums", "".join(sums))
    for name in ("control", "conffiles", "preinst", "postinst", "prerm", "postrm"):
        source = project / "packaging/debian" / name
        text = re.sub(r"@([A-Z_]+)@", lambda found: words[found[1]], source.read_text("utf-8"))
        _write(control / name, text, 0o644 if name in ("control", "conffiles") else 0o755)
    output.mkdir(parents=True, exist_ok=True)
    package = output.resolve() / f"driftd_{words['VERSION']}_{architecture}.deb"
    _said("dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", stage, package)
    return package


def _version(project: Path) -> str:
    found = re.search(r'^__version__ = "([^"]+)"$', (project / "driftd/__init__.py").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{project}/driftd/__init__.py: names no version")
    return found[1]


if __name__ == "__main__":
    main()
