from __future__ import annotations

import os
import random
import stat
import tracemalloc
from datetime import timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from driftd.model.event import Action, Event, namespace, sequence_of
from driftd.store import journal as journal_module
from driftd.store.chain import UnfitEventError
from driftd.store.damage import MOST_NAMED, Damage, JournalProblem
from driftd.store.errors import StoreError
from driftd.store.journal import KEPT_TORN, Journal
from driftd.store.reader import JournalReader
from driftd.store.segments import MAX_LINE
from tests.unit.store.made import AT, StandingClock, event, heartbeat, heartbeats, opened, segment_files


def sequences(journal: JournalReader, after: int = 0) -> list[int]:
    return [sequence_of(recorded) for recorded in journal.read(after)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal"


def test_events_are_numbered_without_holes_and_read_back_as_they_were_stamped(directory: Path) -> None:
    journal = opened(directory)
    stamped = journal.append(heartbeats(3)) + journal.append([heartbeat(9)])
    assert [sequence_of(recorded) for recorded in stamped] == [1, 2, 3, 4]
    assert list(journal.read()) == stamped
    assert (journal.last_sequence, journal.head) == (4, namespace(stamped[-1])["chain"])
    assert journal.verify() == []


def test_a_journal_that_is_opened_again_goes_on_where_it_ended(directory: Path) -> None:
    first = opened(directory)
    first.append(heartbeats(2))
    first.close()
    second = opened(directory)
    assert (second.last_sequence, second.head) == (2, first.head)
    second.append(heartbeats(2))
    assert sequences(second) == [1, 2, 3, 4]
    assert second.verify() == []


def test_nothing_is_written_for_no_events(directory: Path) -> None:
    journal = opened(directory)
    assert journal.append([]) == []
    assert list(directory.iterdir()) == []
    assert (journal.last_sequence, journal.head) == (0, "")


def test_files_are_private_whatever_the_umask(directory: Path) -> None:
    before = os.umask(0)
    try:
        opened(directory).append(heartbeats(1))
    finally:
        os.umask(before)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.parent.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in segment_files(directory)] == [0o600]


def test_segments_are_named_by_their_first_sequence_and_hold_whole_batches(directory: Path) -> None:
    journal = opened(directory, segment_bytes=1000)
    for _ in range(4):
        journal.append(heartbeats(3))
    names = [path.name for path in segment_files(directory)]
    assert names[:2] == ["00000000000000000001.jsonl", "00000000000000000004.jsonl"]
    assert sequences(journal) == list(range(1, 13))
    assert journal.verify() == []
    assert sequences(opened(directory)) == list(range(1, 13))


def test_a_batch_is_one_write_and_one_fsync(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(directory)
    journal.append([heartbeat()])
    calls = []
    real_write, real_fsync = os.write, os.fsync

    def write(descriptor: int, data: bytes) -> int:
        calls.append("write")
        return real_write(descriptor, data)

    def fsync(descriptor: int) -> None:
        calls.append("fsync")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "fsync", fsync)
    journal.append(heartbeats(100))
    assert calls == ["write", "fsync"]


@pytest.mark.parametrize("segment_bytes", [2000, 1 << 24])
def test_reading_after_any_sequence_yields_exactly_what_follows(directory: Path, segment_bytes: int) -> None:
    journal = opened(directory, segment_bytes)
    for size in (1, 50, 700, 3, 250):
        journal.append([event(Action.DAEMON_HEARTBEAT, filler="x" * (number * 7 % 400)) for number in range(size)])
    last = journal.last_sequence
    for after in [*range(0, last, 37), last - 1, last, last + 5]:
        assert sequences(journal, after) == list(range(after + 1, last + 1))


def test_another_reader_follows_without_the_lock_and_does_not_see_an_unfinished_line(directory: Path) -> None:
    journal = opened(directory, segment_bytes=1500)
    follower = JournalReader(directory)
    assert list(follower.read()) == []
    seen: list[int] = []
    for _ in range(10):
        journal.append(heartbeats(2))
        seen += sequences(follower, seen[-1] if seen else 0)
    assert seen == list(range(1, 21))
    whole = segment_files(directory)[-1].read_bytes()
    segment_files(directory)[-1].write_bytes(whole + b'{"@timestamp":"2023')
    assert sequences(follower, 20) == []
    assert follower.position() == journal.position()


def test_reading_is_lazy(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(1000))
    first = next(journal.read())
    assert sequence_of(first) == 1


# --- an unfinished last line


