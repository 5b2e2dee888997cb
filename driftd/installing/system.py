"""What `driftd init --system` puts on a host beside settings and baselines. Nothing is started."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

from driftd.installing.account import account_in, make_account, run
from driftd.installing.conffile import place_conffile
from driftd.installing.place import ROOT, Done, Owner, Place, Step
from driftd.installing.unit import shipped_unit, unit_for, user_of

UNIT: Final = "driftd.service"


@dataclass(frozen=True, slots=True)
class Shipped:
    """What comes with this driftd."""

    program: PurePosixPath | None
    """Where the command is on the host; None: not there yet, the unit keeps its own."""
    handbook: Mapping[PurePosixPath, str]
    """Completions and manual pages by where they go."""


def install(place: Place, shipped: Shipped) -> Iterator[Step]:
    """Yield what was done, in the order in which it is needed: unit, user, directories, then the rest."""
    layout = tomllib.loads(_text("layout.toml"))
    packaged = next((path for path in layout["packaged"]["units"] if place.exists(PurePosixPath(path))), None)
    unit = place.text(PurePosixPath(packaged)) if packaged else shipped_unit()
    user = user_of(unit or "")
    if packaged:
        yield Step(packaged, Done.SAME, "a package ships the unit, the user, logrotate, completions and manual pages")
    else:
        yield from _files(place, layout, shipped, user)
    owner = account_in(place.root, user)
    for entry in layout["directories"]:
        wanted = owner if entry["owner"] == "service" else ROOT
        yield _directory(place, entry, wanted, user)


def _files(place: Place, layout: dict[str, Any], shipped: Shipped, user: str) -> Iterator[Step]:
    reload = False
    for entry in layout["files"]:
        if entry["text"] == "sysusers.conf" and user == "root":
            continue
        text = _text(f"files/{entry['text']}") if entry["text"] != UNIT else _unit(shipped.program)
        if entry["text"] == "logrotate" and user == "root":
            text = "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith("su "))
        step = place_conffile(place, PurePosixPath(entry["path"]), text)
        reload |= entry["text"] == UNIT and step.done in (Done.WRITTEN, Done.UPDATED)
        yield step
    if user != "root":
        yield make_account(place, user)
    for path, text in shipped.handbook.items():
        yield _replaced(place, path, text)
    if reload and place.root.is_machine and place.exists(PurePosixPath("/run/systemd/system")):
        yield _reload(place)


def _unit(program: PurePosixPath | None) -> str:
    return unit_for(shipped_unit(), str(program)) if program else shipped_unit()


def _replaced(place: Place, path: PurePosixPath, text: str) -> Step:
    """What is made from the program follows the program."""
    present = place.text(path)
    if present == text:
        return Step(str(path), Done.SAME)
    return place.write(path, text, 0o644, Done.WRITTEN if present is None else Done.UPDATED)


def _directory(place: Place, entry: dict[str, str], owner: Owner | None, user: str) -> Step:
    step = place.directory(PurePosixPath(entry["path"]), int(entry["mode"], 8), owner)
    if owner is None and step.done is not Done.FAILED:
        return Step(step.what, step.done, f"{entry['mode']}; systemd gives it to {user} at the first start")
    return step


def _reload(place: Place) -> Step:
    what = "systemctl daemon-reload"
    problem = None if place.dry else run(["systemctl", "daemon-reload"])
    return Step(what, Done.FAILED, problem) if problem else Step(what, Done.DID)


def program_in(place: Place, own: PurePosixPath) -> PurePosixPath | None:
    """Return where the command is on the host: this one, where the tree has it, else in one of the usual places."""
    candidates = [own, *map(PurePosixPath, tomllib.loads(_text("layout.toml"))["programs"]["paths"])]
    return next((path for path in candidates if place.exists(path)), None)


def _text(name: str) -> str:
    return (resources.files("driftd") / "installing" / name).read_text("utf-8")
