"""What is approved is believed only where the manifest's digest says so; anything else is a gap, never clean."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from driftd.baselines.approve import write
from driftd.baselines.approved import CHANGED, CORRUPT, ApprovedLayers
from driftd.baselines.author import Author
from driftd.baselines.history import History
from driftd.baselines.proposal import prepare
from driftd.model.approved import ApprovedItem, canonical_json
from driftd.model.item import Gap, shown_path
from driftd.settings.trust import Trust

AUTHOR = Author("mia", "2023-06-01T10:00:00Z", "first", "OPS-1")


def item(path: str, host: str = "db-1") -> ApprovedItem:
    attributes = {"type": "file", "mode": "0640"}
    return ApprovedItem(path, dict(attributes), "sha256:" + "a" * 64, "yaml", "yaml/1", {"production": {"host": host}})


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "state" / "revisions")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "baselines" / "app"
    directory.mkdir(parents=True)
    return directory


def approve(directory: Path, history: History, *items: ApprovedItem, shared: bool = False) -> None:
    layers = ApprovedLayers(directory, "api-1")
    write(prepare(layers, {one.item: one for one in items}, AUTHOR, shared=shared), directory, history)


def reason(directory: Path, path: str) -> tuple[str, str]:
    found = ApprovedLayers(directory, "api-1").get(path)
    assert isinstance(found, Gap)
    return found.reason, found.detail


def test_nothing_is_approved_at_first(directory: Path) -> None:
    layers = ApprovedLayers(directory, "api-1")
    assert (layers.get("/a"), list(layers.items()), layers.revision, layers.sha256) == (None, [], 0, None)
    assert not layers.approved
    assert layers.problems == []


def test_an_approved_item_is_read_back_as_it_was(directory: Path, history: History) -> None:
    approve(directory, history, item("/etc/app.yml"))
    layers = ApprovedLayers(directory, "api-1")
    assert layers.get("/etc/app.yml") == item("/etc/app.yml")
    assert layers.approved
    assert layers.revision == 1
    assert layers.sha256 is not None
    assert layers.get("/etc/other.yml") is None


def test_what_is_no_utf8_is_read_back_too(directory: Path, history: History) -> None:
    path = shown_path(b"/etc/caf\xe9\n%")
    odd = ApprovedItem(path, {"type": "file"}, None, "text", "text/1", ["caf\udce9", "\x1b[31m"])
    approve(directory, history, odd)
    assert ApprovedLayers(directory, "api-1").get(path) == odd


def test_the_file_is_what_a_reviewer_reads(directory: Path, history: History) -> None:
    approve(directory, history, item("/etc/app.yml"), shared=True)
    text = (directory / "approved/etc/app.yml.json").read_bytes()
    assert text == canonical_json(item("/etc/app.yml").to_json())
    manifest = json.loads((directory / "approved.json").read_bytes())
    assert manifest["schema"] == "driftd/approved/1"
    assert manifest["proposed"] == {"by": "mia", "at": "2023-06-01T10:00:00Z", "reason": "first", "ticket": "OPS-1"}
    assert list(manifest["items"]) == ["/etc/app.yml"]


def test_files_are_for_those_who_may_read_what_they_were_made_of(directory: Path, history: History) -> None:
    umask = os.umask(0)
    try:
        approve(directory, history, item("/etc/app.yml"))
    finally:
        os.umask(umask)
    modes = {path.stat().st_mode & 0o777 for path in (directory / "hosts").rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o777 for path in [directory / "hosts", *(directory / "hosts").rglob("*/")]}
    assert modes == {0o640}
    assert folders == {0o750}


def test_the_hosts_layer_overrides_whole_items(directory: Path, history: History) -> None:
    approve(directory, history, item("/a", "shared"), item("/b", "shared"), shared=True)
    approve(directory, history, item("/b", "own"), item("/c", "own"))
    layers = ApprovedLayers(directory, "api-1")
    assert layers.get("/a") == item("/a", "shared")
    assert layers.get("/b") == item("/b", "own")
    assert sorted(layers.items()) == ["/a", "/b", "/c"]
    other = ApprovedLayers(directory, "api-2")
    assert other.get("/b") == item("/b", "shared")
    assert sorted(other.items()) == ["/a", "/b"]


def test_an_item_may_be_approved_as_gone_on_one_host(directory: Path, history: History) -> None:
    approve(directory, history, item("/a"), item("/b"), shared=True)
    layers = ApprovedLayers(directory, "api-1")
    write(prepare(layers, {"/b": None}, AUTHOR), directory, history)
    layers = ApprovedLayers(directory, "api-1")
    assert layers.get("/b") is None
    assert list(layers.items()) == ["/a"]
    assert sorted(ApprovedLayers(directory, "api-2").items()) == ["/a", "/b"]


@pytest.mark.parametrize("damage", ["torn", "edited", "empty", "gone", "link", "directory", "fifo"])
def test_a_damaged_item_is_a_gap_and_its_neighbours_are_not(directory: Path, history: History, damage: str) -> None:
    approve(directory, history, item("/etc/a"), item("/etc/b"), shared=True)
    file = directory / "approved/etc/a.json"
    content = file.read_bytes()
    file.unlink()
    match damage:
        case "torn":
            file.write_bytes(content[:20])
        case "edited":
            file.write_bytes(content.replace(b"db-1", b"db-2"))
        case "empty":
            file.touch()
        case "link":
            (directory / "elsewhere").write_bytes(content)
            file.symlink_to(directory / "elsewhere")
        case "directory":
            file.mkdir()
        case "fifo":
            os.mkfifo(file)
    layers = ApprovedLayers(directory, "api-1")
    found = layers.get("/etc/a")
    assert isinstance(found, Gap)
    assert found.reason == CORRUPT
    assert "approved/etc/a.json" in found.detail
    assert layers.corrupt == {"/etc/a": found}
    assert layers.get("/etc/b") == item("/etc/b")


def test_a_folder_that_is_a_link_is_not_followed(directory: Path, history: History) -> None:
    approve(directory, history, item("/etc/a"), shared=True)
    (directory / "approved/etc").rename(directory / "moved")
    (directory / "approved/etc").symlink_to(directory / "moved")
    assert reason(directory, "/etc/a")[0] == CORRUPT


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"schema": "driftd/approved/2", "revision": 1, "items": {}}',
        b'{"schema": "driftd/approved/1", "revision": 0, "items": {}}',
        b'{"schema": "driftd/approved/1", "revision": 1, "items": {"/a": "md5:0"}}',
        b'{"schema": "driftd/approved/1", "revision": 1, "items": ["/a"]}',
        b"[" * 100_000,
    ],
)
def test_a_corrupt_manifest_makes_every_item_a_gap(directory: Path, history: History, content: bytes) -> None:
    approve(directory, history, item("/a"), item("/b"), shared=True)
    (directory / "approved.json").write_bytes(content)
    layers = ApprovedLayers(directory, "api-1")
    assert len(layers.problems) == 1
    assert "git checkout" in str(layers.problems[0])
    assert layers.approved
    for path in ("/a", "/b", "/never-approved"):
        assert reason(directory, path)[0] == CORRUPT


def test_a_corrupt_manifest_of_the_host_makes_the_shared_one_uncertain_too(directory: Path, history: History) -> None:
    approve(directory, history, item("/a"), shared=True)
    (directory / "hosts/api-1").mkdir(parents=True)
    (directory / "hosts/api-1/approved.json").write_text("{")
    assert reason(directory, "/a")[0] == CORRUPT


def test_a_manifest_that_others_can_write_is_not_believed(directory: Path, history: History) -> None:
    approve(directory, history, item("/a"), shared=True)
    (directory / "approved.json").chmod(0o666)
    layers = ApprovedLayers(directory, "api-1", Trust.of_user(os.getuid()))
    assert "chmod go-w" in str(layers.problems[0])
    assert isinstance(layers.get("/a"), Gap)


def test_a_name_in_a_manifest_that_is_no_item_is_a_gap(directory: Path) -> None:
    manifest = {"schema": "driftd/approved/1", "revision": 1, "items": {"/a\\xzz": "sha256:" + "0" * 64}}
    (directory / "approved.json").write_text(json.dumps(manifest))
    assert reason(directory, "/a\\xzz") == (CORRUPT, "is not the name of an item")


@pytest.mark.parametrize("content", [b"{}", b"[]", b"{", b'{"attributes": {}, "digest": 5}', b"[" * 100_000])
def test_a_file_with_the_right_digest_and_the_wrong_shape_is_a_gap(directory: Path, content: bytes) -> None:
    from driftd.baselines.layer import digest_of

    manifest = {"schema": "driftd/approved/1", "revision": 1, "items": {"/a": digest_of(content)}}
    (directory / "approved.json").write_text(json.dumps(manifest))
    (directory / "approved").mkdir()
    (directory / "approved/a.json").write_bytes(content)
    assert reason(directory, "/a")[0] == CORRUPT


def test_layers_know_when_they_are_no_longer_current(directory: Path, history: History) -> None:
    layers = ApprovedLayers(directory, "api-1")
    assert layers.is_current()
    approve(directory, history, item("/a"))
    assert not layers.is_current()
    layers = ApprovedLayers(directory, "api-1")
    assert layers.is_current()
    approve(directory, history, item("/a", "db-2"))
    found = layers.get("/a")
    assert isinstance(found, Gap)
    assert found.reason == CHANGED
    assert ApprovedLayers(directory, "api-1").get("/a") == item("/a", "db-2")


def test_what_differs_from_other_layers_is_named_and_what_is_approved_is_counted(
    directory: Path, history: History
) -> None:
    approve(directory, history, item("/a"), item("/b"), item("/c"), shared=True)
    before = ApprovedLayers(directory, "api-1")
    assert (before.count, list(before.differing(before))) == (3, [])
    approve(directory, history, item("/b", "0600"), item("/d"))
    write(prepare(ApprovedLayers(directory, "api-1"), {"/c": None}, AUTHOR), directory, history)
    after = ApprovedLayers(directory, "api-1")
    assert after.count == len(list(after.items())) == 3
    assert set(before.differing(after)) == set(after.differing(before)) == {"/b", "/c", "/d"}
