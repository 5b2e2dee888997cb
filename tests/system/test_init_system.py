"""`driftd init --system` on a machine of the tests' own: this machine's root under an overlay that is thrown away."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftd.installing.unit import shipped_unit, user_of
from tests.contract.command import command, environment
from tests.contract.shapes import assert_shape

INSIDE = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mkdir -p "$1/root/$2" && mount --bind "$2" "$1/root/$2"
rm -rf "$1/root/etc/driftd" "$1/root/var/lib/driftd" "$1/root/etc/systemd/system/driftd.service"
# What need not be audited here:
find "$1/root/etc" -mindepth 2 -maxdepth 2 -type d -not -path '*/systemd/*' -exec rm -rf {} +
find "$1/root/etc/alternatives" -type l -not -name pager -not -name awk -delete
rm -rf "$1/root/etc/ssl" "$1/root/etc/postgresql"
exec chroot "$1/root" /bin/bash -e "$2/story"
"""


@pytest.fixture
def story(tmp_path: Path, require_real: Callable[[str], None]) -> Callable[[str], Path]:
    """A function: run a script on the machine; return the directory that both share."""
    require_real("mounts")
    require_real("systemd-sysusers")
    memory, shared = tmp_path / "memory", tmp_path / "shared"
    memory.mkdir()
    shared.mkdir()
    driftd = " ".join(f"'{word}'" for word in command())

    def tell(script: str) -> Path:
        (shared / "story").write_text(f'cd {shared}\ndriftd() {{ {driftd} "$@"; }}\n{script}')
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", INSIDE, "bash", str(memory), str(shared)],
            capture_output=True,
            text=True,
            env=environment(PATH="/usr/sbin:/usr/bin:/sbin:/bin"),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return shared

    return tell


STORY = """
umask 027
driftd init --system --dry-run > dry || test $? -eq 3  # the tests' own Python may lie in a closed home
test ! -e /etc/driftd
driftd init --system --json > first || test $? -eq 3
stat -c '%A %U:%G %n' /etc/driftd /etc/driftd/baselines /etc/driftd/driftd.yaml /var/lib/driftd /var/lib/driftd/secret.key \\
    /var/log/driftd /etc/systemd/system/driftd.service /etc/logrotate.d/driftd /usr/share/man/man1/driftd.1 \\
    /usr/share/bash-completion/completions/driftd > modes
getent passwd driftd > account || true
cp /etc/systemd/system/driftd.service unit
systemd-analyze verify /etc/systemd/system/driftd.service 2> verified
logrotate --debug /etc/logrotate.d/driftd 2> rotated
bash -c 'source /usr/share/bash-completion/completions/driftd; complete -p driftd' > completion
man -w driftd driftd.yaml driftd-baseline > pages
echo '# mine' >> /etc/driftd/driftd.yaml
echo '# mine' >> /etc/logrotate.d/driftd
rm -r /etc/driftd/baselines/sysctl
mkdir /etc/driftd/baselines/sysctl
driftd init --system --json > second || test $? -eq 3
tail -n 1 /etc/driftd/driftd.yaml /etc/logrotate.d/driftd > kept
ls /etc/driftd/baselines/sysctl > left_out
mkdir -p /usr/lib/systemd/system
mv /etc/systemd/system/driftd.service /usr/lib/systemd/system/
driftd init --system --dry-run --json > packaged || test $? -eq 3
test ! -e /etc/systemd/system/driftd.service
"""


def steps(file: Path) -> dict[str, str]:
    told: dict[str, Any] = json.loads(file.read_text())
    assert_shape("init", told)
    return {step["what"]: step["done"] for step in told["steps"]}


def test_a_host_becomes_ready_for_the_service_and_stays_as_people_change_it(story: Callable[[str], Path]) -> None:
    shared = story(STORY)
    assert "nothing is written" in (shared / "dry").read_text()
    user = user_of(shipped_unit())
    assert (shared / "account").read_text().startswith("driftd:") or user == "root"
    assert (shared / "modes").read_text().splitlines() == [
        "drwxr-xr-x root:root /etc/driftd",
        "drwxr-xr-x root:root /etc/driftd/baselines",
        "-rw-r----- root:root /etc/driftd/driftd.yaml",
        f"drwx------ {user}:{user} /var/lib/driftd",
        f"-rw------- {user}:{user} /var/lib/driftd/secret.key",
        f"drwxr-x--- {user}:{user} /var/log/driftd",
        "-rw-r--r-- root:root /etc/systemd/system/driftd.service",
        "-rw-r--r-- root:root /etc/logrotate.d/driftd",
        "-rw-r--r-- root:root /usr/share/man/man1/driftd.1",
        "-rw-r--r-- root:root /usr/share/bash-completion/completions/driftd",
    ]
    assert (shared / "verified").read_text() == ""
    assert "error" not in (shared / "rotated").read_text()
    assert (shared / "completion").read_text() == "complete -F _driftd driftd\n"
    assert len((shared / "pages").read_text().splitlines()) == 3
    assert f"ExecStart={command()[0]} run" in (shared / "unit").read_text()
    _stays_as_it_was_changed(shared)


def _stays_as_it_was_changed(shared: Path) -> None:
    again = steps(shared / "second")
    assert again["/etc/logrotate.d/driftd"] == "kept"
    assert again["/etc/driftd/driftd.yaml"] == "unchanged"
    assert (shared / "kept").read_text().count("# mine") == 2
    assert (shared / "left_out").read_text() == ""
    written = {what for what, done in again.items() if done in ("written", "made", "updated", "added", "failed")}
    assert written - {command()[0]} == set()
    assert steps(shared / "packaged")["/usr/lib/systemd/system/driftd.service"] == "unchanged"


def test_without_root_nothing_is_written_and_it_is_said(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("second user")
    # Another user has no way into the directory of the package: as in a tree that is nobody's, its Python alone will do.
    done = subprocess.run(
        ["unshare", "--user", *command(), "init", "--system"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "run it as root" in done.stderr


def test_an_image_gets_everything_below_its_directory(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("root")
    image = tmp_path / "image"
    (image / "etc/ssh").mkdir(parents=True)
    (image / "etc/ssh/sshd_config").write_text("PermitRootLogin no\n")
    (image / "usr/bin").mkdir(parents=True)
    (image / "usr/bin/driftd").write_text("#!/bin/sh\n")
    done = subprocess.run(
        [*command(), "init", "--system", "--root", str(image), "--json"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert_shape("init", told)
    assert {"linux-etc", "sshd"} <= set(told["baselines"])
    unit = (image / "etc/systemd/system/driftd.service").read_text()
    assert "ExecStart=/usr/bin/driftd run" in unit
    assert not (image / "var/lib/driftd/secret.key").exists()
    assert stat.S_IMODE((image / "var/lib/driftd").stat().st_mode) == 0o700
    assert os.path.isfile(image / "usr/share/man/man5/driftd.yaml.5")
