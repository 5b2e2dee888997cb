"""Real handshakes with receivers that are not what they should be: each is refused, in words that say what to do."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from driftd.outputs.syslog_wire import StreamWire
from driftd.outputs.tls import TlsFiles, connect, explain
from driftd.ports import DeliveryError
from driftd.settings.addresses import Place, SyslogAddress
from tests.contracts.certificates import Authority
from tests.contracts.listening import Listener


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


def reads(connection: socket.socket) -> None:
    while connection.recv(4096):
        continue


@contextmanager
def serving(certificate: Path | None, clients: Path | None = None) -> Iterator[int]:
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients)
        context.load_cert_chain(certificate)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
    with closing(Listener(reads, context)) as listener:
        yield listener.port


def refused(port: int, files: TlsFiles, host: str = "127.0.0.1") -> str:
    place = Place(host, port)
    with pytest.raises(OSError, match=r".") as caught:
        connect(place, 5, files.context()).close()
    return explain(caught.value, "there")


def test_a_certificate_that_is_right_is_believed(authority: Authority) -> None:
    with serving(authority.issue("right", "IP:127.0.0.1", "DNS:localhost")) as port:
        for host in ("127.0.0.1", "localhost"):
            connect(Place(host, port), 5, TlsFiles(authority.ca).context()).close()


def test_what_is_wrong_with_a_certificate_is_told(authority: Authority, stranger: Authority) -> None:
    ours = TlsFiles(authority.ca)
    with serving(authority.issue("expired", "IP:127.0.0.1", days=-1)) as port:
        assert refused(port, ours) == "there: its certificate has expired"
    with serving(authority.issue("other", "DNS:other.example")) as port:
        assert "is for another" in refused(port, ours)
    with serving(stranger.issue("strange", "IP:127.0.0.1")) as port:
        assert "an authority that is not believed here: name that in `ca_file`" in refused(port, ours)
        assert "not believed here" in refused(port, TlsFiles()), "the system's authorities do not know it either"


def test_a_receiver_that_speaks_no_tls_is_told_from_one_that_is_not_there(authority: Authority) -> None:
    def talks(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with closing(Listener(talks)) as listener:
        assert "it does not speak TLS on this port" in refused(listener.port, TlsFiles(authority.ca))
    assert refused(listener.port, TlsFiles(authority.ca)) == "there: nobody listens there"


def test_a_receiver_that_asks_for_our_certificate_gets_it_or_says_what_is_missing(authority: Authority) -> None:
    mine = authority.issue("client")
    with serving(authority.issue("asking", "IP:127.0.0.1"), clients=authority.ca) as port:
        address = SyslogAddress(f"tls://127.0.0.1:{port}")
        with_it = StreamWire(address, 5, TlsFiles(authority.ca, mine), settle=0.05)
        with_it.open()
        with_it.send([b"x"])
        with_it.drop()
        without = StreamWire(address, 5, TlsFiles(authority.ca), settle=5)
        with pytest.raises(OSError, match=r".") as caught:
            without.open()
        without.drop()
        assert "does it ask for a certificate of ours (`cert_file`)?" in explain(caught.value, "there")


def test_a_name_that_does_not_resolve_and_a_silent_receiver_are_told() -> None:
    assert "cannot be resolved" in explain(socket.gaierror(-2, "Name or service not known"), "there")
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(TimeoutError) as caught:
        connect(Place("127.0.0.1", silent.getsockname()[1]), 0.05, TlsFiles().context())
    assert explain(caught.value, "there") == "there: no answer in time"


def test_a_connection_that_is_reset_is_told(authority: Authority) -> None:
    def resets(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with closing(Listener(resets)) as listener:
        assert refused(listener.port, TlsFiles(authority.ca)).startswith("there: ")


def test_files_that_are_no_certificates_are_named(authority: Authority, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    empty.chmod(0o600)
    with pytest.raises(DeliveryError, match=r"empty\.pem: does not hold certificates"):
        TlsFiles(empty).context()
    with pytest.raises(DeliveryError, match=r"empty\.pem: is not a certificate with its key"):
        TlsFiles(authority.ca, empty).context()
    mine = authority.issue("open")
    mine.chmod(0o644)
    with pytest.raises(DeliveryError, match=r"everybody can read or change: chmod o-rwx"):
        TlsFiles(authority.ca, mine).context()
