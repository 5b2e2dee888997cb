"""A real rsyslogd of our own: a port, a file in which it puts what it reads, killed and started again at the same place."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.system.daemon_process import PATIENCE, until

TEMPLATE = 'template(name="all" type="string" string="%syslogseverity% %hostname% %app-name% %msgid% %structured-data% %msg%\\n")'


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


class Rsyslog:
    """Listens by the lines of configuration that are given; `{port}` in them is its port."""

    def __init__(self, directory: Path, *lines: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.log = directory / "received.log"
        self.log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        written = [
            f'global(workDirectory="{directory}" maxMessageSize="64k")',
            TEMPLATE,
            *(line.replace("{port}", str(self.port)) for line in lines),
            f'ruleset(name="in") {{ action(type="omfile" file="{self.log}" template="all") }}',
        ]
        self._config = directory / "rsyslog.conf"
        self._config.write_text("\n".join(written) + "\n")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it; it listens when this returns."""
        pid = self.directory / "rsyslog.pid"
        pid.unlink(missing_ok=True)
        with (self.directory / "rsyslog.err").open("ab") as said:
            words = ["/usr/sbin/rsyslogd", "-n", "-f", str(self._config), "-i", str(pid)]
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        until(self._listens, f"rsyslogd listens: {(self.directory / 'rsyslog.err').read_text()}")

    def kill(self) -> None:
        """Kill it: what it has in memory is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "rsyslog.err").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def sequences(self) -> list[int]:
        """Return the sequences of the events that it has written down."""
        return [int(number) for number in re.findall(rb' sequence="(\d+)"', self.log.read_bytes())]

    def wait_for(self, wanted: Sequence[int]) -> None:
        """Return once it has all of these, or more."""
        until(lambda: set(wanted) <= set(self.sequences()), f"{len(wanted)} events arrive")