@pytest.mark.parametrize("torn", [b"{", b'{"driftd":{"chain":"sha256:', b"\0" * 4096, b"x" * 200_000])
def test_a_torn_last_line_is_moved_aside_and_the_journal_goes_on(directory: Path, torn: bytes) -> None:
    journal = opened(directory)
    journal.append(heartbeats(3))
    journal.close()
    path = segment_files(directory)[0]
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = Journal(directory, StandingClock())
    problems = again.open()
    assert [problem.reason for problem in problems] == [Damage.TORN]
    assert again.position() == journal.position()
    assert path.read_bytes() == whole
    (aside,) = directory.glob("*.torn-*")
    assert aside.read_bytes() == torn
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    again.append([heartbeat()])
    assert again.verify() == []
    assert sequences(again) == [1, 2, 3, 4]


def test_a_segment_with_nothing_but_a_torn_line_begins_anew(directory: Path) -> None:
    journal = opened(directory, segment_bytes=1)
    journal.append(heartbeats(1))
    journal.append(heartbeats(1))
    journal.close()
    segment_files(directory)[-1].write_bytes(b'{"torn')
    again = opened(directory)
    assert again.last_sequence == 1
    again.append(heartbeats(1))
    assert again.verify() == []
    assert sequences(again) == [1, 2]


def test_a_segment_that_was_begun_and_never_written_is_used(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(4))
    journal.close()
    (directory / "00000000000000000005.jsonl").touch()
    again = opened(directory)
    assert again.position() == journal.position()
    again.append(heartbeats(1))
    assert segment_files(directory)[-1].stat().st_size > 0
    assert again.verify() == []


# --- damage


def damage(path: Path, line: int, change: Any) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1 : line] = change(lines[line - 1])
    path.write_bytes(b"".join(lines))


def flipped(line: bytes) -> list[bytes]:
    return [line.replace(b"happened", b"hbppened")]


def unreadable(line: bytes) -> list[bytes]:
    return [b"#" + line[1:]]


def removed(_line: bytes) -> list[bytes]:
    return []


def respelled(line: bytes) -> list[bytes]:
    return [line.replace(b'{"', b'{ "', 1)]


def rechained(line: bytes) -> list[bytes]:
    told: Event = msgspec.json.decode(line)
    namespace(told)["chain"] = "sha256:" + "0" * 64
    return [msgspec.json.encode(told, order="sorted") + b"\n"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (flipped, [(4, 4, Damage.ALTERED)]),
        (respelled, [(4, 4, Damage.ALTERED)]),
        (rechained, [(4, 4, Damage.ALTERED), (5, 5, Damage.ALTERED)]),
        (unreadable, [(4, 4, Damage.UNREADABLE), (5, 5, Damage.UNPROVABLE)]),
        (removed, [(4, 5, Damage.SEQUENCE)]),
        (lambda line: [line, line], [(5, 4, Damage.SEQUENCE)]),
    ],
    ids=["flipped byte", "respelled", "rechained", "not JSON", "line removed", "line repeated"],
)
def test_damage_in_the_middle_is_named_kept_and_gone_on_after(directory: Path, change: Any, expected: Any) -> None:
    journal = opened(directory)
    journal.append(heartbeats(9))
    journal.close()
    damage(segment_files(directory)[0], 4, change)
    kept = segment_files(directory)[0].read_bytes()
    found = JournalReader(directory).verify()
    assert [(problem.line, problem.sequence, problem.reason) for problem in found] == expected
    again = Journal(directory, StandingClock())
    assert again.open() == found
    assert again.last_sequence == 9
    again.append([event(Action.JOURNAL_CHECKPOINT, checkpoint={"problems": [problem.to_json() for problem in found]})])
    assert again.verify() == found
    assert segment_files(directory)[0].read_bytes().startswith(kept)
    again.close()
    assert Journal(directory, StandingClock()).open() == [], "the checkpoint has told it"


def test_an_event_lost_at_the_very_end_keeps_its_number(directory: Path) -> None:
    journal = opened(directory)
    stamped = journal.append(heartbeats(5))
    journal.close()
    damage(segment_files(directory)[0], 5, unreadable)
    again = Journal(directory, StandingClock())
    assert [(problem.line, problem.reason) for problem in again.open()] == [(5, Damage.UNREADABLE)]
    assert (again.last_sequence, again.head) == (5, namespace(stamped[3])["chain"])
    again.append(heartbeats(1))
    assert [(problem.line, problem.reason) for problem in again.verify()] == [(5, Damage.UNREADABLE)]
    assert sequences(again) == [1, 2, 3, 4, 6]


