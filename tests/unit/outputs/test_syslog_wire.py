"""A receiver of syslog says nothing. One that goes on talking keeps nobody."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, suppress

from driftd.outputs.syslog_wire import StreamWire
from driftd.outputs.tls import TlsFiles
from driftd.settings.addresses import SyslogAddress
from tests.contracts.listening import Listener

DEADLINE_S = 30.0


def test_a_receiver_that_goes_on_talking_keeps_nobody_from_ending() -> None:
    ended = threading.Event()

    def drips(connection: socket.socket) -> None:
        with suppress(OSError):
            while not ended.wait(0.02):
                connection.sendall(b"x")

    with closing(Listener(drips)) as listener:
        wire = StreamWire(SyslogAddress(f"tcp://127.0.0.1:{listener.port}"), 5, TlsFiles())
        wire.open()
        said: list[bool] = []
        ending = threading.Thread(target=lambda: said.append(wire.finish()), daemon=True)
        ending.start()
        ending.join(DEADLINE_S)
        ended.set()
    assert said == [False]
