"""Every output, held to the suite."""

from __future__ import annotations

import array
import contextlib
import errno
import io
import json
import os
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.outputs.journald import JournaldOutput
from driftd.outputs.jsonl import JsonLinesOutput
from driftd.outputs.registry import OUTPUTS
from driftd.outputs.stdout import StdoutOutput
from driftd.ports import Output
from driftd.settings.types import OutputSettings
from tests.contracts.output_suite import OutputSuite


def sequences(lines: bytes) -> list[int]:
    return [json.loads(line)["event"]["sequence"] for line in lines.splitlines()]


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


def test_registry_settings_documentation_and_this_suite_agree() -> None:
    reference = Path(__file__).parents[2].joinpath("docs", "reference", "outputs.md").read_text("utf-8")
    table = reference.partition("| output |")[2].partition("\n\n")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    held = {"journald": TestJournald, "jsonl": TestJsonLines, "stdout": TestStdout}
    assert set(OUTPUTS) == set(OutputSettings.__struct_fields__) == documented == set(held)
