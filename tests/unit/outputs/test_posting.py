"""Receivers that are slow, hang, reset, redirect, lie and flood: real sockets, short times."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from driftd.outputs.posting import MOST_READ, Poster
from driftd.ports import DeliveryError
from driftd.settings.addresses import SecretFile
from driftd.settings.outputs import HttpSettings
from driftd.settings.scalars import Duration
from tests.contracts.certificates import Authority
from tests.contracts.web import OK, Request, Web, answering, status

NOW = datetime(2023, 6, 1, 10, tzinfo=UTC)


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


def poster(url: str | None, timeout: float = 5, path: str = "", **more: Any) -> Poster:
    settings = HttpSettings(url=url, timeout=Duration(timeout), **more)
    return Poster(settings, {}, lambda: NOW, time.monotonic, path=path)


def refusal(post: Poster) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        post.post(b"{}", {})
    post.close()
    return caught.value


def secret(tmp_path: Path, text: str) -> SecretFile:
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(0o600)
    return SecretFile(path)


def test_one_connection_is_used_for_one_request_after_the_other(web: Web) -> None:
    post = poster(web.url + "/hooks?x=1", headers={"X-Tenant": "ours"})
    for number in range(3):
        assert post.post(b"%d" % number, {"Content-Type": "text/plain"}).status == 200
    assert [request.body for request in web.requests] == [b"0", b"1", b"2"]
    assert {request.target for request in web.requests} == {"/hooks?x=1"}
    assert web.requests[0].headers["x-tenant"] == "ours"
    assert web.requests[0].headers["user-agent"].startswith("driftd/")
    assert web.requests[0].headers["host"] == web.url.removeprefix("http://")
    assert len(web.listener._open) == 1
    post.close()


def test_a_path_is_added_where_the_url_has_none(web: Web) -> None:
    for url in (web.url, web.url + "/"):
        post = poster(url, path="/v1/logs")
        post.post(b"", {})
        post.close()
    post = poster(web.url + "/own", path="/v1/logs")
    post.post(b"", {})
    post.close()
    assert [request.target for request in web.requests] == ["/v1/logs", "/v1/logs", "/own"]


def test_a_connection_that_was_kept_and_is_gone_is_made_again(web: Web) -> None:
    post = poster(web.url)
    post.post(b"1", {})
    web.away()
    web.back()
    post.post(b"2", {})
    post.close()
    assert [request.body for request in web.requests] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("code", "permanent", "why"),
    [
        (301, False, "redirects are not followed"),
        (400, True, "refuses what was sent"),
        (401, False, "does not accept our credentials"),
        (403, False, "does not accept our credentials"),
        (404, False, "takes nothing at this path: is the URL right?"),
        (408, False, "asks us to wait"),
        (413, True, "finds it too large"),
        (418, False, "does not take it"),
        (422, True, "refuses what was sent"),
        (429, False, "asks us to wait"),
        (500, False, "cannot take it now"),
        (503, False, "cannot take it now"),
    ],
)
def test_a_status_says_whether_it_is_about_what_was_sent(web: Web, code: int, permanent: bool, why: str) -> None:
    web.behave = answering(status(code, "Location: http://127.0.0.1:1/", body=b"because \x1b[31m\r\nof this"))
    error = refusal(poster(web.url))
    assert error.permanent is permanent
    assert why in str(error)
    assert str(error).endswith(rf"(HTTP {code}: because \x1b[31m of this)")
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Thu, 01 Jun 2023 10:00:30 GMT", 30.0),
        ("Thu, 01 Jun 2023 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("99999999999999999999", 999999999.0),
        ("Thu, 01 Jun 99999999999999999999 10:00:30 GMT", None),
    ],
)
def test_a_wish_to_be_left_alone_is_understood(web: Web, value: str, seconds: float | None) -> None:
    web.behave = answering(status(429, f"Retry-After: {value}"))
    assert refusal(poster(web.url)).retry_after == seconds


def test_an_answer_of_ten_megabytes_is_not_read(web: Web) -> None:
    web.behave = answering(status(200, body=b"x" * (10 << 20)))
    post = poster(web.url)
    assert len(post.post(b"1", {}).body) == MOST_READ
    web.behave = answering(status(500, body=b"x" * (10 << 20)))
    assert len(str(refusal(post))) < 400


def test_a_receiver_that_lies_about_the_length_of_its_answer_has_the_event_nevertheless(web: Web) -> None:
    def short(_web: Web, _request: Request, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
        return False

    web.script = [short, answering(OK + b"and more than was said"), answering(OK)]
    post = poster(web.url)
    for _ in range(3):
        assert post.post(b"{}", {}).status == 200
    post.close()


def test_a_receiver_that_hangs_or_drips_costs_no_more_than_its_time(web: Web) -> None:
    gone = threading.Event()

    def hangs(_web: Web, _request: Request, _connection: socket.socket) -> bool:
        return not gone.wait(10)

    def drips(_web: Web, _request: Request, connection: socket.socket) -> bool:
        while not gone.wait(0.01):
            connection.sendall(b"H")
        return False

    def drips_after_the_status(_web: Web, _request: Request, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        return drips(web, _request, connection)

    web.script = [hangs, drips, drips_after_the_status]
    assert str(refusal(poster(web.url, timeout=0.1))) == f"{web.url}: no answer in time"
    assert str(refusal(poster(web.url, timeout=0.1))) == f"{web.url}: no answer in time"
    post = poster(web.url, timeout=0.1)
    assert post.post(b"{}", {}).status == 200, "it has said that it has it"
    post.close()
    gone.set()


def test_a_receiver_that_resets_or_speaks_no_http_is_told(web: Web) -> None:
    def resets(_web: Web, _request: Request, connection: socket.socket) -> bool:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    web.script = [
        resets,
        lambda *_: False,
        answering(b"SSH-2.0-OpenSSH_9.2\r\n"),
        answering(b"HTTP/1.1 200 OK\r\n" + b"X" * 70000),
    ]
    assert "the connection was broken by the other side" in str(refusal(poster(web.url)))
    assert "the connection was ended without an answer" in str(refusal(poster(web.url)))
    assert "does not speak HTTP as it should" in str(refusal(poster(web.url)))
    assert "does not speak HTTP as it should" in str(refusal(poster(web.url)))
    web.away()
    assert str(refusal(poster(web.url))) == f"{web.url}: nobody listens there"


def test_a_name_that_does_not_resolve_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    why = "the name cannot be resolved: Name or service not known"
    assert str(refusal(poster("http://receiver.invalid/x"))) == f"http://receiver.invalid:80: {why}"


def test_who_we_are_is_said_from_files_and_never_repeated(web: Web, tmp_path: Path) -> None:
    web.behave = answering(status(401, body=b"who is Bearer s3cret-token?"))
    error = refusal(poster(web.url, token_file=secret(tmp_path, "s3cret-token\n")))
    assert web.requests[-1].headers["authorization"] == "Bearer s3cret-token"
    assert "s3cret" not in str(error)
    refusal(poster(web.url, username="me", password_file=secret(tmp_path, "hunter2")))
    assert web.requests[-1].headers["authorization"] == "Basic bWU6aHVudGVyMg=="
    web.behave = answering(status(401, body=b"me may not come in with hunter2"))
    assert "(HTTP 401: me may not come in with ***)" in str(
        refusal(poster(web.url, username="me", password_file=secret(tmp_path, "hunter2")))
    )
    refusal(poster(web.url, header_files={"X-Api-Key": secret(tmp_path, "k3y")}))
    assert web.requests[-1].headers["x-api-key"] == "k3y"


def test_a_url_that_is_a_secret_is_read_from_a_file_and_never_shown(web: Web, tmp_path: Path) -> None:
    web.behave = answering(status(404, body=b"no /services/T0/hunter2 here"))
    error = refusal(poster(None, url_file=secret(tmp_path, web.url + "/services/T0/hunter2\n")))
    assert web.requests[-1].target == "/services/T0/hunter2"
    assert "hunter2" not in str(error)
    web.behave = answering(status(404, body=b"no such hook: hunter2; ask for T0"))
    error = refusal(poster(None, url_file=secret(tmp_path, web.url + "/services/T0/hunter2\n")))
    assert str(error).endswith("(HTTP 404: no such hook: ***; ask for T0)")
    error = refusal(poster(None, url_file=secret(tmp_path, "hunter2\n")))
    assert "is not a URL" in str(error)
    assert "hunter2" not in str(error)


def test_over_tls_the_receiver_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.issue("web", "IP:127.0.0.1"))
    web = Web(context)
    try:
        post = poster(web.url, ca_file=authority.ca)
        for _ in range(2):
            assert post.post(b"{}", {}).status == 200
        post.close()
        assert "not believed here" in str(refusal(poster(web.url)))
        assert len(web.requests) == 2
    finally:
        web.close()
