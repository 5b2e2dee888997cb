from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from driftd.watch.transient import TransientNames

SHIPPED = TransientNames.shipped()


@pytest.mark.parametrize(
    "name",
    [
        ".sshd_config.swp", ".x.swo", "4913", "5036", "sshd_config~", "#hosts#", ".#hosts", ".#fstab3f2a",
        ".goutputstream-ABC123", "sshd_config.dpkg-new", "sedAbC123", "hosts;5f3c2a1b", "passwd.lock", "shadow+",
        ".ansible_tmpx1y2hosts", "tmpab_1cd2e", "app.conf.tmp",
        ".sshd_config.x3Kd9Z", "wifi.nmconnection.V8K2Q1", "tmp.Xa81bZ", "tmp.Xa81bZ02kq", "grub.cfg.new",
        "ntp.conf20261126-1234-1k2j3h", ".tmp-daemon.json183746", "..data_tmp",
    ],
)  # fmt: skip
def test_names_of_savers_are_transient(name: str) -> None:
    assert b"/etc/some/" + name.encode() in SHIPPED


@pytest.mark.parametrize(
    "name",
    [
        "sshd_config", "app.conf", "sshd_config.dpkg-old", "sshd_config.dpkg-dist", "x.rpmnew", "x.pacnew", "poetry.lock",
        ".bashrc", "491", "49130", "sediment.conf", ".pwd.lock", "passwd-", "tmpfiles.d", "#x", "..data", "a\n~b",
        "app.config", ".vimrc.local", "app.news", "dump-20261126.sql", "zone.20261126", ".env.production",
    ],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert b"/etc/" + name.encode() not in SHIPPED


def test_only_the_last_part_of_a_path_counts() -> None:
    assert b"/etc/dir~/app.conf" not in SHIPPED
    assert b"/etc/dir.d/app~" in SHIPPED


def test_names_that_are_not_utf_8_are_told_too() -> None:
    assert b"/etc/\xff\xfe~" in SHIPPED
    assert b"/etc/\xff" not in SHIPPED


def test_every_entry_says_whose_names_they_are_and_where_that_stands() -> None:
    table = tomllib.loads(files("driftd.watch").joinpath("transient_names.toml").read_text("utf-8"))
    for entry in table["names"]:
        assert entry["patterns"]
        assert entry["program"]
        assert entry["source"]
