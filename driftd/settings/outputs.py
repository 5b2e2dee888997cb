"""What a person can set for an output, an entry of `outputs`, and what holds where nothing is set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from driftd.model.baseline import SeverityWord
from driftd.model.change import Status
from driftd.model.event import Action
from driftd.settings.addresses import SyslogAddress
from driftd.settings.scalars import Duration, FileMode, Size
from driftd.settings.typed import Check


class EventFilter(Struct, frozen=True, kw_only=True):
    """Which events an output takes. Heartbeats pass every filter."""

    min_severity: SeverityWord = "info"
    actions: tuple[Action, ...] | None = None
    """None: every action."""
    baselines: tuple[str, ...] | None = None
    """None: every baseline."""
    status: tuple[Status, ...] | None = None
    """None: every status."""
    members: bool = False
    """Whether each drift is sent as well that is told by a summary."""


class JournaldSettings(EventFilter, frozen=True, kw_only=True):
    """`journald`: the system's journal, with `DRIFTD_*` fields."""


class JsonLinesSettings(EventFilter, frozen=True, kw_only=True):
    """`jsonl`: a file with one JSON object a line."""

    path: Path
    mode: FileMode = FileMode(0o640)
    group: str | None = None
    """Group that owns the file; None: the daemon's."""


class StdoutSettings(EventFilter, frozen=True, kw_only=True):
    """`stdout`: standard output."""

    format: Literal["auto", "pretty", "json"] = "auto"


FacilityWord = Literal[
    "user", "daemon", "auth", "authpriv", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"
]


class SyslogSettings(EventFilter, frozen=True, kw_only=True):
    """`syslog`: a syslog server, in the form of RFC 5424."""

    address: SyslogAddress = SyslogAddress("unix:/dev/log")
    facility: FacilityWord = "daemon"
    content: Literal["text", "json"] = "text"
    """What the message is: the sentence of the event, or the whole event."""
    max_size: Size | None = None
    """Of one message; None: 2 KiB for UDP, 8 KiB for the others."""
    enterprise: int = 32473
    """Private enterprise number in the name of the structured data; 32473 is the one for examples (RFC 5612)."""
    timeout: Duration = Duration(10)
    ca_file: Path | None = None
    """Authorities that are believed; None: the system's."""
    cert_file: Path | None = None
    """Our own certificate, for receivers that ask for one."""
    key_file: Path | None = None
    """Its key; None: it stands in `cert_file`."""


class OutputSettings(Struct, frozen=True, kw_only=True):
    """One entry of `outputs`: the name of an output and its options."""

    journald: JournaldSettings | UnsetType = UNSET
    jsonl: JsonLinesSettings | UnsetType = UNSET
    stdout: StdoutSettings | UnsetType = UNSET
    syslog: SyslogSettings | UnsetType = UNSET

    @property
    def chosen(self) -> dict[str, EventFilter]:
        """The outputs named in this entry; exactly one once the settings are checked."""
        return {name: value for name in self.__struct_fields__ if isinstance(value := getattr(self, name), EventFilter)}

    @property
    def name(self) -> str:
        """Name of the output: `jsonl`."""
        return next(iter(self.chosen))

    @property
    def options(self) -> EventFilter:
        """Its options."""
        return next(iter(self.chosen.values()))


def _one_output(entry: OutputSettings) -> str | None:
    if len(entry.chosen) == 1:
        return None
    return "an entry of outputs names exactly one output: write `- journald: {}`"


def _syslog(settings: SyslogSettings) -> str | None:
    transport = settings.address.transport
    if settings.key_file is not None and settings.cert_file is None:
        return "key_file without cert_file: name the certificate as well"
    if transport != "tls" and (settings.ca_file or settings.cert_file):
        return f"ca_file and cert_file are for tls://, not for {transport}: nothing would be encrypted"
    return None


def _message_size(size: Size | None) -> str | None:
    return None if size is None or 480 <= size <= 65000 else f"{size} is no size for a message: from 480 bytes to 63KiB"


OUTPUT_CHECKS: Final[Mapping[tuple[type[Struct], str | None], Check]] = {
    (OutputSettings, None): _one_output,
    (SyslogSettings, None): _syslog,
    (SyslogSettings, "max_size"): _message_size,
    (SyslogSettings, "enterprise"): lambda number: None if 0 < number < 1 << 32 else f"{number} is no such number",
}
"""What the types of these settings do not say."""