def test_a_last_segment_without_a_readable_line_is_gone_on_after(directory: Path) -> None:
    journal = opened(directory, segment_bytes=1)
    stamped = journal.append(heartbeats(3)) + journal.append(heartbeats(2))
    journal.close()
    segment_files(directory)[-1].write_bytes(b"garbage\nmore garbage\n")
    again = Journal(directory, StandingClock())
    assert [(problem.reason, problem.lines) for problem in again.open()] == [(Damage.UNREADABLE, 2)]
    assert (again.last_sequence, again.head) == (5, namespace(stamped[2])["chain"])


def test_a_journal_of_nothing_but_garbage_is_gone_on_after(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "00000000000000000001.jsonl").write_bytes(b"garbage\n" * 3)
    journal = opened(directory)
    assert journal.last_sequence == 3
    journal.append(heartbeats(1))
    assert sequences(journal) == [4]


def test_a_missing_segment_is_a_hole(directory: Path) -> None:
    journal = opened(directory, segment_bytes=1)
    for _ in range(3):
        journal.append(heartbeats(2))
    segment_files(directory)[1].unlink()
    (hole,) = journal.verify()
    assert (hole.sequence, hole.reason) == (5, Damage.SEQUENCE)
    assert sequences(journal) == [1, 2, 5, 6]


def test_a_journal_whose_beginning_is_gone_is_proved_by_the_checkpoint_that_says_so(directory: Path) -> None:
    journal = opened(directory, segment_bytes=1)
    stamped = journal.append(heartbeats(2)) + journal.append(heartbeats(2))
    segment_files(directory)[0].unlink()
    assert [problem.reason for problem in journal.verify()] == [Damage.UNPROVABLE]
    wrong: Event = event(Action.JOURNAL_CHECKPOINT, checkpoint={"sequence": 2, "chain": "sha256:00"})
    journal.append([wrong])
    assert [problem.reason for problem in journal.verify()] == [Damage.UNPROVABLE]
    pruned = event(Action.JOURNAL_CHECKPOINT, checkpoint={"sequence": 2, "chain": namespace(stamped[1])["chain"]})
    journal.append([pruned])
    assert journal.verify() == []


def test_an_overlong_line_is_passed_over_in_bounded_memory(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    journal.close()
    path = segment_files(directory)[0]
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"x" * (2 * MAX_LINE) + b"\n" + second)
    told: list[JournalProblem] = []
    assert [sequence_of(recorded) for recorded in JournalReader(directory).read(0, told.append)] == [1, 2]
    assert [problem.reason for problem in told] == [Damage.UNREADABLE]


