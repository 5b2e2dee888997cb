"""A baseline: what people write about what is audited, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from driftd.model.document import Json

AttributeName = Literal["mode", "owner", "group", "acl", "xattrs", "capabilities", "selinux"]
SeverityWord = Literal["info", "low", "medium", "high", "critical"]
Key = Annotated[str, Meta(description="RFC 9535 JSONPath query", examples=["$.production.host"])]

DEFAULT_ATTRIBUTES: tuple[AttributeName, ...] = ("mode", "owner", "group")
DEFAULT_MAX_ITEMS = 100_000
DEFAULT_MAX_BYTES = 4 * 1024 * 1024
DEFAULT_MAX_OUTPUT = 1024 * 1024


class ItemPattern(Struct, frozen=True, kw_only=True):
    """One line of `items`: which paths, and how they are read."""

    path: str
    """Absolute path or glob."""
    attributes: tuple[AttributeName, ...] = DEFAULT_ATTRIBUTES
    content: Literal["settings", "digest", "none"] = "settings"
    """`settings`: parsed; `digest`: bytes only; `none`: attributes only."""
    format: str | None = None
    """Name of a format; None: by path, then by content."""
    max_items: int = DEFAULT_MAX_ITEMS
    max_bytes: int = DEFAULT_MAX_BYTES
    cross_mounts: bool = False
    severity: SeverityWord | None = None


class CommandItem(Struct, frozen=True, kw_only=True):
    """One line of `items`: a program whose output is audited, as the item `command:NAME`."""

    command: tuple[str, ...]
    """The program and its arguments; no shell reads them."""
    name: str
    """Unique on a host."""
    content: Literal["settings", "digest"] = "settings"
    """`settings`: the output is parsed; `digest`: bytes only."""
    format: str | None = None
    """Name of the output's format; None: by content."""
    every: str = "1h"
    """Duration between two runs."""
    when: tuple[str, ...] = ()
    """Paths or globs: a change of one of these runs the command."""
    timeout: str = "10s"
    """Duration after which it is killed."""
    max_bytes: int = DEFAULT_MAX_OUTPUT
    """More output than this is not read, and a gap."""
    user: str | None = None
    """Whom it runs as; None: nobody where driftd is root, else the user of driftd."""
    privileged: bool = False
    """It keeps the user and the capabilities of driftd."""
    severity: SeverityWord | None = None


class Ignore(Struct, frozen=True, kw_only=True):
    """A place that may differ. Without `key`, the item is not audited at all."""

    item: str
    reason: str
    key: Key | None = None


class Identify(Struct, frozen=True, kw_only=True):
    """By which members the members of a list are told apart."""

    item: str
    key: Key
    by: str | tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The identity members, always as a tuple."""
        return (self.by,) if isinstance(self.by, str) else self.by


class SecretKey(Struct, frozen=True, kw_only=True):
    """A key whose value is a secret, beyond those driftd detects by itself."""

    key: Key
    item: str = "**"


class Vary(Struct, frozen=True, kw_only=True):
    """A value that is legally different on each host: only its presence is audited."""

    item: str
    key: Key


class Rule(Struct, frozen=True, kw_only=True):
    """What a setting must be, whatever is approved."""

    id: str
    item: str
    key: Key
    require: dict[str, Json] | bool
    """JSON Schema for the value at `key`."""
    why: str
    severity: SeverityWord | None = None
    fix: str | None = None
    reference: str | None = None
    controls: tuple[str, ...] = ()
    optional: bool = False
    """A missing key is in order."""


class Baseline(Struct, frozen=True, kw_only=True):
    """The contents of a `baseline.yaml`."""

    schema: Literal["driftd/baseline/1"]
    name: str
    items: tuple[ItemPattern | CommandItem, ...] = ()
    owner: str | None = None
    description: str | None = None
    applies_to: dict[str, str | tuple[str, ...]] | UnsetType = UNSET
    """Host labels that must all match; absent: every host."""
    severity: SeverityWord = "medium"
    approved: Literal["required", "none"] = "required"
    """`none`: rules only, nothing is ever approved."""
    ignore: tuple[Ignore, ...] = ()
    identify: tuple[Identify, ...] = ()
    secrets: tuple[SecretKey, ...] = ()
    vary: tuple[Vary, ...] = ()
    rules: tuple[Rule, ...] = ()

    def applies(self, labels: dict[str, str]) -> bool:
        """Whether a host with these labels is meant."""
        if self.applies_to is UNSET:
            return True
        return all(
            labels.get(name) in ((wanted,) if isinstance(wanted, str) else wanted)
            for name, wanted in self.applies_to.items()
        )
