from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.formats.reading import read
from driftd.sources.child_process import BOOT
from driftd.sources.isolated import IsolatedReader
from driftd.sources.look import Look, look
from driftd.sources.mounts import Mount
from driftd.sources.reasons import IsolationError
from driftd.sources.root import Root

# A child whose parser does what the content says. It is the real child in everything else.
MISCHIEF = """
import os, signal, time
from driftd.formats import reading
from driftd.model.document import Document, Node
from driftd.sources import look
_read = reading.read
def read(data, path, format=None):
    if path == "/":
        return _read(data, path, format)
    if data.startswith(b"hang"):
        time.sleep(60)
    if data.startswith(b"spin"):
        while True: pass
    if data.startswith(b"crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if data.startswith(b"exit"):
        os._exit(3)
    if data.startswith(b"memory"):
        bytearray(2 << 30)
    if data.startswith(b"raise"):
        raise RuntimeError("with hunter2 in it")
    facts = {"pid": os.getpid(), "uid": os.geteuid(), "cwd": os.getcwd(), "env": sorted(os.environ),
             "status": open("/proc/self/status").read(), "fds": len(os.listdir("/proc/self/fd"))}
    try:
        open("/etc/shadow").close()
        facts["shadow"] = "readable"
    except OSError as error:
        facts["shadow"] = type(error).__name__
    try:
        with open(path, "r+") as file:
            file.write("x")
        facts["write"] = "allowed"
    except OSError as error:
        facts["write"] = type(error).__name__
    try:
        facts["fork"] = "allowed"
        if os.fork() == 0:
            os._exit(0)
        os.wait()
    except OSError as error:
        facts["fork"] = type(error).__name__
    node = Node({key: Node(value) for key, value in facts.items() if not isinstance(value, list)})
    return reading.Reading("text", "text/1", Document(path, "text", node), None)
reading.read = read
_list = os.scandir
def scandir(place):
    if os.path.exists("/proc/self/fd/%d/hang" % place):
        time.sleep(60)
    return _list(place)
os.scandir = scandir
"""
BAD_BOOT = BOOT.replace("from driftd.sources.child", f"exec({MISCHIEF!r}); from driftd.sources.child")
REMOTE = Mount(b"/far", "nfs4")


@pytest.fixture
def isolated() -> Iterator[IsolatedReader]:
    reader = IsolatedReader(parse_seconds=30, look_seconds=30)
    yield reader
    reader.close()


def mischievous(**seconds: float) -> IsolatedReader:
    return IsolatedReader(boot=BAD_BOOT, **{"parse_seconds": 30.0, "look_seconds": 30.0} | seconds)  # type: ignore[arg-type]


def settings(reader: IsolatedReader, content: bytes = b"", path: str = "/etc/x") -> dict[str, object]:
    document = reader.parse(content, path, None).document
    assert document is not None
    shape = document.root.to_json()
    assert isinstance(shape, dict)
    return dict(shape)


def test_what_is_read_in_the_child_is_what_is_read_here(isolated: IsolatedReader) -> None:
    content = b"a: 1\nb:\n  - x\n  - {c: null, d: 1.5}\n"
    here, there = read(content, "/etc/x.yaml"), isolated.parse(content, "/etc/x.yaml", None)
    assert here.document is not None
    assert there.document is not None
    assert there.document.root.to_json() == here.document.root.to_json()
    assert [(at, node.line) for at, node in there.document.root.walk()] == [
        (at, node.line) for at, node in here.document.root.walk()
    ]
    assert (there.format, there.reading) == (here.format, here.reading)


def test_a_large_content_and_a_large_answer_pass(isolated: IsolatedReader) -> None:
    content = b"".join(b"key%d: value\n" % index for index in range(20_000))
    document = isolated.parse(content, "/etc/x.yaml", "yaml").document
    assert document is not None
    assert isinstance(document.root.value, dict)
    assert len(document.root.value) == 20_000


def test_a_parse_that_hangs_is_a_timeout_and_the_next_one_works() -> None:
    reader = mischievous(parse_seconds=1.0)
    try:
        before = settings(reader)["pid"]
        for content in (b"hang", b"spin"):
            with pytest.raises(IsolationError) as caught:
                reader.parse(content, "/etc/x", None)
            assert caught.value.reason == "timeout"
        assert settings(reader)["pid"] != before
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("content", "detail"),
    [(b"crash", "SIGSEGV"), (b"exit", "status 3"), (b"memory", "not enough memory"), (b"raise", "RuntimeError")],
)
def test_a_parser_that_dies_is_a_gap_and_the_next_one_works(content: bytes, detail: str) -> None:
    reader = mischievous()
    try:
        with pytest.raises(IsolationError, match=detail) as caught:
            reader.parse(content, "/etc/x", None)
        assert caught.value.reason == "parser-died"
        assert "hunter2" not in caught.value.detail
        assert settings(reader)["cwd"] == "/"
    finally:
        reader.close()


