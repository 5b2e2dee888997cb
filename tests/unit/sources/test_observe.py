from __future__ import annotations

import hashlib
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.model.document import Problem
from driftd.model.item import ItemType, Observation, shown_path
from driftd.policy.query import Query
from driftd.secrets.fingerprint import SecretKeeper
from driftd.sources import look as looking
from driftd.sources.child_process import BOOT
from driftd.sources.facts import RACY_NS, RACY_SECONDS_NS, is_settled
from driftd.sources.glob import Glob
from driftd.sources.isolated import IsolatedReader
from driftd.sources.look import CHUNK, LARGEST, TRIES
from driftd.sources.mounts import Mounts
from driftd.sources.observe import ISOLATED_BYTES, Observer, ReadingPlan
from driftd.sources.root import Root
from driftd.sources.walk import Plan, Walk, WalkPattern

KEEPER = SecretKeeper(b"k" * 32)
PLAN = ReadingPlan()
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def later() -> int:
    """A time at which nothing has just been written."""
    return time.time_ns() + 10**9


def plain(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path


def observer(tree: Path, isolated: IsolatedReader | None = None) -> Observer:
    return Observer(Root(os.fsencode(tree)), KEEPER, isolated, now_ns=later)


def observe(tree: Path, item: str, plan: ReadingPlan = PLAN, known: str | None = None) -> Observation:
    seen = observer(tree).observe(item, plan, known_digest=known)
    assert seen.item == item
    assert sum((seen.attributes is not None, seen.gap is not None)) <= 1
    return seen


def settings(seen: Observation) -> object:
    assert seen.document is not None, seen
    return seen.document.root.to_json()


def test_a_file_is_read_parsed_and_described(tree: Path) -> None:
    content = b"production:\n  host: db-1\n"
    (tree / "etc/db.yml").write_bytes(content)
    (tree / "etc/db.yml").chmod(0o640)
    seen = observe(tree, "/etc/db.yml")
    assert seen.attributes is not None
    assert (seen.attributes.type, seen.attributes.mode) == (ItemType.FILE, "0640")
    assert settings(seen) == {"production": {"host": "db-1"}}
    assert seen.digest == plain(content)
    assert seen.size == len(content)
    assert (seen.links, seen.notes, seen.content, seen.parse_problem) == ((), (), None, None)
    assert observer(tree).stamps("/etc/db.yml") == (seen.stamp, b"")
    assert seen.stamp


@pytest.mark.parametrize("item", ["/etc/missing", "/etc/db.yml/below", "/nowhere/at/all"])
def test_what_is_not_there_is_neither_read_nor_a_gap(tree: Path, item: str) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    seen = observe(tree, item)
    assert (seen.exists, seen.gap, seen.digest) == (False, None, None)
    assert observer(tree).stamps(item) is None


def test_a_file_with_a_secret_has_a_keyed_digest_and_a_masked_document(tree: Path) -> None:
    content = b"user: app\npassword: hunter2\n"
    (tree / "etc/db.yml").write_bytes(content)
    seen = observe(tree, "/etc/db.yml")
    assert seen.digest == KEEPER.digest(content)
    assert settings(seen) == {"user": "app", "password": KEEPER.token("hunter2")}
    assert "hunter2" not in repr(seen)


def test_what_a_baseline_calls_secret_is_one(tree: Path) -> None:
    (tree / "etc/app.yml").write_text("color: blue\n")
    seen = observe(tree, "/etc/app.yml", ReadingPlan(secret_queries=(Query("$.color"),)))
    assert settings(seen) == {"color": KEEPER.token("blue")}
    assert seen.digest == KEEPER.digest(b"color: blue\n")


@pytest.mark.parametrize("name", ["shadow", "ssh_host_rsa_key"])
def test_files_that_are_secret_as_a_whole_are_compared_by_keyed_digest_alone(tree: Path, name: str) -> None:
    (tree / "etc/ssh").mkdir()
    item = "/etc/shadow" if name == "shadow" else "/etc/ssh/" + name
    Path(f"{tree}{item}").write_text("root:$6$hash\n")
    seen = observe(tree, item)
    assert (seen.document, seen.digest) == (None, KEEPER.digest(b"root:$6$hash\n"))
    assert seen.notes == ("compared by keyed digest alone",)


def test_a_private_key_is_one_whatever_it_is_called(tree: Path) -> None:
    content = b"-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n"
    (tree / "etc/notes.txt").write_bytes(content)
    seen = observe(tree, "/etc/notes.txt")
    assert (seen.document, seen.digest) == (None, KEEPER.digest(content))


def test_a_link_to_a_shadow_file_does_not_show_it(tree: Path) -> None:
    (tree / "etc/shadow").write_text("root:$6$hash\n")
    (tree / "etc/app.conf").symlink_to("shadow")
    assert observe(tree, "/etc/app.conf").document is None


def test_a_shadow_file_reached_through_a_linked_directory_is_not_shown(tree: Path) -> None:
    (tree / "etc/shadow").write_text("root:$6$hash\n")
    (tree / "mine").symlink_to("etc")
    assert observe(tree, "/mine/shadow").document is None


def test_a_known_digest_saves_the_parsing(tree: Path) -> None:
    for content in (b"a: 1\n", b"password: hunter2\n"):
        (tree / "etc/db.yml").write_bytes(content)
        for known in (plain(content), KEEPER.digest(content)):
            seen = observe(tree, "/etc/db.yml", known=known)
            assert (seen.digest, seen.document) == (known, None)
            wanting = observe(tree, "/etc/db.yml", ReadingPlan(wants_settings=True), known)
            assert wanting.document is not None
    for known in (plain(b"b: 1\n"), KEEPER.digest(b"b: 1\n")):
        assert observe(tree, "/etc/db.yml", known=known).document is not None


def test_a_digest_of_another_key_is_a_gap(tree: Path) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    other = SecretKeeper(b"o" * 32)
    seen = observe(tree, "/etc/db.yml", known=other.digest(b"a: 1\n"))
    assert seen.gap is not None
    assert seen.gap.reason == "secret-key-unknown"
    assert other.key_id in seen.gap.detail
    assert settings(observe(tree, "/etc/db.yml", ReadingPlan(wants_settings=True), other.digest(b"a: 1\n"))) == {"a": 1}
    assert observe(tree, "/etc/missing", known=other.digest(b"")).gap is None


def test_what_does_not_parse_is_lines_with_the_problem(tree: Path) -> None:
    content = b"a: [1\nb: 2\n"
    (tree / "etc/db.yml").write_bytes(content)
    seen = observe(tree, "/etc/db.yml")
    assert isinstance(seen.parse_problem, Problem)
    assert settings(seen) == ["a: [1", "b: 2"]
    assert seen.digest == KEEPER.digest(content)


def test_what_a_parser_says_quotes_no_secret(tree: Path) -> None:
    (tree / "etc/app.json").write_text('{"password": "hunter2",\n')
    assert "hunter2" not in repr(observe(tree, "/etc/app.json"))


def test_binary_content_is_compared_by_digest(tree: Path) -> None:
    (tree / "etc/blob").write_bytes(b"\0\1\2")
    seen = observe(tree, "/etc/blob")
    assert (seen.document, seen.digest) == (None, KEEPER.digest(b"\0\1\2"))
    assert seen.notes == ("not text: compared by digest",)


def test_content_is_not_parsed_where_a_digest_is_asked_for(tree: Path) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    seen = observe(tree, "/etc/db.yml", ReadingPlan(content="digest"))
    assert (seen.document, seen.digest) == (None, KEEPER.digest(b"a: 1\n"))


def test_content_is_not_read_where_nobody_asks_for_it(tree: Path) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    seen = observe(tree, "/etc/db.yml", ReadingPlan(content="none"))
    assert (seen.document, seen.digest, seen.size) == (None, None, 5)


@pytest.mark.parametrize("size", [10, 11, CHUNK, 3 * CHUNK + 1])
def test_content_larger_than_max_bytes_is_compared_by_digest_and_says_so(tree: Path, size: int) -> None:
    content = b"a" * size
    (tree / "etc/big.txt").write_bytes(content)
    seen = observer(tree).observe("/etc/big.txt", ReadingPlan(max_bytes=10), keep_content=True)
    if size == 10:
        assert (seen.notes, seen.content) == ((), content)
        assert seen.document is not None
        return
    assert (seen.digest, seen.document, seen.content) == (KEEPER.digest(content), None, None)
    assert seen.notes == ("larger than max_bytes: compared by digest",)
    for known in (plain(content), KEEPER.digest(content)):
        assert observe(tree, "/etc/big.txt", ReadingPlan(max_bytes=10), known).digest == known
    assert observe(tree, "/etc/big.txt", ReadingPlan(max_bytes=10), plain(b"b")).digest == KEEPER.digest(content)


def test_the_bytes_are_kept_on_request_alone(tree: Path) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    assert observer(tree).observe("/etc/db.yml", PLAN, keep_content=True).content == b"a: 1\n"
    assert observe(tree, "/etc/db.yml").content is None


def test_a_link_is_its_target_and_what_stands_behind_it(tree: Path) -> None:
    (tree / "etc/real.yml").write_text("a: 1\n")
    (tree / "etc/real.yml").chmod(0o600)
    (tree / "etc/hop").symlink_to("/etc/real.yml")
    (tree / "etc/link.yml").symlink_to("hop")
    seen = observe(tree, "/etc/link.yml")
    assert seen.attributes is not None
    assert (seen.attributes.type, seen.attributes.target, seen.attributes.mode) == (ItemType.LINK, "hop", None)
    assert settings(seen) == {"a": 1}
    assert seen.links == ("/etc/link.yml", "/etc/hop", "/etc/real.yml")
    assert seen.size == 5


def test_a_swapped_directory_on_the_way_is_among_the_links(tree: Path) -> None:
    """The way Kubernetes updates a mounted ConfigMap."""
    (tree / "etc/..2023").mkdir()
    (tree / "etc/..2023/app.yml").write_text("a: 1\n")
    (tree / "etc/..data").symlink_to("..2023")
    (tree / "etc/app.yml").symlink_to("..data/app.yml")
    seen = observe(tree, "/etc/app.yml")
    assert seen.links == ("/etc/app.yml", "/etc/..data", "/etc/..2023/app.yml")
    before = (seen.stamp, seen.behind)
    assert observer(tree).stamps("/etc/app.yml") == before
    (tree / "etc/..2024").mkdir()
    (tree / "etc/..2024/app.yml").write_text("a: 2\n")
    (tree / "etc/new").symlink_to("..2024")
    (tree / "etc/new").rename(tree / "etc/..data")
    assert observer(tree).stamps("/etc/app.yml") != before
    assert settings(observe(tree, "/etc/app.yml")) == {"a": 2}


def test_a_file_in_a_linked_directory_depends_on_that_link(tree: Path) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    (tree / "conf").symlink_to("etc")
    seen = observe(tree, "/conf/db.yml")
    assert seen.attributes is not None
    assert seen.attributes.type is ItemType.FILE
    assert seen.links == ("/conf", "/etc/db.yml")


def test_a_link_that_leads_nowhere_is_its_text(tree: Path) -> None:
    (tree / "etc/link").symlink_to("missing/x")
    seen = observe(tree, "/etc/link")
    assert seen.attributes is not None
    assert (seen.attributes.target, seen.digest) == ("missing/x", None)
    assert seen.notes == ("the link leads nowhere",)
    assert seen.links == ("/etc/link", "/etc/missing")  # what would have to come first


def test_a_link_to_a_directory_is_its_text(tree: Path) -> None:
    (tree / "etc/link").symlink_to(".")
    seen = observe(tree, "/etc/link")
    assert (seen.exists, seen.digest, seen.gap) == (True, None, None)


@pytest.mark.parametrize("target", ["/proc/self/mounts", "../run/state", "/dev/null", "/sys/x", "/etc/hop"])
def test_a_link_to_a_volatile_place_is_its_text_alone(tree: Path, target: str) -> None:
    for name in ("proc/self/mounts", "run/state", "dev/null", "sys/x"):
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("volatile")
    (tree / "etc/hop").symlink_to("/run/state")
    (tree / "etc/link").symlink_to(target)
    seen = observe(tree, "/etc/link")
    assert (seen.exists, seen.digest, seen.document) == (True, None, None)
    assert "only its text is compared" in seen.notes[0]


def test_a_file_that_stands_in_a_volatile_place_is_read(tree: Path) -> None:
    (tree / "run").mkdir()
    (tree / "run/app.yml").write_text("a: 1\n")
    assert settings(observe(tree, "/run/app.yml")) == {"a": 1}


def test_a_file_of_the_kernel_has_content_without_a_size() -> None:
    seen = Observer(Root(), KEEPER).observe("/proc/self/limits", PLAN)
    assert seen.document is not None
    assert seen.digest is not None


def test_a_link_into_itself_is_a_link_without_content(tree: Path) -> None:
    (tree / "etc/a").symlink_to("b")
    (tree / "etc/b").symlink_to("a")
    seen = observe(tree, "/etc/a")
    assert seen.gap is None
    assert seen.attributes is not None
    assert seen.attributes.to_json()["target"] == "b"
    assert seen.document is None
    assert seen.digest is None
    assert observer(tree).stamps("/etc/a") == (seen.stamp, b"")
    assert seen.links == ("/etc/a", "/etc/b")


def test_a_file_that_is_too_large_to_be_read_is_a_gap_at_once_unless_only_its_attributes_are_audited(
    tree: Path,
) -> None:
    (tree / "etc/huge").touch()
    os.truncate(tree / "etc/huge", LARGEST + 1)
    seen = observe(tree, "/etc/huge")
    assert seen.gap is not None
    assert seen.gap.reason == "file-too-large"
    attributes_alone = observer(tree).observe("/etc/huge", ReadingPlan(content="none"))
    assert attributes_alone.gap is None
    assert attributes_alone.size == LARGEST + 1


def test_an_impossible_name_is_a_gap(tree: Path) -> None:
    seen = observe(tree, "/etc/" + "x" * 300)
    assert seen.gap is not None
    assert seen.gap.reason == "name-too-long"


def test_special_files_are_described_and_never_opened(tree: Path, require_real: Callable[[str], None]) -> None:
    os.mkfifo(tree / "etc/fifo", 0o640)
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(tree / "etc", os.O_PATH)
        listening.bind(f"/proc/self/fd/{here}/sock")
        os.close(here)
        kinds = {"fifo": ItemType.FIFO, "sock": ItemType.SOCKET}
        if os.geteuid() == 0:
            os.mknod(tree / "etc/tty", 0o600 | stat.S_IFCHR, os.makedev(5, 0))
            os.mknod(tree / "etc/disk", 0o600 | stat.S_IFBLK, os.makedev(7, 200))
            kinds |= {"tty": ItemType.CHARACTER, "disk": ItemType.BLOCK}
        (tree / "etc/link").symlink_to("fifo")
        for name, kind in kinds.items():
            seen = observe(tree, f"/etc/{name}")
            assert seen.attributes is not None
            assert (seen.attributes.type, seen.digest, seen.gap) == (kind, None, None)
        assert observe(tree, "/etc/link").digest is None
    require_real("root")


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe.yml", b"new\nline.yml", b"\x1b[31mred.yml", b"back\\slash.yml", "ü.yml".encode(), b"x" * 251 + b".yml"],
)
def test_names_of_every_kind_are_observed(tree: Path, name: bytes) -> None:
    (tree / "etc" / os.fsdecode(name)).write_text("a: 1\n")
    assert settings(observe(tree, shown_path(b"/etc/" + name))) == {"a": 1}


def test_what_was_touched_a_moment_ago_is_not_remembered(tree: Path) -> None:
    """Its next change might come within the granularity of its timestamps; reading it once more is cheap."""
    (tree / "etc/db.yml").write_text("a: 1\n")
    touched = (tree / "etc/db.yml").lstat().st_ctime_ns
    root = Root(os.fsencode(tree))
    assert Observer(root, KEEPER, now_ns=lambda: touched + RACY_NS - 1).observe("/etc/db.yml", PLAN).stamp == b""
    assert Observer(root, KEEPER, now_ns=lambda: touched + RACY_NS).observe("/etc/db.yml", PLAN).stamp


def test_whole_seconds_may_be_all_that_a_file_system_keeps() -> None:
    second = 1_700_000_000 * 10**9
    assert not is_settled(second, second + RACY_SECONDS_NS - 1)
    assert is_settled(second, second + RACY_SECONDS_NS)
    assert is_settled(second + 1, second + 1 + RACY_NS)


def test_a_link_is_not_remembered_while_what_it_leads_to_was_touched_a_moment_ago(tree: Path) -> None:
    (tree / "etc/link.yml").symlink_to("db.yml")
    (tree / "etc/db.yml").write_text("a: 1\n")
    now = (tree / "etc/db.yml").lstat().st_ctime_ns + RACY_NS
    root = Root(os.fsencode(tree))
    assert Observer(root, KEEPER, now_ns=lambda: now - 1).observe("/etc/link.yml", PLAN).stamp == b""
    assert Observer(root, KEEPER, now_ns=lambda: now).observe("/etc/link.yml", PLAN).stamp


def test_equal_bytes_have_one_fingerprint_whoever_digests_them_in_whatever_pieces(tree: Path) -> None:
    content = b"a: 1\n" * 40_000
    (tree / "etc/db.yml").write_bytes(content)
    seen = observe(tree, "/etc/db.yml")
    streamed = observe(tree, "/etc/db.yml", ReadingPlan(max_bytes=10))
    unread = observe(tree, "/etc/db.yml", ReadingPlan(content="none"))
    assert seen.fingerprint == streamed.fingerprint != b""
    assert unread.fingerprint == b""
    (tree / "etc/db.yml").write_bytes(content[:-1] + b"#")
    assert observe(tree, "/etc/db.yml").fingerprint != seen.fingerprint
    other = Observer(Root(os.fsencode(tree)), SecretKeeper(b"o" * 32), now_ns=later).observe("/etc/db.yml", PLAN)
    assert other.fingerprint != observe(tree, "/etc/db.yml").fingerprint


def test_what_nobody_compares_is_read_and_not_parsed(tree: Path) -> None:
    (tree / "etc/db.yml").write_text("a: 1\n")
    seen = observe(tree, "/etc/db.yml", ReadingPlan(wants_digest=False))
    assert seen.exists
    assert seen.fingerprint
    assert (seen.document, seen.digest) == (None, None)


def test_directories_have_attributes_and_no_content(tree: Path) -> None:
    (tree / "etc").chmod(0o750)
    seen = observe(tree, "/etc")
    assert seen.attributes is not None
    assert (seen.attributes.mode, seen.digest, seen.size) == ("0750", None, None)
    assert observe(tree, "/").exists


@pytest.fixture
def public_tree(tree: Path) -> Path:
    for place in (tree, *tree.parents):
        if place != Path("/") and place.stat().st_mode & 0o5 != 0o5:
            place.chmod(place.stat().st_mode | 0o5)
    return tree


def test_what_may_not_be_read_is_a_gap_and_not_deleted(public_tree: Path, require_real: Callable[[str], None]) -> None:
    require_real("second user")
    (public_tree / "etc/db.yml").write_text("a: 1\n")
    (public_tree / "etc/db.yml").chmod(0o600)
    (public_tree / "etc/link").symlink_to("db.yml")
    (public_tree / "shut").mkdir(mode=0o700)
    (public_tree / "open.yml").write_text("a: 1\n")
    program = """
import os, sys
from driftd.secrets.fingerprint import SecretKeeper
from driftd.sources.mounts import Mounts
from driftd.sources.observe import Observer, ReadingPlan
from driftd.sources.root import Root
observer = Observer(Root(os.fsencode(sys.argv[1])), SecretKeeper(b"k" * 32), now_ns=lambda: 1 << 62)
for item in ("/etc/db.yml", "/etc/link", "/shut/x", "/open.yml"):
    seen = observer.observe(item, ReadingPlan())
    print(item, seen.exists, seen.gap and seen.gap.reason, observer.stamps(item) == (seen.stamp, seen.behind))
print(observer.observe("/etc/db.yml", ReadingPlan(content="none")).exists)
"""
    done = subprocess.run(
        [*AS_NOBODY, sys.executable, "-c", program, str(public_tree)],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.splitlines() == [
        "/etc/db.yml False unreadable False",
        "/etc/link False unreadable False",
        "/shut/x False unreadable True",
        "/open.yml True None True",
        "True",
    ]


class BetweenSteps:
    """A root on which something happens just before a file is opened: what a busy machine does to us."""

    def __init__(self, root: Root, happens: Callable[[], None]) -> None:
        self._root = root
        self._happens = happens

    def open(self, path: bytes) -> int:
        self._happens()
        return self._root.open(path)

    def __getattr__(self, name: str) -> object:
        return getattr(self._root, name)


def between(tree: Path, happens: Iterator[Callable[[], object]]) -> Observation:
    def next_thing() -> None:
        next(happens, lambda: None)()

    root = BetweenSteps(Root(os.fsencode(tree)), next_thing)
    return Observer(root, KEEPER, now_ns=later).observe("/etc/db.yml", PLAN)  # type: ignore[arg-type]


def replaced(tree: Path, content: str) -> None:
    (tree / "etc/new").write_text(content)
    (tree / "etc/new").rename(tree / "etc/db.yml")


def test_a_file_replaced_before_it_is_opened_is_read_as_it_is_now(tree: Path) -> None:
    replaced(tree, "a: 1\n")
    seen = between(tree, iter([lambda: replaced(tree, "a: 2\n")]))
    assert settings(seen) == {"a": 2}
    assert observer(tree).stamps("/etc/db.yml") == (seen.stamp, b"")


def test_a_file_replaced_by_a_link_is_never_read_as_that_file(tree: Path) -> None:
    replaced(tree, "a: 1\n")
    (tree / "etc/other.yml").write_text("a: 3\n")

    def swap() -> None:
        (tree / "etc/db.yml").unlink()
        (tree / "etc/db.yml").symlink_to("other.yml")

    seen = between(tree, iter([swap]))
    assert seen.attributes is not None
    assert seen.attributes.type is ItemType.LINK
    assert settings(seen) == {"a": 3}


def test_a_file_replaced_by_a_fifo_is_not_waited_for(tree: Path) -> None:
    replaced(tree, "a: 1\n")

    def swap() -> None:
        (tree / "etc/db.yml").unlink()
        os.mkfifo(tree / "etc/db.yml")

    seen = between(tree, iter([swap]))
    assert seen.attributes is not None
    assert (seen.attributes.type, seen.digest) == (ItemType.FIFO, None)


def test_a_file_removed_before_it_is_opened_is_not_there(tree: Path) -> None:
    replaced(tree, "a: 1\n")
    assert not between(tree, iter([(tree / "etc/db.yml").unlink])).exists


def test_a_file_that_never_holds_still_is_a_gap(tree: Path) -> None:
    replaced(tree, "a: 0\n")
    writes = [lambda number=number: replaced(tree, f"a: {number}\n") for number in range(TRIES)]
    seen = between(tree, iter(writes))
    assert seen.gap is not None
    assert seen.gap.reason == "changing"


def test_a_file_written_while_it_is_read_is_read_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"a: 1\n" + b"# filler\n" * CHUNK
    (tree / "etc/db.yml").write_bytes(content)
    reads = iter([b"torn"])

    def read(fd: int, size: int) -> bytes:
        if torn := next(reads, None):
            (tree / "etc/db.yml").write_bytes(content.replace(b"1", b"2"))
            return torn
        return os.read(fd, size)

    class Os:
        def __getattr__(self, name: str) -> object:
            return read if name == "read" else getattr(os, name)

    monkeypatch.setattr(looking, "os", Os())
    seen = observe(tree, "/etc/db.yml", ReadingPlan(max_bytes=10**7))
    assert settings(seen) == {"a": 2}


@pytest.fixture
def isolated() -> Iterator[IsolatedReader]:
    reader = IsolatedReader(parse_seconds=60)
    yield reader
    reader.close()


def test_large_content_is_parsed_in_the_child_with_the_same_result(tree: Path, isolated: IsolatedReader) -> None:
    lines = "".join(f"key{index}: value\n" for index in range(ISOLATED_BYTES // 10))
    (tree / "etc/db.yml").write_text(lines + "password: hunter2\n")
    here = observe(tree, "/etc/db.yml")
    there = observer(tree, isolated).observe("/etc/db.yml", PLAN)
    assert settings(there) == settings(here)
    assert there.digest == here.digest
    assert "hunter2" not in repr(there)


def test_a_parser_that_dies_is_a_gap(tree: Path) -> None:
    reader = IsolatedReader(boot="raise SystemExit(7)")
    (tree / "etc/db.yml").write_text("# filler\n" * ISOLATED_BYTES)
    seen = observer(tree, reader).observe("/etc/db.yml", PLAN)
    assert seen.gap is not None
    assert seen.gap.reason == "parser-died"


def test_reading_uses_no_more_memory_than_it_may(tree: Path) -> None:
    """A sparse file of half a gigabyte, in a process that may not have that much."""
    with (tree / "etc/big").open("wb") as file:
        file.truncate(1 << 29)
    program = """
import os, resource, sys
from driftd.secrets.fingerprint import SecretKeeper
from driftd.sources.mounts import Mounts
from driftd.sources.observe import Observer, ReadingPlan
from driftd.sources.root import Root
resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
seen = Observer(Root(os.fsencode(sys.argv[1])), SecretKeeper(b"k" * 32)).observe("/etc/big", ReadingPlan())
print(seen.size, seen.notes)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tree)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout == f"{1 << 29} ('larger than max_bytes: compared by digest',)\n"


@pytest.fixture
def far(tree: Path) -> Mounts:
    """What the kernel would say if /far were a network file system."""
    (tree / "far").mkdir()
    (tree / "mountinfo").write_text(f"1 0 0:1 / {tree}/far rw - nfs4 server:/x rw\n")
    return Mounts(os.fsencode(tree / "mountinfo"))


def test_what_stands_on_a_network_file_system_is_looked_at_by_the_child(
    tree: Path, far: Mounts, isolated: IsolatedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "far/db.yml").write_text("a: 1\n")
    (tree / "etc/link.yml").symlink_to("/far/db.yml")
    (tree / "etc/dir").symlink_to("../far")
    (tree / "etc/near.yml").write_text("a: 2\n")
    touched: list[bytes] = []
    lstat = os.lstat

    def noted(path: bytes) -> os.stat_result:
        touched.append(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", noted)
    root = Root(os.fsencode(tree))
    seen = Observer(root, KEEPER, isolated, far, now_ns=later)
    for item in ("/far/db.yml", "/etc/link.yml", "/etc/dir/db.yml"):
        assert settings(seen.observe(item, PLAN)) == {"a": 1}
        assert seen.stamps(item)
    assert settings(seen.observe("/etc/near.yml", PLAN)) == {"a": 2}
    assert seen.stamps("/far/missing") is None
    plan = Plan([WalkPattern(Glob("/far/*")), WalkPattern(Glob("/etc/dir/db.yml"))])
    found = list(Walk(root, plan, far, isolated))
    assert [(each.item, each.gap) for each in found] == [("/etc/dir/db.yml", None), ("/far/db.yml", None)]
    assert touched
    assert not [path for path in touched if b"/far" in path]
    far.close()


def test_a_network_file_system_that_does_not_answer_is_a_gap(tree: Path, far: Mounts) -> None:
    hangs = BOOT.replace("from driftd.sources.child", "import time; time.sleep(600); from driftd.sources.child")
    reader = IsolatedReader(boot=hangs, look_seconds=0.2)
    (tree / "far/db.yml").write_text("a: 1\n")
    root = Root(os.fsencode(tree))
    seen = Observer(root, KEEPER, reader, far).observe("/far/db.yml", PLAN)
    assert seen.gap is not None
    assert seen.gap.reason == "timeout"
    gaps = [each.gap for each in Walk(root, Plan([WalkPattern(Glob("/far/**"))]), far, reader)]
    assert [(gap.item, gap.reason) for gap in gaps if gap] == [("/far", "timeout")]
    far.close()
    reader.close()
