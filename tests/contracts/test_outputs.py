"""Every output, held to the suite."""

from __future__ import annotations

import array
import contextlib
import errno
import gzip
import io
import json
import os
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driftd.model.event import Event, namespace, sequence_of
from driftd.outputs.alert import AlertFormat
from driftd.outputs.alertmanager import AlertmanagerOutput
from driftd.outputs.filters import Filter
from driftd.outputs.journald import JournaldOutput
from driftd.outputs.jsonl import JsonLinesOutput
from driftd.outputs.otlp import JsonEncoding, OtlpOutput, ProtobufEncoding
from driftd.outputs.posting import Poster
from driftd.outputs.registry import OUTPUTS
from driftd.outputs.stdout import StdoutOutput
from driftd.outputs.syslog import SyslogOutput
from driftd.outputs.syslog_message import SyslogFormat
from driftd.outputs.syslog_wire import StreamWire, wire_to
from driftd.outputs.tls import TlsFiles
from driftd.outputs.webhook import WebhookOutput
from driftd.ports import DeliveryError, Output
from driftd.settings.addresses import SyslogAddress
from driftd.settings.outputs import HttpSettings, OutputSettings
from tests.contracts.certificates import Authority
from tests.contracts.listening import Datagrams, Listener
from tests.contracts.otlp import attributes_of, export_request
from tests.contracts.output_suite import HOSTILE, OutputSuite, an_event
from tests.contracts.standing import Open
from tests.contracts.web import Web


def sequences(lines: bytes) -> list[int]:
    return [json.loads(line)["event"]["sequence"] for line in lines.splitlines()]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server_context(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.issue("server", "IP:127.0.0.1"))
    return context


