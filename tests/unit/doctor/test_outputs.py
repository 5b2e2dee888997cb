"""Outputs, tried against what really is there, and is not there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from driftd.doctor.finding import Finding
from driftd.doctor.outputs import outputs
from driftd.doctor.writing import Writer
from driftd.settings.addresses import SecretFile, SyslogAddress
from driftd.settings.outputs import (
    JournaldSettings,
    JsonLinesSettings,
    OutputSettings,
    StdoutSettings,
    SyslogSettings,
    WebhookSettings,
)


def look(journal: Path = Path("/none"), **chosen: Any) -> list[Finding]:
    return list(outputs([OutputSettings(**chosen)], nullcontext, Writer("driftd"), journal))


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_none_at_all_is_worth_a_word() -> None:
    [told] = outputs([], nullcontext, Writer("driftd"))
    assert told.state == "warning"


def test_journald_listens_or_does_not(tmp_path: Path) -> None:
    (tmp_path / "socket").touch()
    assert look(tmp_path / "socket", journald=JournaldSettings())[0].state == "ok"
    assert look(tmp_path / "absent", journald=JournaldSettings())[0].mend == "systemctl start systemd-journald.socket"
    assert look(stdout=StdoutSettings())[0].state == "ok"


def test_a_file_can_be_written_or_its_directory_is_named(tmp_path: Path) -> None:
    assert look(jsonl=JsonLinesSettings(path=tmp_path / "e.jsonl"))[0].state == "ok"
    [told] = look(jsonl=JsonLinesSettings(path=tmp_path / "logs/e.jsonl"))
    assert (told.state, told.mend) == ("failed", f"install -d -m 0750 -o driftd {tmp_path}/logs")
    (tmp_path / "directory").mkdir()
    assert look(jsonl=JsonLinesSettings(path=tmp_path / "directory"))[0].state == "failed"
    first, second = look(jsonl=JsonLinesSettings(path=tmp_path / "e.jsonl", group="no-such-group"))
    assert (first.mend, second.state) == ("groupadd --system no-such-group", "ok")


def test_a_directory_that_the_unit_makes_read_only_is_told_with_the_line_that_opens_it(tmp_path: Path) -> None:
    chosen = [OutputSettings(jsonl=JsonLinesSettings(path=tmp_path / "e.jsonl"))]
    [told] = outputs(chosen, nullcontext, Writer("driftd", lambda directory: directory != tmp_path))
    assert (told.state, f"ReadWritePaths={tmp_path} " in told.mend) == ("failed", True)


def test_syslog_is_reached_or_why_not_is_told(tmp_path: Path, port: int) -> None:
    def at(address: str) -> Finding:
        return look(syslog=SyslogSettings(address=SyslogAddress.from_text(address)))[0]

    assert at(f"unix:{tmp_path}/log").mend == "systemctl start rsyslog"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        directory = os.open(tmp_path, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{directory}/log")
        os.close(directory)
        assert at(f"unix:{tmp_path}/log").state == "ok"
    assert at(f"tcp://127.0.0.1:{port}").state == "ok"
    assert at(f"udp://127.0.0.1:{port}").state == "ok"
    refused = at(f"tcp://127.0.0.1:{closed_port()}")
    assert (refused.state, "refused" in refused.message.lower()) == ("failed", True)


def test_a_webhook_is_reached_without_showing_what_is_secret_in_its_address(tmp_path: Path, port: int) -> None:
    token = tmp_path / "token"
    unreadable, reached = look(webhook=WebhookSettings(url=f"http://127.0.0.1:{port}/hook/s3cr3t", ca_file=token))
    assert (unreadable.state, str(token) in unreadable.message) == ("failed", True)
    assert reached.state == "ok"
    [refused] = look(webhook=WebhookSettings(url=f"http://127.0.0.1:{closed_port()}/hook/s3cr3t"))
    assert refused.state == "failed"
    assert "s3cr3t" not in refused.message + refused.mend + reached.message


def test_every_secret_that_others_can_read_is_named(tmp_path: Path, port: int) -> None:
    names = ("cert", "token", "header", "signing")
    for name in names:
        (tmp_path / name).write_text("s3cr3t")
        (tmp_path / name).chmod(0o644)
    cert, token, header, signing = (SecretFile(str(tmp_path / name)) for name in names)
    settings = WebhookSettings(
        url=f"http://127.0.0.1:{port}/",
        cert_file=Path(cert),
        token_file=token,
        header_files={"X-Api-Key": header},
        secret_file=signing,
    )
    told = [finding.mend for finding in look(webhook=settings) if finding.state == "failed"]
    assert sorted(told) == sorted(f"chmod 0600 {tmp_path / name}" for name in names)


def test_a_url_that_is_a_secret_is_read_and_not_shown(tmp_path: Path, port: int) -> None:
    file = tmp_path / "url"
    file.write_text(f"http://127.0.0.1:{port}/hook/s3cr3t\n")
    file.chmod(0o600)
    [reached] = look(webhook=WebhookSettings(url_file=SecretFile(str(file))))
    assert (reached.state, "s3cr3t" in reached.message) == ("ok", False)
    file.chmod(0o644)
    told = look(webhook=WebhookSettings(url_file=SecretFile(str(file))))
    assert [finding.mend for finding in told if finding.state == "failed"] == [f"chmod 0600 {file}"]
    file.chmod(0o600)
    file.write_text("no url\n")
    [wrong] = look(webhook=WebhookSettings(url_file=SecretFile(str(file))))
    assert (wrong.state, "no url" in wrong.message) == ("failed", False)
    [unit] = look(webhook=WebhookSettings(url_file=SecretFile("credential:hook")))
    assert (unit.state, "unit alone" in unit.message) == ("ok", True)
