from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.sources.mounts import Mount, Mounts, RemoteMountError, mount_table

TABLE = rb"""22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:22 / /proc rw shared:2 - proc proc rw
24 22 0:23 / /srv/with\040space rw - nfs4 server:/x rw
25 22 0:24 / /mnt/s rw shared:3 master:1 - fuse.sshfs me@there:/ rw
26 25 0:25 / /mnt/s/local rw - tmpfs tmpfs rw
27 22 0:26 / /auto rw - autofs systemd-1 rw
28 27 0:27 / /auto rw - xfs /dev/vdb rw
half a line
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Mounts:
    (tmp_path / "mountinfo").write_bytes(TABLE)
    mounts = Mounts(os.fsencode(tmp_path / "mountinfo"))
    mounts.refresh()
    mounts.close()
    return mounts


def test_the_table_is_read_with_its_escapes() -> None:
    assert mount_table(TABLE)[2:4] == [Mount(b"/srv/with space", "nfs4", 24), Mount(b"/mnt/s", "fuse.sshfs", 25)]
    assert len(mount_table(TABLE)) == 7


def test_what_was_mounted_last_at_a_point_counts(mounts: Mounts) -> None:
    assert {mount.point for mount in mounts.remote} == {b"/srv/with space", b"/mnt/s"}
    assert b"/auto" in mounts.points
    assert b"/" not in mounts.points


@pytest.mark.parametrize("path", [b"/mnt/s", b"/mnt/s/a/b", b"/srv/with space/x"])
def test_what_may_hang_is_told_by_its_path_alone(mounts: Mounts, path: bytes) -> None:
    with pytest.raises(RemoteMountError):
        mounts.guard(path)


@pytest.mark.parametrize("path", [b"/", b"/mnt", b"/mnt/same", b"/mnt/s/local", b"/mnt/s/local/x", b"/auto/x", b"/etc"])
def test_what_cannot_hang_is_let_pass(mounts: Mounts, path: bytes) -> None:
    mounts.guard(path)


def test_without_a_table_nothing_is_known_to_be_mounted(tmp_path: Path) -> None:
    mounts = Mounts(os.fsencode(tmp_path / "nothing"))
    mounts.refresh()
    assert mounts.points == frozenset()


def test_a_new_mount_is_noticed(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("mounts")
    program = """
import os, subprocess, sys
from driftd.sources.mounts import Mounts
mounts, place = Mounts(), os.fsencode(sys.argv[1])
def known():
    mounts.refresh()
    return place in mounts.points
before = known(), known()
subprocess.run(["mount", "-t", "tmpfs", "none", sys.argv[1]], check=True)
during = known(), known()
subprocess.run(["umount", sys.argv[1]], check=True)
print(before, during, known())
"""
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", program, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout == "(False, False) (True, True) False\n"


def test_the_file_system_that_holds_a_path_is_the_nearest_above(mounts: Mounts) -> None:
    kinds = {
        path: mount.kind
        for path in (b"/", b"/etc/x", b"/mnt/s/a", b"/mnt/s/local/x", b"/proc/sys")
        if (mount := mounts.holding(path))
    }
    assert kinds == {
        b"/": "ext4",
        b"/etc/x": "ext4",
        b"/mnt/s/a": "fuse.sshfs",
        b"/mnt/s/local/x": "tmpfs",
        b"/proc/sys": "proc",
    }
    assert b"/proc/sys/x".startswith(mounts.kernel_made)
    assert not b"/process".startswith(mounts.kernel_made)


def test_what_was_mounted_unmounted_or_mounted_anew_has_changed_once(mounts: Mounts) -> None:
    assert mounts.changed() == set()
    table = mount_table(TABLE)
    again = Mount(b"/mnt/s", "fuse.sshfs", 99)
    mounts._take(
        [*(mount for mount in table if mount.point not in (b"/mnt/s", b"/proc")), again, Mount(b"/new", "tmpfs", 100)]
    )
    assert mounts.changed() == {b"/mnt/s", b"/proc", b"/new"}
    assert mounts.changed() == set()
