"""What a person can set for an output, an entry of `outputs`, and what holds where nothing is set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os.path import normpath
from pathlib import Path
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from driftd.model.baseline import SeverityWord
from driftd.model.change import Status
from driftd.model.event import Action
from driftd.settings.addresses import (
    SecretFile,
    SyslogAddress,
    trouble_with_headers,
    trouble_with_name,
    trouble_with_url,
)
from driftd.settings.scalars import Duration, FileMode, Size
from driftd.settings.typed import Check


class EventFilter(Struct, frozen=True, kw_only=True):
    """What an output is called, and which events it takes. Heartbeats pass every filter."""

    name: str | None = None
    """By which its deliveries are remembered; None: its kind, with a number where there are several."""
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


class HttpSettings(EventFilter, frozen=True, kw_only=True):
    """What outputs that speak HTTP have in common. Secrets stand in files."""

    url: str | None = None
    url_file: SecretFile | None = None
    """File with the URL, where that is a secret itself."""
    headers: dict[str, str] = {}
    header_files: dict[str, SecretFile] = {}
    """Headers whose values are secrets."""
    token_file: SecretFile | None = None
    """Sent as `Authorization: Bearer`."""
    username: str | None = None
    password_file: SecretFile | None = None
    """Sent with `username` as `Authorization: Basic`."""
    timeout: Duration = Duration(10)
    """For one request, from the connection to the end of the answer."""
    ca_file: Path | None = None
    """Authorities that are believed; None: the system's."""
    cert_file: Path | None = None
    """Our own certificate, for receivers that ask for one."""
    key_file: Path | None = None
    """Its key; None: it stands in `cert_file`."""


class WebhookSettings(HttpSettings, frozen=True, kw_only=True):
    """`webhook`: a URL that gets each event in a request of its own."""

    secret_file: SecretFile | None = None
    """What requests are signed with, by the Standard Webhooks specification; None: they are not."""


class OtlpSettings(HttpSettings, frozen=True, kw_only=True):
    """`otlp`: a collector of OpenTelemetry, as logs over HTTP."""

    encoding: Literal["protobuf", "json"] = "protobuf"
    compression: Literal["gzip", "none"] = "gzip"


class AlertmanagerSettings(HttpSettings, frozen=True, kw_only=True):
    """`alertmanager`: Alertmanager, which gets an alert for each open drift."""

    resend: Duration = Duration(60)
    """Time between two times that what stands open is said again; an alert expires after four of them."""
    labels: dict[str, str] = {}
    """Labels of every alert, beside its own."""


class OutputSettings(Struct, frozen=True, kw_only=True):
    """One entry of `outputs`: a kind of output and its options."""

    journald: JournaldSettings | UnsetType = UNSET
    jsonl: JsonLinesSettings | UnsetType = UNSET
    stdout: StdoutSettings | UnsetType = UNSET
    syslog: SyslogSettings | UnsetType = UNSET
    webhook: WebhookSettings | UnsetType = UNSET
    otlp: OtlpSettings | UnsetType = UNSET
    alertmanager: AlertmanagerSettings | UnsetType = UNSET

    @property
    def chosen(self) -> dict[str, EventFilter]:
        """The kinds named in this entry; exactly one once the settings are checked."""
        return {name: value for name in self.__struct_fields__ if isinstance(value := getattr(self, name), EventFilter)}

    @property
    def kind(self) -> str:
        """What kind of output it is: `jsonl`."""
        return next(iter(self.chosen))

    @property
    def options(self) -> EventFilter:
        """Its options."""
        return next(iter(self.chosen.values()))


def names_of(entries: Sequence[OutputSettings]) -> list[str]:
    """Return what each output is called: as it says, else its kind, from the second of a kind on with a number."""
    kinds = [entry.kind for entry in entries]
    numbers = [kinds[:index].count(kind) + 1 for index, kind in enumerate(kinds)]
    called = (kind if number == 1 else f"{kind}-{number}" for kind, number in zip(kinds, numbers, strict=True))
    return [entry.options.name or name for entry, name in zip(entries, called, strict=True)]


def _name(name: str | None) -> str | None:
    if name is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        return None
    return "is no name for an output: up to 64 letters, digits, dots, hyphens and underscores"


def _one_output(entry: OutputSettings) -> str | None:
    if len(entry.chosen) == 1:
        return None
    return "an entry of outputs names exactly one output: write `- journald: {}`"


