"""The endpoint answers two kinds of requests, and nobody who asks it oddly or slowly keeps others from asking."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
import urllib.request
from collections.abc import Iterator

import pytest
import structlog

from driftd.metrics.endpoint import MAX_PEERS, MAX_REQUEST, Endpoint, EndpointError, Page

BODY = "driftd_up 1\n"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    listening = Endpoint(
        "127.0.0.1:0", lambda path: Page(200, "text/plain", BODY) if path == "/metrics" else None, patience=0.5
    )
    listening.start()
    try:
        yield listening
    finally:
        listening.stop()


def asked(endpoint: Endpoint, request: bytes) -> bytes:
    """Return all that is answered to some bytes."""
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def test_a_page_is_given_to_a_real_client(endpoint: Endpoint) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/metrics?a=b", timeout=10) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain"
        assert response.read().decode() == BODY


def test_head_gives_the_length_and_no_body(endpoint: Endpoint) -> None:
    head, _, body = asked(endpoint, b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")
    assert f"Content-Length: {len(BODY)}".encode() in head
    assert body == b""


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET /metrics/../metrics HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        (b"\xff\xfe\r\n\r\n", 400),
        (b"GET /metrics\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_anything_else_is_refused(endpoint: Endpoint, request_: bytes, status: int) -> None:
    assert asked(endpoint, request_).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_request_without_an_end_is_given_up(endpoint: Endpoint) -> None:
    answer = asked(endpoint, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * (2 * MAX_REQUEST))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


def test_peers_that_say_nothing_are_let_go_and_others_are_answered_then(endpoint: Endpoint) -> None:
    with contextlib.ExitStack() as silent:
        for _ in range(3 * MAX_PEERS):
            silent.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), timeout=10))
        answers = (asked(endpoint, b"GET /metrics HTTP/1.1\r\n\r\n") for _ in range(1000))
        assert next(answer for answer in answers if answer).endswith(BODY.encode())


def test_it_listens_on_after_there_was_no_descriptor_for_a_peer(endpoint: Endpoint) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    waited = "a peer of the metrics endpoint had to wait"
    with socket.socket() as peer, structlog.testing.capture_logs() as logs:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            peer.connect(("127.0.0.1", endpoint.port))
            until = time.monotonic() + 10
            while waited not in [line["event"] for line in logs] and time.monotonic() < until:
                time.sleep(0.01)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert waited in [line["event"] for line in logs]
    assert asked(endpoint, b"GET /metrics HTTP/1.1\r\n\r\n").endswith(BODY.encode())


def test_an_address_that_is_taken_is_named(endpoint: Endpoint) -> None:
    with pytest.raises(EndpointError, match=f"127.0.0.1:{endpoint.port}: cannot listen for metrics: Address already"):
        Endpoint(f"127.0.0.1:{endpoint.port}", lambda _path: None).start()


def test_ipv6_is_listened_on() -> None:
    endpoint = Endpoint("[::1]:0", lambda _path: None)
    endpoint.start()
    try:
        with socket.create_connection(("::1", endpoint.port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 404 ")
    finally:
        endpoint.stop()
