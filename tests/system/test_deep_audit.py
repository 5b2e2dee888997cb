"""Deep audits of the real daemon: what no stat field shows is found, whatever becomes of those who read."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from driftd.daemon.control import ask
from driftd.model.event import Action
from tests.system.daemon_process import (
    DaemonProcess,
    Object,
    ScratchHost,
    after,
    assert_sound,
    open_drifts,
    told,
    until,
)

FILES = 64
MARK = "port: 5432 # of the database"


def image_of(host: ScratchHost, directory: Path) -> Path:
    """Make a disk in a file that holds the tree, and have every command run where it is mounted."""
    source, image = directory / "source", directory / "disk"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number:02}.yaml").write_text(f"name: {number}\n" + f"filler: {'x' * 500}\n")
    (source / "database.yaml").write_text(f"{MARK}\n")
    subprocess.run(["truncate", "-s", "16M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", source, image], check=True)
    inside = f'mount -o loop {image} {host.tree} && exec "$@"'
    host.before = ["unshare", "--mount", "sh", "-c", inside, "sh"]
    return image


def write_behind_its_back(image: Path, before: str, now: str) -> None:
    """Change bytes on the disk itself; no inode knows of it."""
    content = image.read_bytes()
    assert content.count(before.encode()) == 1
    assert len(before) == len(now)
    with image.open("r+b") as disk:
        disk.seek(content.index(before.encode()))
        disk.write(now.encode())


def readers(daemon: DaemonProcess) -> list[int]:
    """Return the children that read for an audit."""
    tasks = Path(f"/proc/{daemon.process.pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [child for child in children if b"rereader" in Path(f"/proc/{child}/cmdline").read_bytes()]


def audit_of(event: Object) -> Object:
    found: Object = event["driftd"]["audit"]
    return found


def test_bytes_changed_below_the_file_system_are_found_though_the_reader_is_killed(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    """Nothing but the bytes on the disk differs: no quick audit can see it. Meanwhile a live edit is told at once."""
    require_real("mounts")
    host = ScratchHost(tmp_path, audit={"every": "12h", "jitter": "0s", "rate": "64KiB/s"})
    image = image_of(host, tmp_path)
    item = host.tree / "database.yaml"
    host.approve()
    young = time.time() + 2.5  # the image keeps whole seconds: until then nobody can believe its timestamps
    until(lambda: time.time() > young, "the files are old enough")
    with host.daemon() as daemon:
        first = daemon.wait_event(Action.AUDIT_COMPLETED)
        daemon.stop()
    assert audit_of(first)["depth"] == "deep"
    write_behind_its_back(image, MARK, MARK.replace("5432", "6543"))
    (altered,) = host.baseline.glob("hosts/*/approved/**/07.yaml.json")
    altered.write_text(altered.read_text() + " ")

    last = daemon.journal.position().sequence
    with host.daemon() as daemon:
        quick = daemon.wait_event(Action.AUDIT_COMPLETED, after_sequence=last)
        assert audit_of(quick)["depth"] == "quick"
        assert (audit_of(quick)["gaps"], open_drifts(daemon.journal)) == (0, {})

        last = daemon.journal.position().sequence
        ask(host.socket, "audit", {"depth": "deep"}, timeout=30)
        until(lambda: readers(daemon), "somebody reads")
        reader = readers(daemon)[0]
        os.kill(reader, signal.SIGSTOP)
        edited = host.tree / "01.yaml"
        daemon.inside(edited).write_text("name: 2\n")
        daemon.wait_event(Action.DRIFT_OPENED, edited)
        assert told(daemon.journal, item) == []
        os.kill(reader, signal.SIGKILL)

        deep = daemon.wait_event(Action.AUDIT_COMPLETED, after_sequence=last)
        found = open_drifts(daemon.journal)
        assert after(told(daemon.journal, item)[0]["driftd"]["changes"]) == ["6543"]
        assert found.keys() == {str(item), str(edited)}
        audit = audit_of(deep)
        assert audit["depth"] == "deep"
        assert audit["read"] >= FILES
        (gap,) = daemon.wait_event(Action.COVERAGE_LOST, after_sequence=last)["driftd"]["gaps"]
        assert (gap["item"], gap["reason"]) == (str(host.tree / "07.yaml"), "approved-corrupt")
        until(lambda: not readers(daemon), "those who read are sent home")
        assert daemon.stop() == 0
    assert_sound(daemon.journal)
