"""Tables of mounts as kernels wrote them, of a service and of PID 1."""

from __future__ import annotations

import pytest

from driftd.sources.masks import NONE, Mask, masks, signs

HOST = b"""\
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
22 27 0:21 / /proc rw shared:2 - proc proc rw
24 27 0:6 / /dev rw shared:3 - devtmpfs devtmpfs rw
30 27 0:24 / /tmp rw shared:4 - tmpfs tmpfs rw
31 27 254:1 / /home rw shared:5 - ext4 /dev/vdb rw
32 31 0:60 / /home/a\\040b rw shared:6 - nfs4 server:/a rw
33 27 0:25 / /run rw shared:7 - tmpfs tmpfs rw
"""
SERVICE = """\
127 101 254:0 / / ro,relatime master:1 - ext4 /dev/vda rw
122 127 0:21 / /proc rw master:2 - proc proc rw
124 127 0:6 / /dev rw master:3 - devtmpfs devtmpfs rw
130 127 0:24 / /tmp ro master:4 - tmpfs tmpfs rw
131 127 254:1 / /home ro master:5 - ext4 /dev/vdb rw
132 131 0:60 / /home/a\\040b ro master:6 - nfs4 server:/a rw
133 127 0:25 / /run ro master:7 - tmpfs tmpfs rw
140 127 254:0 /var/lib/driftd /var/lib/driftd rw master:1 - ext4 /dev/vda rw
141 122 0:21 /sys /proc/sys ro master:2 - proc proc rw
"""
"""What ProtectSystem=strict, ProtectHome=read-only, StateDirectory= and ProtectKernelTunables= make of it."""


def hidden(*lines: str) -> dict[str, str]:
    found = masks((SERVICE + "".join(f"{line}\n" for line in lines)).encode(), HOST)
    return {mask.point.decode(): mask.setting for mask in found.all}


def test_what_is_read_only_or_bound_to_itself_is_not_hidden() -> None:
    assert hidden() == {}
    assert masks(HOST, HOST) is NONE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("150 130 0:24 /systemd-private-1-driftd.service-x/tmp /tmp rw - tmpfs tmpfs rw", {"/tmp": "PrivateTmp"}),
        ("150 127 254:0 /var/tmp/systemd-private-1/tmp /var/tmp rw - ext4 /dev/vda rw", {"/var/tmp": "PrivateTmp"}),
        (
            "150 127 0:25 /systemd/inaccessible/reg /etc/shadow ro - tmpfs tmpfs rw",
            {"/etc/shadow": "InaccessiblePaths"},
        ),
        ("150 127 0:99 / /srv rw - tmpfs tmpfs rw", {"/srv": "TemporaryFileSystem"}),
        ("150 127 254:0 /srv/b /srv/a rw - ext4 /dev/vda rw", {"/srv/a": "BindPaths"}),
        ("150 124 0:99 / /dev rw - tmpfs tmpfs rw", {"/dev": "PrivateDevices"}),
    ],
)
def test_what_a_unit_hides_is_named_with_its_setting(line: str, expected: dict[str, str]) -> None:
    assert hidden(line) == expected


def test_what_is_mounted_below_a_hidden_place_is_hidden_too() -> None:
    """The table still lists it, beneath what hides it."""
    line = "150 131 0:99 / /home ro - tmpfs tmpfs rw"
    assert hidden(line) == {"/home": "ProtectHome"}
    assert masks(f"{SERVICE}{line}\n".encode(), HOST).over(b"/home/a b/c") == Mask(b"/home", "ProtectHome")


def test_another_mount_of_proc_shows_the_same_unless_it_is_told_to_hide() -> None:
    assert hidden("150 122 0:70 / /proc rw - proc proc rw") == {}
    assert hidden("150 122 0:70 / /proc rw - proc proc rw,hidepid=invisible") == {"/proc": "ProtectProc"}


def test_what_is_kept_from_every_service_is_not_told() -> None:
    lines = (
        "150 133 0:25 /systemd/inaccessible/dir /run/credentials ro - tmpfs tmpfs rw",
        "151 122 0:25 /systemd/inaccessible/reg /proc/kallsyms ro - tmpfs tmpfs rw",
        "152 122 0:70 / /proc rw - proc proc rw,subset=pid",
    )
    found = masks((SERVICE + "\n".join(lines[:2])).encode(), HOST)
    assert [mask.point for mask in found.all] == [b"/proc/kallsyms", b"/run/credentials"]
    assert found.told == ()
    assert [mask.point for mask in masks((SERVICE + "\n".join(lines)).encode(), HOST).told] == [b"/proc"]


def test_what_a_unit_shows_again_in_a_hidden_place_is_not_hidden() -> None:
    lines = ("150 127 0:99 / /var rw - tmpfs tmpfs rw", "151 150 254:0 /var/lib/x /var/lib/x rw - ext4 /dev/vda rw")
    found = masks((SERVICE + "\n".join(lines)).encode(), HOST)
    assert found.over(b"/var/log") == Mask(b"/var", "TemporaryFileSystem")
    assert found.over(b"/var/lib/x/y") is None
    assert found.over(b"/etc") is None


def test_what_the_host_mounted_and_the_service_did_not_get_is_hidden() -> None:
    found = masks(SERVICE.encode(), HOST + b"40 27 254:9 / /srv/data rw - ext4 /dev/vdc rw\n")
    assert found.all == (Mask(b"/srv/data", "MountFlags"),)
    assert found.over(b"/srv/data/x") == found.all[0]
    assert found.over(b"/srv/datax") is None


def test_without_the_table_of_the_host_the_ways_of_systemd_tell() -> None:
    lines = (
        "150 130 0:24 /systemd-private-1-driftd.service-x/tmp /tmp rw - tmpfs tmpfs rw",
        "151 131 0:99 / /home ro - tmpfs tmpfs rw",
        "152 127 0:25 /systemd/inaccessible/dir /srv ro - tmpfs tmpfs rw",
    )
    found = signs((SERVICE + "\n".join(lines)).encode())
    assert {mask.point: mask.setting for mask in found.all} == {
        b"/tmp": "PrivateTmp", b"/home": "ProtectHome", b"/srv": "InaccessiblePaths",
    }  # fmt: skip
    assert signs(SERVICE.encode()) is NONE
