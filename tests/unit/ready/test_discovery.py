"""What speaks for a service on a host: packages, units, paths; read from files, nothing is run."""

from __future__ import annotations

import pytest

from driftd.ready.catalog import ready_baseline
from driftd.ready.discovery import Traces

STATUS = """\
Package: nginx-light
Status: install ok installed
Version: 1.22

Package: redis-server
Status: deinstall ok config-files
Version: 7

Package: postgresql-15
Status: install ok installed
"""
APK = "C:Q1=\nP:haproxy\nV:2.8\n\nP:chrony\nV:4\n"


def host(*paths: str, **texts: str) -> Traces:
    named = {"dpkg": "/var/lib/dpkg/status", "apk": "/lib/apk/db/installed"}
    files = {named[name]: text for name, text in texts.items()}
    return Traces(set(paths).__contains__, files.get)


def test_what_is_installed_counts_and_what_was_removed_does_not() -> None:
    traces = host(dpkg=STATUS)
    assert traces.package("nginx-light") == "nginx-light"
    assert traces.package("redis-server") is None
    assert traces.package("postgresql-[0-9]*") == "postgresql-15"
    assert traces.package("no-such-*") is None


def test_apk_knows_packages_too() -> None:
    assert host(apk=APK).packages == {"haproxy", "chrony"}


def test_a_host_without_a_list_of_packages_has_none() -> None:
    assert host().packages == frozenset()


@pytest.mark.parametrize("directory", ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"])
def test_a_unit_is_found_wherever_units_are(directory: str) -> None:
    assert host(f"{directory}/nginx.service").unit("nginx.service") == f"{directory}/nginx.service"


def test_the_evidence_is_told_a_path_before_a_package_before_a_unit() -> None:
    nginx = ready_baseline("nginx")
    everything = host("/etc/nginx/nginx.conf", "/lib/systemd/system/nginx.service", dpkg=STATUS)
    assert nginx.evidence(everything) == "/etc/nginx/nginx.conf"
    assert nginx.evidence(host("/lib/systemd/system/nginx.service", dpkg=STATUS)) == "package nginx-light"
    assert nginx.evidence(host("/lib/systemd/system/nginx.service")) == "/lib/systemd/system/nginx.service"
    assert nginx.evidence(host()) is None
