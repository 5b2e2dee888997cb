from __future__ import annotations

import pytest

from driftd.settings.addresses import (
    Place,
    SecretFile,
    SyslogAddress,
    WebAddress,
    trouble_with_headers,
    trouble_with_name,
    trouble_with_url,
)


def test_an_address_of_syslog_says_how_and_where() -> None:
    assert SyslogAddress.from_text("unix:/dev/log").path == "/dev/log"
    assert SyslogAddress.from_text("udp://logs.example").place == Place("logs.example", 514)
    assert SyslogAddress.from_text("tcp://10.0.0.1:10514").place == Place("10.0.0.1", 10514)
    assert SyslogAddress.from_text("tls://[2001:db8::1]").place == Place("2001:db8::1", 6514)


@pytest.mark.parametrize(
    "text",
    ["", "/dev/log", "unix:dev/log", "unix:/" + "x" * 200, "http://logs.example", "tcp:logs", "tcp://", "tcp://a:0",
     "tcp://a:99999", "tls://a b", "tls://a/path", "udp://user@a"],
)  # fmt: skip
def test_what_is_no_address_of_syslog_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        SyslogAddress.from_text(text)


def test_a_secret_stands_in_a_file_or_is_given_by_systemd() -> None:
    assert SecretFile.from_text("/run/token") == "/run/token"
    assert SecretFile.from_text("credential:webhook") == "credential:webhook"
    for text in ("token", "credential:../etc/passwd", "credential:", "hunter2"):
        with pytest.raises(ValueError, match="absolute path of a file, or credential:NAME"):
            SecretFile.from_text(text)


def test_a_url_is_taken_apart_and_shown_without_what_may_be_secret_in_it() -> None:
    address = WebAddress.from_text("https://hooks.example:8443/T000/secret?x=1")
    assert (address.place, address.target) == (Place("hooks.example", 8443), "/T000/secret?x=1")
    assert str(address) == "https://hooks.example:8443"
    assert WebAddress.from_text("http://a").place == Place("a", 80)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://user:hunter2@hooks.example/", "name a file with them in `password_file`"),
        ("https://hooks.example/?access_token=hunter2", "name that in `url_file`"),
        ("ftp://hooks.example/", "is not a URL"),
        ("https://hooks.example/a b", "is not a URL"),
        ("https://hooks.example/#x", "is not a URL"),
        ("https://", "write a host and a port"),
        ("https://a:x/", "write a host and a port"),
        ("https://a\r\nX: y/", "write a host and a port"),
    ],
)
def test_what_cannot_stand_in_the_settings_as_a_url_is_refused_and_not_repeated(url: str, why: str) -> None:
    trouble = trouble_with_url(url)
    assert why in (trouble or "")
    assert "hunter2" not in (trouble or "")


def test_headers_carry_no_credentials_in_the_settings() -> None:
    assert trouble_with_headers({"X-Tenant": "ours"}) is None
    for name in ("Authorization", "cookie", "X-Api-Key", "X-Auth-Token"):
        trouble = trouble_with_headers({name: "hunter2"}) or ""
        assert "`header_files`" in trouble
        assert "hunter2" not in trouble
    assert "what no header can hold" in (trouble_with_headers({"X-A": "a\r\nb"}) or "")
    assert "is not the name of a header" in (trouble_with_name("X A") or "")
    assert "is set by driftd itself" in (trouble_with_name("Content-Length") or "")
