"""What a person can set in `driftd.yaml`, and what holds where nothing is set."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from driftd.settings.outputs import OUTPUT_CHECKS, UNQUOTED, OutputSettings, trouble_with_outputs
from driftd.settings.scalars import Cron, Duration, Rate, Size, TimeZone
from driftd.settings.typed import Check, Vocabulary


class HostSettings(Struct, frozen=True, kw_only=True):
    """`host`: who this machine is in events."""

    id: str | None = None
    """None: derived from the machine-id."""
    name: str | None = None
    """None: the name in `/etc/hostname`, else the kernel's."""
    labels: dict[str, str] = {}


class AuditSettings(Struct, frozen=True, kw_only=True):
    """`audit`: when everything is looked at, whatever was noticed live."""

    every: Duration = Duration(900)
    deep: Cron = Cron("0 3 * * *")
    jitter: Duration = Duration(60)
    rate: Rate | None = None
    """Bytes a second that a deep audit reads at most; None: as much as nobody else wants."""


class WatchSettings(Struct, frozen=True, kw_only=True):
    """`watch`: live detection."""

    enabled: bool = True
    settle: Duration = Duration(0.25)
    """How long a file that looks half-written may take."""
    poll: Duration = Duration(5)
    """Time between two looks at what cannot be watched."""


class JournalSettings(Struct, frozen=True, kw_only=True):
    """`journal`: how long what happened is remembered."""

    keep: Duration = Duration(400 * 86400)
    """Events that are older go once every output has them."""
    max_size: Size = Size(512 << 20)
    """Beyond this the oldest events go, delivered or not."""


class GroupingSettings(Struct, frozen=True, kw_only=True):
    """`grouping`: when many drifts at once are told by one summary."""

    alone: int = 1000
    """Drifts within ten minutes that are told one by one; what goes beyond in one go is told together."""
    urgent: int = 1000
    """Critical and high drifts that are told one by one beyond that."""


class SecretsSettings(Struct, frozen=True, kw_only=True):
    """`secrets`: the key that secret values are fingerprinted with."""

    key_file: Path | None = None


class ControlSettings(Struct, frozen=True, kw_only=True):
    """`control`: how commands reach the daemon."""

    socket: Path | None = None
    group: str | None = None
    """Members may talk to the daemon; None: its own user and root alone."""


class MetricsSettings(Struct, frozen=True, kw_only=True):
    """`metrics`: numbers for monitoring, in the format of Prometheus."""

    listen: str | None = None
    """Address and port of an HTTP endpoint with `/metrics` and `/health`; None: there is none."""
    textfile: Path | None = None
    """A file for node_exporter's textfile collector; None: there is none."""
    every: Duration = Duration(15)
    """Time between two writings of the file."""


class Settings(Struct, frozen=True, kw_only=True):
    """The contents of `driftd.yaml`. Paths are absolute: relative ones start at the file's directory."""

    baselines: tuple[Path, ...]
    host: HostSettings = HostSettings()
    state: Path = Path("/var/lib/driftd")
    timezone: TimeZone = TimeZone("UTC")
    audit: AuditSettings = AuditSettings()
    watch: WatchSettings = WatchSettings()
    journal: JournalSettings = JournalSettings()
    grouping: GroupingSettings = GroupingSettings()
    secrets: SecretsSettings = SecretsSettings()
    outputs: tuple[OutputSettings, ...] = ()
    control: ControlSettings = ControlSettings()
    metrics: MetricsSettings = MetricsSettings()

    @property
    def key_file(self) -> Path:
        """Where the secret key stands: `secrets.key_file`, else `secret.key` in the state directory."""
        return self.secrets.key_file or self.state / "secret.key"

    @property
    def control_socket(self) -> Path:
        """Where commands reach the daemon: `control.socket`, else `control.sock` in the state directory."""
        return self.control.socket or self.state / "control.sock"

    @property
    def zone(self) -> tzinfo:
        """The time zone in which schedules are meant."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)


HOST_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


def _host_name(name: str | None) -> str | None:
    if name is None or HOST_NAME.fullmatch(name):
        return None
    return f"{name!r} is not a host name: letters, digits, dots, hyphens and underscores"


ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+(%[\w.-]+)?\]|[A-Za-z0-9][A-Za-z0-9._-]*):(\d{1,5})")


def _address(text: str | None) -> str | None:
    found = ADDRESS.fullmatch(text) if text is not None else None
    if text is None or (found is not None and int(found[3]) <= 65535):
        return None
    return f"{text!r} is no address: write host:port, such as 127.0.0.1:9469 or [::1]:9469"


def _at_least(seconds: float) -> Check:
    def check(value: Duration) -> str | None:
        return None if value >= seconds else f"{value} is too short: at least {Duration(seconds)}"

    return check


SETTINGS: Final = Vocabulary(
    checks={
        (Settings, "baselines"): lambda paths: None if paths else "no directory of baselines: name at least one",
        (Settings, "outputs"): trouble_with_outputs,
        (HostSettings, "name"): _host_name,
        (HostSettings, "id"): lambda text: "is empty: remove it, or give this host an id" if text == "" else None,
        (AuditSettings, "every"): _at_least(1),
        (WatchSettings, "poll"): _at_least(0.1),
        (AuditSettings, "rate"): lambda rate: (
            f"{rate} is too slow: at least 64KiB/s" if rate and rate < 1 << 16 else None
        ),
        (JournalSettings, "keep"): _at_least(86400),
        (JournalSettings, "max_size"): lambda size: None if size >= 1 << 20 else f"{size} is too small: at least 1MiB",
        (GroupingSettings, "alone"): lambda count: None if count >= 1 else "at least one drift is told by itself",
        (GroupingSettings, "urgent"): lambda count: None if count >= 0 else "a number of drifts: 0 or more",
        (MetricsSettings, "listen"): _address,
        (MetricsSettings, "textfile"): lambda path: (
            None if path is None or path.suffix == ".prom" else f"{path.name}: node_exporter reads *.prom alone"
        ),
        (MetricsSettings, "every"): _at_least(1),
        **OUTPUT_CHECKS,
    },
    later={
        Settings: frozenset({"approval", "reports", "notifications", "packages", "services", "restore"}),
    },
    unquoted=UNQUOTED,
)
"""What the types of the settings do not say."""
