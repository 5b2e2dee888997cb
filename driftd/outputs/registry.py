"""The outputs there are. Adding one: a module, a row here, its settings, a row in docs/reference/outputs.md."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TextIO

from driftd import __version__
from driftd.model.baseline import Rule
from driftd.outputs.alert import AlertFormat
from driftd.outputs.alertmanager import PATH as ALERTS_PATH
from driftd.outputs.alertmanager import AlertmanagerOutput
from driftd.outputs.credentials import read_secret
from driftd.outputs.filters import Filter
from driftd.outputs.journald import JournaldOutput
from driftd.outputs.jsonl import JsonLinesOutput
from driftd.outputs.otlp import PATH as OTLP_PATH
from driftd.outputs.otlp import JsonEncoding, OtlpOutput, ProtobufEncoding
from driftd.outputs.posting import Poster
from driftd.outputs.standing import NothingOpen, OpenDrifts
from driftd.outputs.stdout import StdoutOutput
from driftd.outputs.syslog import SyslogOutput
from driftd.outputs.syslog_message import SyslogFormat
from driftd.outputs.syslog_wire import wire_to
from driftd.outputs.tls import TlsFiles
from driftd.outputs.webhook import WebhookOutput
from driftd.ports import Output
from driftd.settings.outputs import (
    AlertmanagerSettings,
    EventFilter,
    HttpSettings,
    JournaldSettings,
    JsonLinesSettings,
    OtlpSettings,
    StdoutSettings,
    SyslogSettings,
    WebhookSettings,
)

FALLBACK_WIDTH: Final = 80
SYSLOG_SIZES: Final = {"udp": 2048}
"""Bytes that every receiver should take: RFC 5424 section 6.1, RFC 5425 section 4.3.1."""
SYSLOG_SIZE: Final = 8192


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an output may need of the process it lives in."""

    stdout: TextIO
    environment: Mapping[str, str]
    now: Callable[[], datetime] = _utc_now
    drifts: OpenDrifts = field(default_factory=NothingOpen)
    """What stands open now."""
    host: Callable[[], str] = str
    """Name of the host."""
    rules: Callable[[], Mapping[str, Rule]] = dict
    """Every rule by its id."""

    def width(self) -> int:
        """Return the columns of the terminal, as it is now."""
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or FALLBACK_WIDTH
        except OSError:
            return FALLBACK_WIDTH

    def color(self) -> bool:
        """Whether colour is wanted: https://no-color.org."""
        return self.stdout.isatty() and not self.environment.get("NO_COLOR") and self.environment.get("TERM") != "dumb"


@dataclass(frozen=True, slots=True)
class OutputKind:
    """An output: the type of its settings, and what is built from them. Building opens nothing."""

    settings: type[EventFilter]
    build: Callable[[Any, Surroundings], Output]


def _journald(settings: JournaldSettings, around: Surroundings) -> Output:  # noqa: ARG001 - every builder gets both
    return JournaldOutput()


def _jsonl(settings: JsonLinesSettings, around: Surroundings) -> Output:  # noqa: ARG001 - every builder gets both
    return JsonLinesOutput(settings.path, mode=settings.mode, group=settings.group)


def _stdout(settings: StdoutSettings, around: Surroundings) -> Output:
    stream = around.stdout.buffer
    if settings.format == "json" or (settings.format == "auto" and not around.stdout.isatty()):
        return StdoutOutput(stream)
    return StdoutOutput(stream, width=around.width, color=around.color())


def _syslog(settings: SyslogSettings, around: Surroundings) -> Output:  # noqa: ARG001 - every builder gets both
    files = TlsFiles(settings.ca_file, settings.cert_file, settings.key_file)
    usual = SYSLOG_SIZES.get(settings.address.transport, SYSLOG_SIZE)
    form = SyslogFormat(settings.facility, settings.max_size or usual, settings.content == "json", settings.enterprise)
    return SyslogOutput(wire_to(settings.address, float(settings.timeout), files), form, time.monotonic)


def _poster(settings: HttpSettings, around: Surroundings, path: str = "") -> Poster:
    return Poster(settings, around.environment, around.now, time.monotonic, path=path)


def _webhook(settings: WebhookSettings, around: Surroundings) -> Output:
    secret = settings.secret_file
    secrets = None if secret is None else partial(read_secret, secret, around.environment)
    return WebhookOutput(_poster(settings, around), around.now, secrets)


def _otlp(settings: OtlpSettings, around: Surroundings) -> Output:
    encoding = ProtobufEncoding(__version__) if settings.encoding == "protobuf" else JsonEncoding(__version__)
    return OtlpOutput(_poster(settings, around, OTLP_PATH), encoding, compress=settings.compression == "gzip")


def _alertmanager(settings: AlertmanagerSettings, around: Surroundings) -> Output:
    every = float(settings.resend)
    form = AlertFormat(around.host, around.rules, around.now, timedelta(seconds=4 * every), settings.labels)
    poster = _poster(settings, around, ALERTS_PATH)
    return AlertmanagerOutput(poster, form, around.drifts, Filter.of(settings), every)


OUTPUTS: Final[Mapping[str, OutputKind]] = {
    "journald": OutputKind(JournaldSettings, _journald),
    "jsonl": OutputKind(JsonLinesSettings, _jsonl),
    "stdout": OutputKind(StdoutSettings, _stdout),
    "syslog": OutputKind(SyslogSettings, _syslog),
    "webhook": OutputKind(WebhookSettings, _webhook),
    "otlp": OutputKind(OtlpSettings, _otlp),
    "alertmanager": OutputKind(AlertmanagerSettings, _alertmanager),
}


def build(name: str, options: EventFilter, around: Surroundings) -> Output:
    """Return the output that an entry of `outputs` describes."""
    kind = OUTPUTS[name]
    if not isinstance(options, kind.settings):
        raise TypeError(f"{name} is built from {kind.settings.__name__}, not from {type(options).__name__}")
    return kind.build(options, around)