def test_a_child_that_is_killed_is_started_again() -> None:
    reader = mischievous()
    try:
        pid = settings(reader)["pid"]
        assert settings(reader)["pid"] == pid
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert settings(reader)["pid"] != pid
    finally:
        reader.close()


def test_a_child_with_nothing_to_do_goes_home_and_is_not_missed() -> None:
    reader = mischievous(idle_seconds=0.05)
    try:
        pid = settings(reader)["pid"]
        assert isinstance(pid, int)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # ends by itself
        assert settings(reader)["pid"] != pid
    finally:
        reader.close()


def test_a_child_that_cannot_start_is_a_gap() -> None:
    for boot in ("pass", "raise SystemExit(4)"):
        reader = IsolatedReader(boot=boot)
        with pytest.raises(IsolationError) as caught:
            reader.parse(b"", "/etc/x", None)
        assert caught.value.reason == "parser-died"
        reader.close()


def test_the_parser_has_no_rights_and_no_surroundings(tmp_path: Path) -> None:
    for place in (tmp_path, *tmp_path.parents[:-1]):
        if place.stat().st_uid == os.getuid():
            place.chmod(place.stat().st_mode | 0o1)
    (tmp_path / "open").write_text("as it was")
    (tmp_path / "open").chmod(0o666)
    reader = mischievous()
    try:
        seen = settings(reader, path=str(tmp_path / "open"))
    finally:
        reader.close()
    status = dict(line.split(":\t", 1) for line in str(seen["status"]).splitlines() if ":\t" in line)
    assert {status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0000000000000000"}
    assert status["NoNewPrivs"] == "1"
    assert seen["uid"] != 0
    assert seen["shadow"] == "PermissionError"
    assert seen["write"] == "OSError"
    assert (tmp_path / "open").read_text() == "as it was"
    assert seen["fork"] == "BlockingIOError"
    assert seen["cwd"] == "/"
    assert isinstance(seen["fds"], int)
    assert seen["fds"] <= 5


def test_the_environment_of_the_child_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    reader = mischievous()
    try:
        pid = settings(reader)["pid"]
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    finally:
        reader.close()
    assert environment == b"LC_ALL=C.UTF-8\0"


def test_a_child_that_hangs_dies_with_driftd() -> None:
    program = f"""
import os, signal, threading
from driftd.sources.isolated import IsolatedReader
reader = IsolatedReader(boot={BAD_BOOT!r})
document = reader.parse(b"", "/etc/x", None).document
print(document.root.value["pid"].value, flush=True)
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
reader.parse(b"hang", "/etc/x", None)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = Path("/proc", done.stdout.strip())
    deadline = time.monotonic() + 30
    while child.exists() and "State:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < deadline, "the child outlives driftd"
        time.sleep(0.01)


class Taken:
    def __init__(self) -> None:
        self.content = b""
        self.restarts = 0

    def restart(self) -> None:
        self.content = b""
        self.restarts += 1

    def take(self, piece: bytes) -> None:
        self.content += piece

    def is_known(self) -> bool:
        return False


def test_a_look_through_the_child_sees_what_a_look_here_sees(isolated: IsolatedReader, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 200_000)
    (tmp_path / os.fsdecode(b"l\xff")).symlink_to("f")
    root = Root(os.fsencode(tmp_path))
    for path in (b"/f", b"/l\xff", b"/"):
        here, there = Taken(), Taken()
        expected: Look = look(root, path, wanted=("mode", "xattrs"), intake=here)
        assert isolated.look(root, path, REMOTE, wanted=("mode", "xattrs"), intake=there).item == expected.item
        assert there.content == here.content
        assert isolated.look(root, path, REMOTE).links == expected.links
    with pytest.raises(FileNotFoundError):
        isolated.look(root, b"/missing", REMOTE)
    assert sorted(isolated.list_directory(root, b"/", REMOTE)) == sorted(root.list_directory(b"/"))
    with pytest.raises(NotADirectoryError):
        isolated.list_directory(root, b"/f", REMOTE)


def test_a_file_system_that_hangs_costs_one_deadline(tmp_path: Path) -> None:
    (tmp_path / "hang").write_text("")
    now = [1000.0]
    reader = IsolatedReader(boot=BAD_BOOT, look_seconds=1.0, monotonic=lambda: now[0])
    root = Root(os.fsencode(tmp_path))
    try:
        with pytest.raises(IsolationError) as caught:
            reader.list_directory(root, b"/", REMOTE)
        assert caught.value.reason == "timeout"
        for _ in range(100):
            with pytest.raises(IsolationError, match="left alone"):
                reader.look(root, b"/hang", REMOTE)
        now[0] += 61
        assert reader.look(root, b"/hang", REMOTE).item.size == 0
        assert reader.look(root, b"/hang", Mount(b"/other", "nfs4")).item.size == 0
    finally:
        reader.close()
