"""The endpoint and the textfile for monitoring, looked at before and beside a daemon."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from driftd.daemon.health import health_shape
from driftd.doctor.finding import Finding
from driftd.doctor.metrics import metrics
from driftd.doctor.writing import Writer
from driftd.metrics.endpoint import Endpoint, Page
from driftd.settings.types import MetricsSettings

FILE = Path("/etc/driftd/driftd.yaml")
DRIFTD = Writer("driftd")


def look(writer: Writer = DRIFTD, **chosen: Any) -> list[Finding]:
    return list(metrics(MetricsSettings(**chosen), nullcontext, writer, FILE))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_nothing_is_said_where_none_is_wanted() -> None:
    assert look() == []


def test_a_free_address_of_this_machine_alone_is_fine() -> None:
    [told] = look(listen="127.0.0.1:0")
    assert told.state == "ok"


def test_a_running_driftd_is_known_by_its_answer() -> None:
    endpoint = Endpoint("127.0.0.1:0", lambda _: None)
    endpoint.start()
    try:
        [stranger] = look(listen=f"127.0.0.1:{endpoint.port}")
    finally:
        endpoint.stop()
    endpoint = Endpoint("127.0.0.1:0", lambda _: Page(503, "application/json", json.dumps(health_shape({"busy": ""}))))
    endpoint.start()
    try:
        [ours] = look(listen=f"127.0.0.1:{endpoint.port}")
    finally:
        endpoint.stop()
    assert (stranger.state, ours.state) == ("failed", "ok")


def test_an_address_that_is_taken_is_told_with_who_to_ask(taken: int) -> None:
    [told] = look(listen=f"127.0.0.1:{taken}")
    assert (told.state, f"127.0.0.1:{taken}: cannot listen" in told.message) == ("failed", True)
    assert told.mend.startswith(f"ss -ltnp 'sport = :{taken}'")


def test_a_port_for_root_alone_is_tried_as_the_service(require_real: Any) -> None:
    require_real("root")
    [told] = metrics(MetricsSettings(listen="127.0.0.1:999"), as_nobody, Writer("nobody"), FILE)
    assert (told.state, told.mend) == ("failed", f"metrics.listen with a port above 1023 in {FILE}")


def test_a_textfile_needs_a_directory_that_the_service_can_write(tmp_path: Path, require_real: Any) -> None:
    assert [told.state for told in look(textfile=tmp_path / "driftd.prom")] == ["ok"]
    [missing] = look(textfile=tmp_path / "absent/driftd.prom")
    assert (missing.state, missing.mend) == ("failed", f"install -d -m 0755 -o driftd {tmp_path}/absent")
    [read_only] = look(Writer("driftd", lambda _: False), textfile=tmp_path / "driftd.prom")
    assert f"ReadWritePaths={tmp_path}" in read_only.mend
    require_real("root")
    place = Path("/var/lib")  # root's, and everybody may look
    [closed] = metrics(MetricsSettings(textfile=place / "driftd.prom"), as_nobody, Writer("nobody"), FILE)
    assert (closed.state, closed.mend) == ("failed", f"chgrp nobody {place} && chmod g+wx {place}")
