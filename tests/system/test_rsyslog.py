"""What a real rsyslog makes of our messages, over TCP and TLS, and what is left when it is killed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.outputs.syslog import SyslogOutput
from driftd.outputs.syslog_message import SyslogFormat
from driftd.outputs.syslog_wire import StreamWire, wire_to
from driftd.outputs.tls import TlsFiles
from driftd.ports import DeliveryError
from driftd.settings.addresses import SyslogAddress
from tests.contracts.certificates import Authority
from tests.contracts.output_suite import HOSTILE, an_event
from tests.system.daemon_process import until
from tests.system.deliveries import Journal, first_occurrences
from tests.system.rsyslog import Rsyslog

TCP = ('module(load="imtcp")', 'input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="in")')


def tls(authority: Authority) -> tuple[str, ...]:
    server = authority.issue("rsyslog", "IP:127.0.0.1")
    return (
        f'global(defaultNetstreamDriverCAFile="{authority.ca}" defaultNetstreamDriverCertFile="{server}")',
        f'global(defaultNetstreamDriverKeyFile="{authority.directory / "rsyslog.key"}")',
        'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"',
        '    permittedPeer=["client"])',
        'input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="in")',
    )


def syslog(address: str, files: TlsFiles | None = None) -> SyslogOutput:
    wire = wire_to(SyslogAddress.from_text(address), 5.0, files or TlsFiles())
    if isinstance(wire, StreamWire):
        wire._settle = 0.3
    return SyslogOutput(wire, SyslogFormat(), time.monotonic)


@pytest.fixture
def rsyslog(require_real: Callable[[str], None], tmp_path: Path) -> Callable[..., Rsyslog]:
    require_real("rsyslogd")
    return lambda *lines: Rsyslog(tmp_path, *lines)


def test_every_field_is_read_as_it_is_documented(rsyslog: Callable[..., Rsyslog]) -> None:
    with rsyslog(*TCP) as server:
        output = syslog(f"tcp://127.0.0.1:{server.port}")
        output.send(
            [an_event(1) | {"host": {"name": "api-1"}}, an_event(2, drift_id='a"]\\b'), an_event(3, message="é")]
        )
        output.send([an_event(4, message=HOSTILE), an_event(5, note="x" * 1_000_000), an_event(6, message="m" * 9000)])
        server.wait_for(range(1, 7))
        output.close()
        lines = server.log.read_text("utf-8").splitlines()
    assert lines[0].startswith('3 api-1 driftd DRIFT-1001 [driftd@32473 event_id="0188-1" sequence="1"')
    assert lines[0].endswith("high: /etc/app.conf $.a is '2', approved '1'")
    assert r'drift_id="a\"\]\\b"' in lines[1]
    assert lines[2].endswith("é")
    assert "\x1b" not in lines[3]
    assert 'truncated="true"' in lines[5]
    assert len(lines) == 6


@pytest.mark.parametrize("encrypted", [False, True])
def test_after_a_kill_in_the_middle_and_a_start_without_a_receiver_every_event_is_there(
    rsyslog: Callable[..., Rsyslog], tmp_path: Path, encrypted: bool
) -> None:
    files, scheme = TlsFiles(), "tcp"
    lines: tuple[str, ...] = TCP
    if encrypted:
        authority = Authority(tmp_path / "authority")
        files, lines, scheme = TlsFiles(authority.ca, authority.issue("client")), tls(authority), "tls"
    server = rsyslog(*lines)
    output = syslog(f"{scheme}://127.0.0.1:{server.port}", files)
    output._look_every = 0.05
    journal = Journal(output)
    try:
        wanted = journal.write(20)
        until(
            lambda: "nobody listens" in (journal.delivery.snapshot().last_error or ""), "it is told that nobody listens"
        )
        assert journal.cursor == 0
        server.start()
        server.wait_for(wanted)
        wanted += journal.write(300)
        until(lambda: len(server.sequences()) > 40, "some of them arrive")
        server.kill()
        wanted += journal.write(30)
        server.start()
        server.wait_for(wanted)
        assert journal.delivery.wait(10)
    finally:
        journal.delivery.stop(5)
        server.kill()
    assert first_occurrences(server.sequences()) == wanted, "in order; some may be there twice"


def test_a_receiver_that_does_not_know_us_is_told_and_loses_nothing(
    rsyslog: Callable[..., Rsyslog], tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path / "authority"), Authority(tmp_path / "stranger")
    with rsyslog(*tls(authority)) as server:
        address = f"tls://127.0.0.1:{server.port}"
        for mine in (None, stranger.issue("client"), authority.issue("somebody")):
            output = syslog(address, TlsFiles(authority.ca, mine))
            with pytest.raises(DeliveryError, match=re.escape(f"syslog at {address}: ")):
                output.send([an_event(1)])
        output = syslog(address, TlsFiles(authority.ca, authority.issue("client")))
        output.send([an_event(2)])
        server.wait_for([2])
        output.close()
        assert server.sequences() == [2]


def test_a_unix_socket_is_read_by_rsyslog(rsyslog: Callable[..., Rsyslog], tmp_path: Path) -> None:
    path = tmp_path / "log.sock"
    lines = (
        *TCP,
        'module(load="imuxsock" sysSock.use="off")',
        f'input(type="imuxsock" socket="{path}" useSpecialParser="off" ruleset="in")',
    )
    with rsyslog(*lines) as server:
        until(path.exists, "the socket is there")
        output = syslog(f"unix:{path}")
        output.send([an_event(number) for number in range(1, 101)])
        server.wait_for(range(1, 101))
        assert server.sequences() == list(range(1, 101))
        output.close()


def test_the_receiver_of_the_how_to_takes_what_is_sent(require_real: Callable[[str], None], tmp_path: Path) -> None:
    require_real("rsyslogd")
    authority = Authority(tmp_path / "authority")
    server, mine = (
        authority.issue("server", "IP:127.0.0.1"),
        authority.issue("api-1.hosts.example", "DNS:api-1.hosts.example"),
    )
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "syslog.md").read_text()
    text = page.split("```\nglobal(")[1].split("```")[0]
    places = {
        "/etc/rsyslog.d/ca.pem": authority.ca, "/etc/rsyslog.d/server.pem": server, "/var/log/driftd.log": tmp_path / "received.log",
        "/etc/rsyslog.d/server.key": authority.directory / "server.key", '"6514"': '"{port}" address="127.0.0.1"',
    }  # fmt: skip
    for place, ours in places.items():
        assert place in text
        text = text.replace(place, str(ours))
    with Rsyslog(tmp_path, f"global({text}") as receiver:
        output = syslog(f"tls://127.0.0.1:{receiver.port}", TlsFiles(authority.ca, mine))
        output.send([an_event(1), an_event(2)])
        receiver.wait_for([1, 2])
        output.close()