def trouble_with_outputs(entries: Sequence[OutputSettings]) -> str | None:
    """Return what is wrong between outputs that are each well: two of one name, two that write one file."""
    if any(len(entry.chosen) != 1 for entry in entries):
        return None  # which is said already
    names = names_of(entries)
    paths = [normpath(entry.options.path) for entry in entries if isinstance(entry.options, JsonLinesSettings)]
    for name in names:
        if names.count(name) > 1:
            return f"two outputs are called {name}: give each a `name` of its own"
    for path in paths:
        if paths.count(path) > 1:
            return f"{path} is written by two outputs: each event would be in it twice"
    return None


def _timeout(time: Duration) -> str | None:
    return None if 0.1 <= time <= 3600 else f"{time} is no time to wait for a receiver: from 100ms to 1h"


def _syslog(settings: SyslogSettings) -> str | None:
    transport = settings.address.transport
    if settings.key_file is not None and settings.cert_file is None:
        return "key_file without cert_file: name the certificate as well"
    if transport != "tls" and (settings.ca_file or settings.cert_file):
        return f"ca_file and cert_file are for tls://, not for {transport}: nothing would be encrypted"
    return None


def _http(settings: HttpSettings) -> str | None:
    if (settings.url is None) is (settings.url_file is None):
        return "url missing: name the receiver by `url`, or by `url_file` where the URL is a secret; not by both"
    if (settings.username is None) is not (settings.password_file is None):
        return "username and password_file belong together"
    if settings.token_file is not None and settings.password_file is not None:
        return "token_file and password_file are two ways to say who we are: choose one"
    if settings.key_file is not None and settings.cert_file is None:
        return "key_file without cert_file: name the certificate as well"
    if settings.url is not None and settings.url.startswith("http:") and (settings.ca_file or settings.cert_file):
        return "ca_file and cert_file are for https://, not for http://: nothing would be encrypted"
    return None


def _header_files(headers: dict[str, SecretFile]) -> str | None:
    return next((trouble for name in headers if (trouble := trouble_with_name(name)) is not None), None)


def _user(name: str | None) -> str | None:
    return None if name is None or (name.isprintable() and ":" not in name) else "holds what no user name can hold"


def _message_size(size: Size | None) -> str | None:
    return None if size is None or 480 <= size <= 65000 else f"{size} is no size for a message: from 480 bytes to 63KiB"


def _alert_labels(labels: dict[str, str]) -> str | None:
    for name in labels:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            return f"{name!r} is not the name of a label: letters, digits and underscores"
        if name in ALERT_LABELS:
            return f"{name} is a label that driftd sets itself"
    return None


ALERT_LABELS: Final = frozenset({"alertname", "baseline", "drift_id", "group", "host", "item", "severity"})
_OF_HTTP: Final[Mapping[str | None, Check]] = {
    None: _http,
    "url": trouble_with_url,
    "headers": trouble_with_headers,
    "header_files": _header_files,
    "username": _user,
    "timeout": _timeout,
}
OUTPUT_CHECKS: Final[Mapping[tuple[type[Struct], str | None], Check]] = {
    (OutputSettings, None): _one_output,
    **{
        (kind, "name"): _name
        for kind in (
            JournaldSettings,
            JsonLinesSettings,
            StdoutSettings,
            SyslogSettings,
            WebhookSettings,
            OtlpSettings,
            AlertmanagerSettings,
        )
    },
    (SyslogSettings, None): _syslog,
    (SyslogSettings, "max_size"): _message_size,
    (SyslogSettings, "timeout"): _timeout,
    **{
        (kind, field): check
        for kind in (WebhookSettings, OtlpSettings, AlertmanagerSettings)
        for field, check in _OF_HTTP.items()
    },
    (AlertmanagerSettings, "labels"): _alert_labels,
    (AlertmanagerSettings, "resend"): lambda time: None if time >= 1 else f"{time} is too short: at least 1s",
    (AlertmanagerSettings, "actions"): lambda actions: (
        None if actions is None else "an alert follows its drift, whatever events tell of it: remove `actions`"
    ),
    (SyslogSettings, "enterprise"): lambda number: None if 0 < number < 1 << 32 else f"{number} is no such number",
}
"""What the types of these settings do not say."""
UNQUOTED: Final[frozenset[type[Struct]]] = frozenset(
    {SyslogSettings, WebhookSettings, OtlpSettings, AlertmanagerSettings}
)
"""What problems repeat no value of: a URL, a header or a password may be written in it, be it in the wrong place."""
