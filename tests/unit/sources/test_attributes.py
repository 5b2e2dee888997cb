from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from driftd.model.baseline import AttributeName
from driftd.model.item import Attributes
from driftd.secrets.fingerprint import SecretKeeper
from driftd.sources.attributes import acl_entries, attributes, capability_text, read_xattrs
from driftd.sources.facts import facts
from driftd.sources.root import Root

KEEPER = SecretKeeper(b"k" * 32)
ALL: tuple[AttributeName, ...] = ("mode", "owner", "group", "acl", "xattrs", "capabilities", "selinux")


def of(path: Path, wanted: Sequence[AttributeName] = ("mode", "owner", "group")) -> Attributes:
    root = Root(os.fsencode(path.parent))
    target = os.fsencode(path.readlink()) if path.is_symlink() else None
    xattrs = read_xattrs(os.fsencode(path), wanted)
    return attributes(facts(path.lstat()), target, xattrs, wanted, accounts=root, digester=KEEPER)


def test_a_mode_is_four_octal_digits(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("")
    file.chmod(0o4750)
    assert of(file).mode == "4750"
    file.chmod(0o40)
    assert of(file).mode == "0040"


def test_only_what_is_asked_for_is_there(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("")
    assert of(file, ()).to_json() == {"type": "file"}
    extended = {"acl", "capabilities", "selinux", "xattrs"}
    asked = of(file, ALL).to_json()
    assert asked.keys() == {"type", "mode", "owner", "group", *extended}
    assert {asked[name] for name in extended} == {""}


def test_a_link_has_a_target_and_owners_and_no_mode(tmp_path: Path) -> None:
    link = tmp_path / "l"
    link.symlink_to(os.fsdecode(b"a\\b\xff"))
    assert of(link).to_json() == {
        "type": "symlink",
        "target": "a\\x5cb\\xff",
        "owner": str(os.getuid()),
        "group": str(os.getgid()),
    }


def test_special_files_have_their_type(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    assert of(tmp_path / "fifo").to_json()["type"] == "fifo"
    (tmp_path / "d").mkdir()
    assert of(tmp_path / "d").type.value == "directory"


def acl_bytes(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NO_ID = 2**32 - 1


def test_access_lists_of_a_real_directory_read_like_getfacl(tmp_path: Path, lacking: Callable[[str], None]) -> None:
    directory = tmp_path / "d"
    directory.mkdir(mode=0o755)
    usual = [(0x01, 7, NO_ID), (0x04, 5, NO_ID), (0x10, 5, NO_ID), (0x20, 5, NO_ID)]
    try:
        os.setxattr(directory, "system.posix_acl_access", acl_bytes(usual[0], (0x02, 5, 4711), *usual[1:]))
        os.setxattr(directory, "system.posix_acl_default", acl_bytes(*usual[:2], (0x08, 7, 4712), *usual[2:]))
    except OSError:
        lacking("access lists")
    assert dict(of(directory, ("acl",)).extra)["acl"] == (
        "user::rwx,user:4711:r-x,group::r-x,mask::r-x,other::r-x,"
        "default:user::rwx,default:group::r-x,default:group:4712:rwx,default:mask::r-x,default:other::r-x"
    )


def test_an_access_list_is_read_from_its_bytes() -> None:
    content = acl_bytes((0x01, 6, NO_ID), (0x02, 4, 4711), (0x04, 4, NO_ID), (0x10, 4, NO_ID), (0x20, 0, NO_ID))
    assert acl_entries(content, Root(b"/nowhere")) == [
        "user::rw-",
        "user:4711:r--",
        "group::r--",
        "mask::r--",
        "other::---",
    ]
    assert acl_entries(b"\1\2\3", Root(b"/nowhere")) == ["hex:010203"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((0x02000001, 1 << 13, 0, 0, 0), "cap_net_raw=ep"),
        ((0x02000000, 1 << 13 | 1 << 10, 0, 0, 0), "cap_net_bind_service,cap_net_raw=p"),
        ((0x02000001, 1 << 13, 1 << 12, 0, 0), "cap_net_admin=ei cap_net_raw=ep"),
        ((0x02000000, 0, 0, 1 << 7, 0), "cap_bpf=p"),
        ((0x03000001, 1, 0, 0, 0, 1000), "cap_chown=ep [rootid=1000]"),
        ((0x01000001, 1, 0), "cap_chown=ep"),
        ((0x02000000, 0, 0, 1 << 31, 0), "cap_63=p"),
    ],
)
def test_capabilities_read_like_getcap(words: tuple[int, ...], text: str) -> None:
    assert capability_text(struct.pack(f"<{len(words)}I", *words)) == text


def test_capabilities_that_nobody_can_read_are_shown_as_they_are() -> None:
    assert capability_text(b"abc") == "hex:616263"


def test_capabilities_of_a_real_file_are_read(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    file = tmp_path / "ping"
    file.write_text("")
    os.setxattr(file, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
    assert of(file, ("capabilities",)).extra == (("capabilities", "cap_net_raw=ep"),)


def test_values_of_extended_attributes_show_as_keyed_digests(tmp_path: Path, lacking: Callable[[str], None]) -> None:
    file = tmp_path / "f"
    file.write_text("")
    try:
        os.setxattr(file, "user.b", b"hunter2")
        os.setxattr(file, "user.a\n", b"")
    except OSError:
        lacking("extended attributes of users")
    text = dict(of(file, ("xattrs",)).extra)["xattrs"]
    assert text == f"user.a\\x0a={KEEPER.digest(b'')},user.b={KEEPER.digest(b'hunter2')}"
    os.setxattr(file, "user.b", b"hunter3")
    assert dict(of(file, ("xattrs",)).extra)["xattrs"] != text


def test_a_label_is_shown_without_its_nul(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    found = attributes(
        facts((tmp_path / "f").lstat()),
        None,
        {"security.selinux": b"system_u:object_r:etc_t:s0\0"},
        ("selinux",),
        accounts=Root(b"/nowhere"),
        digester=KEEPER,
    )
    assert found.extra == (("selinux", "system_u:object_r:etc_t:s0"),)


def test_the_same_file_elsewhere_has_the_same_attributes(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    shutil.copy2(tmp_path / "f", tmp_path / "g")
    assert of(tmp_path / "f", ALL) == of(tmp_path / "g", ALL)