def test_numbers_of_a_lost_journal_are_not_given_out_again_even_after_a_crash(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    journal.resume_after(40)
    journal.close()
    again = opened(directory)
    assert again.last_sequence == 40
    again.resume_after(10)
    (recorded,) = again.append(heartbeats(1))
    assert sequence_of(recorded) == 41
    (hole,) = again.verify()
    assert (hole.sequence, hole.reason) == (41, Damage.SEQUENCE)


def test_garbage_is_named_in_bounded_room(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    journal.close()
    with segment_files(directory)[0].open("ab") as file:
        file.write(b"\n" * 300_000)
    again = Journal(directory, StandingClock())
    (garbage,) = again.open()
    assert (garbage.line, garbage.lines, garbage.reason) == (3, 300_000, Damage.UNREADABLE)
    again.append(heartbeats(1))
    assert again.verify() == [garbage]


def test_of_very_many_damaged_places_the_first_are_named_and_all_are_counted(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(5000))
    journal.close()
    path = segment_files(directory)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(b"#\n" if number % 2 else line for number, line in enumerate(lines)))
    *named, rest = JournalReader(directory).verify()
    assert len(named) == MOST_NAMED
    assert rest.detail.startswith(f"{5000 - 1 - MOST_NAMED} more")


@pytest.mark.parametrize("seed", range(12))
def test_a_journal_damaged_in_any_way_is_kept_and_gone_on_from(directory: Path, seed: int) -> None:
    """Random bytes, cuts, zeros, lines and segments removed, repeated and exchanged, several at once."""
    dice = random.Random(seed)
    journal = opened(directory, segment_bytes=1500)
    for _ in range(20):
        journal.append(heartbeats(dice.randrange(1, 4)))
    journal.close()
    before = journal.last_sequence
    for _ in range(dice.randrange(1, 4)):
        dice.choice(DAMAGES)(dice.choice(segment_files(directory)), dice)
    kept = {path.name: path.read_bytes() for path in directory.iterdir()}
    again = Journal(directory, StandingClock(), segment_bytes=1500)
    named = again.open()
    again.resume_after(before)  # as the database knows
    (recorded,) = again.append([event(Action.JOURNAL_CHECKPOINT, checkpoint={"problems": []})])
    assert sequence_of(recorded) > before
    assert [sequence_of(told) for told in again.read(before)] == [sequence_of(recorded)]
    for name, content in kept.items():
        there = (directory / name).read_bytes()
        torn = b"".join(path.read_bytes() for path in directory.glob(f"{name}.torn-*"))
        assert (there + torn).startswith(content) or there.startswith(content), "nothing is taken away"
    again.close()
    third = Journal(directory, StandingClock())
    assert third.open() == []
    assert third.last_sequence == sequence_of(recorded)
    found = third.verify()
    assert {problem.segment for problem in named if problem.reason is not Damage.TORN} <= {
        problem.segment for problem in found
    }
    third.close()


def overwritten(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if data:
        begin = dice.randrange(len(data))
        data[begin : begin + 200] = dice.randbytes(len(data[begin : begin + 200]))
    path.write_bytes(data)


def cut(path: Path, dice: random.Random) -> None:
    os.truncate(path, dice.randrange(path.stat().st_size + 1))


def zeroed(path: Path, dice: random.Random) -> None:
    data = path.read_bytes()
    begin = dice.randrange(len(data) + 1)
    path.write_bytes(data[:begin] + bytes(len(data) - begin))


def line_gone(path: Path, dice: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if dice.random() < 0.7))


def shuffled(path: Path, dice: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(dice.choices(lines, k=len(lines))) if lines else b"")


def segment_gone(path: Path, _dice: random.Random) -> None:
    if len(segment_files(path.parent)) > 1:
        path.unlink()


def bits_flipped(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(3 if data else 0):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


DAMAGES = [overwritten, cut, zeroed, line_gone, shuffled, segment_gone, bits_flipped]


def test_a_page_that_the_disk_does_not_give_costs_the_lines_in_it(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2000))
    journal.close()
    path = segment_files(directory)[0]
    ends = [0, *accumulate(map(len, path.read_bytes().splitlines(keepends=True)))]
    bad = 20 * 4096
    hit = [number for number, (begin, end) in enumerate(pairwise(ends), 1) if begin < bad + 4096 and end > bad]
    real = os.pread

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        if offset < bad + 4096 and offset + length > bad:
            raise OSError(5, "Input/output error")
        return real(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", pread)
    reader = JournalReader(directory)
    told: list[JournalProblem] = []
    left = [sequence_of(event) for event in reader.read(0, told.append)]
    assert left == [number for number in range(1, 2001) if number not in hit]
    assert {problem.reason for problem in told} == {Damage.UNREADABLE}
    assert {problem.reason for problem in reader.verify()} == {Damage.UNREADABLE, Damage.SEQUENCE}
    assert reader.position().sequence == 2000


def test_a_segment_is_followed_by_a_new_one_when_it_is_old(directory: Path) -> None:
    clock = StandingClock()
    journal = Journal(directory, clock, segment_age=timedelta(days=30, hours=1))
    journal.open()
    for day in range(100):
        clock.moment = AT + timedelta(days=day)
        journal.append([event(Action.DAEMON_HEARTBEAT, at=clock.moment.isoformat())])
        if day in (10, 50):
            journal.close()
            journal = Journal(directory, clock, segment_age=timedelta(days=30, hours=1))
            journal.open()
    assert [path.name for path in segment_files(directory)] == [f"{first:020d}.jsonl" for first in (1, 32, 63, 94)]
    clock.moment = AT - timedelta(days=400)
    journal.append(heartbeats(1))
    assert len(segment_files(directory)) == 4, "a clock set back begins none"
    journal.close()


def test_few_unfinished_lines_are_kept(directory: Path) -> None:
    clock = StandingClock()
    for number in range(KEPT_TORN + 5):
        journal = Journal(directory, clock)
        journal.open()
        journal.append(heartbeats(1))
        journal.close()
        with segment_files(directory)[0].open("ab") as file:
            file.write(b"torn %d" % number)
    kept = sorted(path.read_bytes() for path in directory.glob("*.torn-*"))
    assert len(kept) == KEPT_TORN
    assert b"torn 4" in kept
    assert b"torn 3" not in kept


def test_reading_takes_no_more_memory_for_a_longer_journal(directory: Path) -> None:
    def peak() -> int:
        tracemalloc.start()
        reader = JournalReader(directory)
        assert reader.verify() == []
        assert sum(1 for _ in reader.read()) == journal.last_sequence
        assert reader.position() == journal.position()
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    journal = opened(directory, segment_bytes=200_000)
    journal.append(heartbeats(1000))
    short = peak()
    for _ in range(10):
        journal.append(heartbeats(1000))
    assert peak() < short * 1.5 + 100_000


# --- what cannot be recorded


def test_an_event_that_has_no_canonical_form_leaves_no_trace(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(1))
    before = segment_files(directory)[0].read_bytes()
    with pytest.raises(UnfitEventError):
        journal.append([heartbeat(), event(Action.DAEMON_HEARTBEAT, delay=1.5)])
    assert journal.last_sequence == 1
    assert segment_files(directory)[0].read_bytes() == before


def test_an_event_too_long_for_a_line_leaves_no_trace(directory: Path) -> None:
    journal = opened(directory)
    with pytest.raises(UnfitEventError, match="at most"):
        journal.append([event(Action.DAEMON_HEARTBEAT, filler="x" * MAX_LINE)])
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_failed_append_leaves_the_file_as_it_was_and_may_be_tried_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    before = segment_files(directory)[0].read_bytes()
    real_write, real_fsync = os.write, os.fsync
    failures = [OSError(28, "No space left on device")]

    def write(descriptor: int, data: bytes) -> int:
        if failing == "write" and len(data) < 300 and failures:
            raise failures.pop()
        return real_write(descriptor, data[:300] if failing == "write" else data)

    def fsync(descriptor: int) -> None:
        if failing == "fsync" and failures:
            raise failures.pop()
        real_fsync(descriptor)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreError, match=r"No space left.*make room"):
        journal.append(heartbeats(2))
    assert segment_files(directory)[0].read_bytes() == before
    assert journal.last_sequence == 2
    journal.append(heartbeats(1))
    assert journal.verify() == []
    assert sequences(journal) == [1, 2, 3]


def test_a_disk_that_takes_nothing_back_is_cleaned_up_before_the_next_append(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    sick = [True]
    real_truncate, real_fsync = os.ftruncate, os.fsync

    def ftruncate(descriptor: int, size: int) -> None:
        if sick:
            raise OSError(5, "Input/output error")
        real_truncate(descriptor, size)

    def fsync(descriptor: int) -> None:
        if sick:
            raise OSError(5, "Input/output error")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "ftruncate", ftruncate)
    monkeypatch.setattr(os, "fsync", fsync)
    for _ in range(3):
        with pytest.raises(StoreError, match="kernel's log"):
            journal.append(heartbeats(1))
    sick.clear()
    journal.append([event(Action.DAEMON_HEARTBEAT, healed=True)])
    assert sequences(journal) == [1, 2, 3]
    assert journal.verify() == []


# --- somebody else's hands


def test_a_segment_that_somebody_wrote_to_is_left_alone_and_the_journal_goes_on_in_a_new_one(directory: Path) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    path = segment_files(directory)[0]
    with path.open("ab") as file:
        file.write(b"an unfinished line of somebody else")
    journal.append(heartbeats(1))
    assert [problem.reason for problem in journal.problems] == [Damage.INTERFERENCE]
    assert [file.name for file in segment_files(directory)] == [path.name, "00000000000000000003.jsonl"]
    assert sequences(journal) == [1, 2, 3]
    assert [problem.reason for problem in journal.verify()] == [Damage.TORN]


@pytest.mark.parametrize("how", ["removed", "moved", "truncated", "directory removed"])
def test_a_segment_that_is_taken_away_loses_nothing_that_comes_after(directory: Path, how: str) -> None:
    journal = opened(directory)
    journal.append(heartbeats(2))
    path = segment_files(directory)[0]
    match how:
        case "removed" | "directory removed":
            path.unlink()
            if how == "directory removed":
                directory.rmdir()
        case "moved":
            path.rename(directory / "elsewhere")
        case _:
            os.truncate(path, 0)
    journal.append(heartbeats(2))
    assert [problem.reason for problem in journal.problems] == [Damage.INTERFERENCE]
    assert sequences(journal, 2) == [3, 4]
    assert opened(directory).last_sequence == 4


def test_a_link_in_the_place_of_a_segment_is_not_followed(directory: Path, tmp_path: Path) -> None:
    journal = opened(directory)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (directory / "00000000000000000001.jsonl").symlink_to(victim)
    with pytest.raises(StoreError, match="symbolic link"):
        journal.append(heartbeats(1))
    assert victim.read_text() == "precious"


def test_a_file_where_the_journal_should_be_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="no directory stands in the way"):
        opened(tmp_path / "state" / "journal")


def test_the_size_of_a_segment_has_its_documented_default() -> None:
    assert journal_module.SEGMENT_BYTES == 16 * 1024 * 1024
