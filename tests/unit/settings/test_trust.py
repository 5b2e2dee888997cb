"""Real owners and modes on real files: the checks run as root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from driftd.settings.trust import Trust

STRANGER = 12345
FRIEND = 23456
as_root = pytest.mark.usefixtures("_as_root")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file in two directories that root alone can write."""
    directory = tmp_path / "etc" / "driftd"
    directory.mkdir(parents=True)
    for path in (directory, directory.parent):
        path.chmod(0o755)
    file = directory / "driftd.yaml"
    file.write_text("baselines: [b]\n")
    file.chmod(0o644)
    return file


def told(trust: Trust, path: Path) -> list[str]:
    return [str(problem) for problem in trust.check(path)]


@as_root
def test_what_root_alone_can_write_is_believed(file: Path) -> None:
    assert told(Trust.service(), file) == []


@as_root
def test_a_file_of_somebody_else_is_refused_with_the_chown(file: Path) -> None:
    os.chown(file, STRANGER, 0)
    assert told(Trust.service(), file) == [
        f"{file}: belongs to 12345, who could change what driftd believes (chown root {file})"
    ]


@as_root
@pytest.mark.parametrize(
    ("mode", "who", "remedy"),
    [(0o664, "group 0", "g-w"), (0o646, "everybody", "o-w"), (0o666, "everybody", "go-w")],
)
def test_a_file_that_others_can_write_is_refused_with_the_chmod(file: Path, mode: int, who: str, remedy: str) -> None:
    file.chmod(mode)
    assert told(Trust.service(), file) == [f"{file}: can be written by {who} (mode {mode:04o}) (chmod {remedy} {file})"]


@as_root
def test_a_directory_above_counts_as_much_as_the_file(file: Path) -> None:
    file.parent.parent.chmod(0o777)
    os.chown(file.parent, STRANGER, 0)
    where = [problem.file for problem in Trust.service().check(file)]
    assert where == [str(file.parent.parent), str(file.parent)]


@as_root
def test_a_sticky_directory_of_root_is_safe_to_pass_through_but_not_to_be_meant(file: Path) -> None:
    file.parent.parent.chmod(0o1777)
    assert told(Trust.service(), file) == []
    assert "can be written by everybody" in told(Trust.service(), file.parent.parent)[0]


@as_root
def test_a_sticky_directory_of_somebody_else_is_not_safe(file: Path) -> None:
    file.parent.parent.chmod(0o1777)
    os.chown(file.parent.parent, STRANGER, 0)
    assert len(told(Trust.service(), file)) == 2


@as_root
def test_both_sides_of_a_link_are_checked(file: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "link.yaml").symlink_to("../etc/driftd/driftd.yaml")
    (tmp_path / "open").chmod(0o755)
    link = tmp_path / "open" / "link.yaml"
    assert told(Trust.service(), link) == []
    (tmp_path / "open").chmod(0o777)
    assert [problem.file for problem in Trust.service().check(link)] == [str(link.parent)]
    (tmp_path / "open").chmod(0o755)
    file.chmod(0o666)
    assert [problem.file for problem in Trust.service().check(link)] == [str(file)]


@as_root
def test_a_link_that_a_stranger_made_in_a_sticky_directory_is_refused(file: Path, tmp_path: Path) -> None:
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (sticky / "link").symlink_to(file)
    os.lchown(sticky / "link", STRANGER, 0)
    assert told(Trust.service(), sticky / "link") == [
        f"{sticky}/link: belongs to 12345, who could change what driftd believes (chown -h root {sticky}/link)"
    ]


@as_root
def test_a_directory_reached_through_a_link_is_checked_where_it_is(file: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(file.parent)
    os.chown(file.parent, STRANGER, 0)
    assert [problem.file for problem in Trust.service().check(tmp_path / "way" / "driftd.yaml")] == [str(file.parent)]


@as_root
def test_dots_are_followed_as_the_kernel_does(file: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(file.parent)
    file.chmod(0o666)
    roundabout = tmp_path / "way" / ".." / "driftd" / "driftd.yaml"
    assert [problem.file for problem in Trust.service().check(roundabout)] == [str(file)]


def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "too many symbolic links" in told(Trust.of_user(os.getuid()), tmp_path / "a")[0]


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "driftd.yaml"
    assert told(Trust.of_user(os.getuid()), missing) == [
        f"{missing}: is not there (create {tmp_path}/no, or correct the path)"
    ]


@as_root
def test_in_user_mode_the_user_is_believed_as_root_is(file: Path) -> None:
    os.chown(file, FRIEND, FRIEND)
    assert told(Trust.user(FRIEND, "mia"), file) == []
    os.chown(file, STRANGER, STRANGER)
    assert told(Trust.user(FRIEND, "mia"), file)[0].endswith(f"(chown mia {file})")


@as_root
def test_a_group_of_the_users_own_may_write_another_may_not(file: Path) -> None:
    os.chown(file, FRIEND, FRIEND)
    file.chmod(0o664)
    assert told(Trust.user(FRIEND, "mia", private_gid=FRIEND), file) == []
    assert len(told(Trust.user(FRIEND, "mia"), file)) == 1


@as_root
def test_a_key_that_others_can_read_is_refused(file: Path) -> None:
    assert [str(problem) for problem in Trust.service().check_secret(file)] == [
        f"{file}: is a secret that others can use (mode 0644) (chmod 0600 {file})"
    ]
    for mode in (0o600, 0o400, 0o640):  # group root is root
        file.chmod(mode)
        assert Trust.service().check_secret(file) == []
    os.chown(file, 0, STRANGER)
    assert len(Trust.service().check_secret(file)) == 1


@as_root
def test_what_may_not_be_looked_at_is_a_problem_and_no_crash(file: Path) -> None:
    file.parent.chmod(0o700)
    os.seteuid(FRIEND)
    try:
        problems = told(Trust.user(FRIEND), file)
    finally:
        os.seteuid(0)
    assert len(problems) == 1
    assert "cannot be examined: Permission denied" in problems[0]
