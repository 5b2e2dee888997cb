from __future__ import annotations

import errno
import grp
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.outputs.jsonl import JsonLinesOutput
from driftd.ports import DeliveryError
from tests.contracts.output_suite import an_event


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def output(path: Path) -> Iterator[JsonLinesOutput]:
    output = JsonLinesOutput(path)
    yield output
    output.close()


def sequences(path: Path) -> list[int]:
    return [json.loads(line)["event"]["sequence"] for line in path.read_text("utf-8").splitlines()]


def test_a_new_file_has_its_mode_whatever_the_umask(path: Path, output: JsonLinesOutput) -> None:
    before = os.umask(0o077)
    try:
        output.send([an_event()])
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == 0o640


def test_a_file_that_is_there_keeps_mode_and_lines(path: Path, output: JsonLinesOutput) -> None:
    path.write_text('{"event":{"sequence":0}}\n')
    path.chmod(0o600)
    output.send([an_event(1)])
    assert path.stat().st_mode & 0o7777 == 0o600
    assert sequences(path) == [0, 1]


def test_a_new_file_belongs_to_the_group(path: Path) -> None:
    group = grp.getgrgid(os.getgroups()[0] if os.getgroups() else os.getegid())
    output = JsonLinesOutput(path, group=group.gr_name)
    output.send([an_event()])
    output.close()
    assert path.stat().st_gid == group.gr_gid


def test_an_unknown_group_leaves_no_file_behind(path: Path) -> None:
    output = JsonLinesOutput(path, group="no-such-group-here")
    for _ in range(2):
        with pytest.raises(DeliveryError, match="no group 'no-such-group-here'"):
            output.send([an_event()])
    assert not path.exists()


def test_a_group_that_driftd_is_not_in_is_told_with_what_to_do(require_real: Callable[[str], None]) -> None:
    require_real("root")
    with tempfile.TemporaryDirectory() as directory:  # where another user gets to
        os.chown(directory, 4242, 4242)
        file = Path(directory) / "events.jsonl"
        os.seteuid(4242)
        try:
            with pytest.raises(DeliveryError, match=r"is not in group 'adm': .*SupplementaryGroups=adm"):
                JsonLinesOutput(file, group="adm").send([an_event()])
        finally:
            os.seteuid(0)
        assert not file.exists()


def test_a_file_moved_by_rotation_is_opened_anew(path: Path, output: JsonLinesOutput) -> None:
    output.send([an_event(1)])
    path.rename(path.with_suffix(".1"))
    output.send([an_event(2)])
    assert sequences(path.with_suffix(".1")) == [1]
    assert sequences(path) == [2]


def test_a_file_replaced_by_rotation_is_followed(path: Path, output: JsonLinesOutput) -> None:
    output.send([an_event(1)])
    path.rename(path.with_suffix(".1"))
    path.touch(mode=0o600)
    output.send([an_event(2)])
    assert sequences(path) == [2]


def test_a_file_truncated_in_place_starts_at_its_beginning(path: Path, output: JsonLinesOutput) -> None:
    output.send([an_event(1)])
    os.truncate(path, 0)
    output.send([an_event(2)])
    assert path.read_bytes().startswith(b"{")
    assert sequences(path) == [2]


def test_half_a_line_left_by_a_crash_stays_on_its_own_line(path: Path, output: JsonLinesOutput) -> None:
    path.write_bytes(b'{"event":{"seq')
    output.send([an_event(2)])
    lines = path.read_bytes().splitlines()
    assert lines[0] == b'{"event":{"seq'
    assert json.loads(lines[1])["event"]["sequence"] == 2


def test_a_batch_that_does_not_fit_is_taken_back(path: Path) -> None:
    full = False

    def write(file: int, data: bytes) -> int:
        if not full:
            return os.write(file, data)
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data[:-50])

    output = JsonLinesOutput(path, write=write)
    output.send([an_event(1)])
    full = True
    with pytest.raises(DeliveryError, match="disk is full"):
        output.send([an_event(2)])
    assert sequences(path) == [1]
    full = False
    output.send([an_event(2)])
    output.close()
    assert sequences(path) == [1, 2]


def test_what_another_writer_appended_meanwhile_is_not_taken_back(path: Path) -> None:
    def write(file: int, data: bytes) -> int:
        if len(data) < 100:
            path.write_bytes(path.read_bytes() + b"theirs\n")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data[:-50])

    output = JsonLinesOutput(path, write=write)
    with pytest.raises(DeliveryError):
        output.send([an_event(1)])
    assert path.read_bytes().endswith(b"theirs\n")


def test_a_real_full_disk_is_a_delivery_error_and_leaves_whole_lines(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True)
    try:
        output = JsonLinesOutput(disk / "events.jsonl")
        sent = 0
        problem = ""
        while not problem:
            try:
                output.send([an_event(sent)])
                sent += 1
            except DeliveryError as error:
                problem = str(error)
        assert "disk is full" in problem
        assert sequences(disk / "events.jsonl") == list(range(sent))
        (disk / "events.jsonl").unlink()
        output.send([an_event(sent)])
        output.close()
        assert sequences(disk / "events.jsonl") == [sent]
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_link_is_refused(path: Path, output: JsonLinesOutput) -> None:
    target = path.with_name("target")
    target.write_text("precious\n")
    path.symlink_to(target)
    with pytest.raises(DeliveryError, match="symbolic link"):
        output.send([an_event()])
    assert target.read_text() == "precious\n"


def test_what_is_no_regular_file_is_refused_without_waiting(path: Path, output: JsonLinesOutput) -> None:
    os.mkfifo(path)
    with pytest.raises(DeliveryError, match="not a regular file"):
        output.send([an_event()])
    path.unlink()
    path.mkdir()
    with pytest.raises(DeliveryError, match="is a directory"):
        output.send([an_event()])


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"directory .*/absent does not exist"):
        JsonLinesOutput(tmp_path / "absent" / "events.jsonl").send([an_event()])


def test_a_batch_is_one_write(path: Path) -> None:
    writes: list[bytes] = []

    def write(file: int, data: bytes) -> int:
        writes.append(data)
        return os.write(file, data)

    output = JsonLinesOutput(path, write=write)
    output.send([an_event(1), an_event(2), an_event(3)])
    output.close()
    assert len(writes) == 1
