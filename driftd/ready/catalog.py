"""What ships with driftd: ready-made baselines and when they apply, and what changes under /etc by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from driftd.model.baseline import Ignore
from driftd.ready.discovery import Traces


@dataclass(frozen=True, slots=True)
class ReadyBaseline:
    """A baseline that ships with driftd."""

    name: str
    summary: str
    when: tuple[str, ...]
    """It is worth having on a host that has one of these paths."""
    packages: tuple[str, ...] = ()
    """Or one of these packages; `*` stands for anything."""
    units: tuple[str, ...] = ()
    """Or one of these units of systemd."""
    example: bool = False
    """Made for the demonstration; not offered for a real host by itself."""

    @property
    def directory(self) -> Traversable:
        """The directory that holds `baseline.yaml`, and `tree/` where there are sample files."""
        return files(__package__) / self.name

    @property
    def text(self) -> str:
        """The text of its `baseline.yaml`."""
        return (self.directory / "baseline.yaml").read_text(encoding="utf-8")

    def evidence(self, host: Traces) -> str | None:
        """Return what on a host speaks for it, in words; None: nothing does."""
        if path := next(filter(host.exists, self.when), None):
            return path
        if package := next(filter(None, map(host.package, self.packages)), None):
            return f"package {package}"
        return next(filter(None, map(host.unit, self.units)), None)


@dataclass(frozen=True, slots=True)
class VolatileItem:
    """Something that changes without anybody configuring anything."""

    item: str
    reason: str
    source: str
    when_exists: tuple[str, ...] = ()
    when_contains: tuple[str, ...] = ()

    def applies(self, exists: Callable[[str], bool], text_of: Callable[[str], str | None]) -> bool:
        """Whether it is volatile on a host; `text_of` returns the text of a file there, None where it has none."""
        if self.when_exists and not any(exists(path) for path in self.when_exists):
            return False
        if not self.when_contains:
            return True
        text = (text_of(self.item) or "").lower()
        return any(mark in text for mark in self.when_contains)

    def ignore(self) -> Ignore:
        """Return the entry for a baseline, in which the source is named."""
        return Ignore(item=self.item, reason=f"{self.reason} ({self.source})")


@cache
def ready_baselines() -> tuple[ReadyBaseline, ...]:
    """Return the baselines that ship with driftd, examples included."""
    return tuple(
        ReadyBaseline(
            entry["name"],
            entry["summary"],
            tuple(entry.get("when", ())),
            tuple(entry.get("packages", ())),
            tuple(entry.get("units", ())),
            bool(entry.get("example")),
        )
        for entry in _data("catalog.yaml")["baselines"]
    )


def ready_baseline(name: str) -> ReadyBaseline:
    """Return one baseline that ships with driftd; KeyError names those there are."""
    for baseline in ready_baselines():
        if baseline.name == name:
            return baseline
    raise KeyError(f"no ready-made baseline {name!r}: one of {', '.join(b.name for b in ready_baselines())}")


@cache
def volatile_items() -> tuple[VolatileItem, ...]:
    """Return what is volatile by nature, with reason and source."""
    return tuple(
        VolatileItem(
            entry["item"],
            entry["reason"],
            entry["source"],
            tuple(entry.get("when_exists", ())),
            tuple(entry.get("when_contains", ())),
        )
        for entry in _data("volatile.yaml")["items"]
    )


def _data(name: str) -> Any:
    import yaml  # late: only `init` and the demonstration ask

    return yaml.load((files(__package__) / name).read_bytes(), Loader=yaml.CSafeLoader)