class FileStand:
    """A directory that can be away."""

    def __init__(self, top: Path) -> None:
        self.directory = top / "log"
        self.away = top / "away"
        self.directory.mkdir()
        self.path = self.directory / "events.jsonl"

    def build(self) -> Output:
        return JsonLinesOutput(self.path)

    def break_receiver(self) -> None:
        self.directory.rename(self.away)

    def repair_receiver(self) -> None:
        self.away.rename(self.directory)

    def received(self) -> list[int]:
        return sequences(self.raw())

    def raw(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""


class TestJsonLines(OutputSuite):
    @pytest.fixture
    def stand(self, tmp_path: Path) -> FileStand:
        return FileStand(tmp_path)


class DatagramStand:
    """A socket that reads the native protocol as journald does; the real one is in tests/system."""

    def __init__(self, top: Path) -> None:
        self.path = str(top / "socket")
        self.entries: list[bytes] = []
        self.socket: socket.socket | None = None
        self.repair_receiver()

    def build(self) -> Output:
        return JournaldOutput(self.path)

    def break_receiver(self) -> None:
        if self.socket is not None:
            self._drain(self.socket)
            self.socket.close()
            os.unlink(self.path)
            self.socket = None

    def repair_receiver(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def received(self) -> list[int]:
        found = re.findall(rb"^DRIFTD_EVENT=(.*)$", self.raw(), re.MULTILINE)
        return sequences(b"\n".join(found))

    def raw(self) -> bytes:
        if self.socket is not None:
            self._drain(self.socket)
        return b"".join(self.entries)

    def _drain(self, connection: socket.socket) -> None:
        room = socket.CMSG_SPACE(struct.calcsize("i"))
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = connection.recvmsg(1 << 20, room)
                for _, _, rights in ancillary:
                    (file,) = array.array("i", rights)
                    os.lseek(file, 0, os.SEEK_SET)
                    with open(file, "rb") as whole:
                        data += whole.read()
                self.entries.append(data)

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()


class TestJournald(OutputSuite):
    @pytest.fixture
    def stand(self, tmp_path: Path) -> Iterator[DatagramStand]:
        stand = DatagramStand(tmp_path)
        yield stand
        stand.close()


class FlakyStream(io.BytesIO):
    """A stream whose other end can be full."""

    broken = False

    def write(self, data: object, /) -> int:
        if self.broken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)  # type: ignore[arg-type]


class StreamStand:
    def __init__(self) -> None:
        self.stream = FlakyStream()

    def build(self) -> Output:
        return StdoutOutput(self.stream)

    def break_receiver(self) -> None:
        self.stream.broken = True

    def repair_receiver(self) -> None:
        self.stream.broken = False

    def received(self) -> list[int]:
        return sequences(self.raw())

    def raw(self) -> bytes:
        return self.stream.getvalue()


class TestStdout(OutputSuite):
    @pytest.fixture
    def stand(self) -> StreamStand:
        return StreamStand()


class TerminalStand(StreamStand):
    def build(self) -> Output:
        return StdoutOutput(self.stream, width=lambda: 100)

    def received(self) -> list[int]:
        """Blocks for people show no sequence; an_event's time of day does."""
        return [int(number) for number in re.findall(rb"^10:00:00\.(\d{3}) ", self.raw(), re.MULTILINE)]


class TestTerminal(OutputSuite):
    @pytest.fixture
    def stand(self) -> TerminalStand:
        return TerminalStand()


class SyslogStand:
    """A server of syslog: what it has read, message by message."""

    def __init__(self, make: Callable[[SyslogStand], Datagrams | Listener]) -> None:
        self.messages: list[bytes] = []
        self.receiver = make(self)

    def address(self) -> str:
        match self.receiver:
            case Datagrams(path=Path() as path):
                return f"unix:{path}"
            case Datagrams(port=port):
                return f"udp://127.0.0.1:{port}"
            case Listener(port=port):
                return f"{'tls' if self.receiver._context else 'tcp'}://127.0.0.1:{port}"

    def serve(self, connection: socket.socket) -> None:
        """Read messages with their lengths before them."""
        with connection.makefile("rb") as stream:
            while length := b"".join(iter(lambda: stream.read(1), b" ") if (first := stream.read(1)) else ()):
                self.messages.append(stream.read(int(first + length)))

    def build(self) -> Output:
        address = SyslogAddress.from_text(self.address())
        wire = wire_to(address, 5.0, TlsFiles(ca_file=self.ca))
        if isinstance(wire, StreamWire):
            wire._settle = 0.0
        return SyslogOutput(wire, SyslogFormat(), time.monotonic)

    ca: Path | None = None

    def break_receiver(self) -> None:
        self.receiver.away()

    def repair_receiver(self) -> None:
        self.receiver.back()

    def received(self) -> list[int]:
        """Wait until the messages that are under way have been read, then return them."""
        return [int(number) for number in re.findall(rb' sequence="(\d+)"', b"\n".join(self.settled()))]

    def raw(self) -> bytes:
        return b"\n".join(self.settled())

    def settled(self) -> list[bytes]:
        """Return what has arrived once nothing is left to be read; a thread of this process reads streams."""
        if isinstance(self.receiver, Datagrams):
            return self.receiver.drain()
        count = -1
        while self.receiver.unread() or count != len(self.messages):
            count = len(self.messages)
            time.sleep(0.03)
        return self.messages


class SyslogSuite(OutputSuite):
    def test_what_a_broken_connection_may_have_lost_is_sent_again(self, output: Output, stand: SyslogStand) -> None:
        output.send([an_event(1), an_event(2)])
        assert stand.received() == [1, 2]
        stand.break_receiver()
        with pytest.raises(DeliveryError):
            output.send([an_event(3)])
        stand.repair_receiver()
        output.send([an_event(3)])
        assert stand.received() == [1, 2, 1, 2, 3]


class TestSyslogUnix(SyslogSuite):
    @pytest.fixture
    def stand(self, tmp_path: Path) -> Iterator[SyslogStand]:
        stand = SyslogStand(lambda _: Datagrams(tmp_path / "log"))
        yield stand
        stand.receiver.close()


class TestSyslogUdp(SyslogSuite):
    @pytest.fixture
    def stand(self) -> Iterator[SyslogStand]:
        stand = SyslogStand(lambda _: Datagrams())
        yield stand
        stand.receiver.close()


class TestSyslogTcp(SyslogSuite):
    @pytest.fixture
    def stand(self) -> Iterator[SyslogStand]:
        stand = SyslogStand(lambda stand: Listener(stand.serve))
        yield stand
        stand.receiver.close()


class TestSyslogTls(SyslogSuite):
    @pytest.fixture
    def stand(self, authority: Authority, server_context: ssl.SSLContext) -> Iterator[SyslogStand]:
        stand = SyslogStand(lambda stand: Listener(stand.serve, server_context))
        stand.ca = authority.ca
        yield stand
        stand.receiver.close()


class WebStand:
    """A receiver of HTTP; what its requests hold is for subclasses to say."""

    def __init__(self) -> None:
        self.web = Web()

    def settings(self) -> HttpSettings:
        return HttpSettings(url=self.web.url)

    def poster(self, path: str = "") -> Poster:
        return Poster(self.settings(), {}, lambda: datetime.now(UTC), time.monotonic, path=path)

    def break_receiver(self) -> None:
        self.web.away()

    def repair_receiver(self) -> None:
        self.web.back()

    def close(self) -> None:
        self.web.close()


class WebhookStand(WebStand):
    def build(self) -> Output:
        return WebhookOutput(self.poster(), lambda: datetime.now(UTC), lambda: "whsec_" + "a" * 32)

    def received(self) -> list[int]:
        return sequences(self.raw())

    def raw(self) -> bytes:
        return b"\n".join(request.body for request in self.web.requests)


class TestWebhook(OutputSuite):
    @pytest.fixture
    def stand(self) -> Iterator[WebhookStand]:
        stand = WebhookStand()
        yield stand
        stand.close()


class OtlpStand(WebStand):
    """A collector that reads requests with the real messages of OpenTelemetry."""

    encoding: type[ProtobufEncoding | JsonEncoding] = ProtobufEncoding

    def build(self) -> Output:
        return OtlpOutput(self.poster("/v1/logs"), self.encoding("1.0"), compress=True)

    def received(self) -> list[int]:
        return [attributes_of(one)["event.sequence"] for one in self.records()]

    def raw(self) -> bytes:
        return b"\n".join(gzip.decompress(request.body) for request in self.web.requests)

    def records(self) -> list[Any]:
        return [
            one
            for request in self.web.requests
            for resource in export_request(request).resource_logs
            for scope in resource.scope_logs
            for one in scope.log_records
        ]


class OtlpSuite(OutputSuite):
    def test_what_a_terminal_would_obey_is_escaped(self, output: Output, stand: OtlpStand) -> None:  # type: ignore[override]
        output.send([an_event(1, message=HOSTILE, fix=HOSTILE, drift_id=HOSTILE)])
        (one,) = stand.records()
        told = attributes_of(one)
        for text in (one.body.string_value, told["driftd.fix"], told["driftd.drift_id"]):
            assert text.isprintable()


class TestOtlp(OtlpSuite):
    @pytest.fixture
    def stand(self, require_real: Callable[[str], None]) -> Iterator[OtlpStand]:
        require_real("opentelemetry-proto")
        stand = OtlpStand()
        yield stand
        stand.close()


class JsonOtlpStand(OtlpStand):
    encoding = JsonEncoding


class TestOtlpJson(OtlpSuite):
    @pytest.fixture
    def stand(self, require_real: Callable[[str], None]) -> Iterator[OtlpStand]:
        require_real("opentelemetry-proto")
        stand = JsonOtlpStand()
        yield stand
        stand.close()


class AlertmanagerStand(WebStand):
    """Alertmanager: what it is told are states, so that each event is given a drift of its own here."""

    def __init__(self) -> None:
        super().__init__()
        self.drifts = Open()

    def build(self) -> Output:
        form = AlertFormat(lambda: "api-1", dict, lambda: datetime.now(UTC), timedelta(minutes=4), {})
        output = AlertmanagerOutput(self.poster("/api/v2/alerts"), form, self.drifts, Filter(), 60)
        whole = output.send

        def send(events: Sequence[Event]) -> None:
            told = []
            for event in events:
                ours = namespace(event) | {"drift_id": str(sequence_of(event))}
                told.append(event | {"driftd": ours})
                self.drifts.add(told[-1], item=str(ours.get("fix", "/etc/app.conf")))
            whole(told)

        output.send = send  # type: ignore[method-assign]
        return output

    def received(self) -> list[int]:
        return [int(alert["labels"]["drift_id"]) for request in self.web.requests for alert in json.loads(request.body)]

    def raw(self) -> bytes:
        return b"\n".join(request.body for request in self.web.requests)


class TestAlertmanager(OutputSuite):
    @pytest.fixture
    def stand(self) -> Iterator[AlertmanagerStand]:
        stand = AlertmanagerStand()
        yield stand
        stand.close()


def test_registry_settings_documentation_and_this_suite_agree() -> None:
    reference = Path(__file__).parents[2].joinpath("docs", "reference", "outputs.md").read_text("utf-8")
    table = reference.partition("| output |")[2].partition("\n\n")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    held = {
        "journald": TestJournald,
        "jsonl": TestJsonLines,
        "stdout": TestStdout,
        "syslog": TestSyslogTcp,
        "webhook": TestWebhook,
        "otlp": TestOtlp,
        "alertmanager": TestAlertmanager,
    }
    assert set(OUTPUTS) == set(OutputSettings.__struct_fields__) == documented == set(held)
