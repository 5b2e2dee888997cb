"""The unit that ships is fitted to the host, and its account is made with the system's own means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from driftd.installing.account import account_in, make_account, run
from driftd.installing.place import Done, Owner, Place
from driftd.installing.unit import barred, shipped_unit, unit_for, user_of
from driftd.sources.root import Root


def test_the_program_of_the_unit_is_the_one_that_is_there_and_nothing_else_changes() -> None:
    shipped = shipped_unit()
    fitted = unit_for(shipped, "/opt/100%/bin/driftd")
    differing = [
        (one, other) for one, other in zip(shipped.splitlines(), fitted.splitlines(), strict=True) if one != other
    ]
    [(before, after)] = differing
    assert before.startswith("ExecStart=/")
    assert after == "ExecStart=/opt/100%%/bin/driftd " + before.partition(" ")[2]


def test_a_unit_says_as_whom_it_runs() -> None:
    assert user_of("[Service]\nUser=someone\nGroup=g\n") == "someone"
    assert user_of("[Service]\n#User=someone\n") == "root"


def test_an_account_is_found_in_the_trees_own_passwd(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nbad\ndriftd:x:990:991:a:/:/bin/false\n")
    root = Root(os.fsencode(tmp_path))
    assert account_in(root, "driftd") == Owner(990, 991)
    assert account_in(root, "drift") is None
    assert make_account(Place(root), "driftd").done is Done.SAME


def test_a_tree_gets_its_account_without_being_run(tmp_path: Path, require_real: Callable[[str], None]) -> None:
    require_real("systemd-sysusers")
    require_real("root")
    (tmp_path / "etc/sysusers.d").mkdir(parents=True)
    (tmp_path / "etc/sysusers.d/driftd.conf").write_text('u driftd - "A" /var/lib/driftd\n')
    place = Place(Root(os.fsencode(tmp_path)))
    assert make_account(place, "driftd").done is Done.MADE
    assert account_in(place.root, "driftd") is not None
    assert make_account(place, "driftd").done is Done.SAME


def test_a_tree_without_means_gets_its_account_at_its_boot(tmp_path: Path) -> None:
    step = make_account(Place(Root(os.fsencode(tmp_path))), "driftd", path="")
    assert step.done is Done.DID
    assert "boots" in step.detail


def test_a_host_without_means_is_told_what_to_do() -> None:
    step = make_account(Place(Root()), "no-such-user", path="")
    assert step.done is Done.FAILED
    assert "make the system user" in step.detail


def test_a_program_that_fails_says_why() -> None:
    assert run(["true"]) is None
    assert run(["false"]) == "ended with status 1"
    assert "No such file" in (run(["/no/such/program"]) or "")
    assert run(["ls", "--no-such-option"]) is not None


def test_a_program_below_a_closed_directory_is_out_of_reach_of_the_account(tmp_path: Path) -> None:
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_uid == os.getuid() and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o001)
    closed, program = tmp_path / "home", tmp_path / "bin"
    for directory in (closed, program):
        directory.mkdir(mode=0o755)
    tool, script = closed / "python", program / "driftd"
    tool.write_bytes(b"\x7fELF")
    script.write_text(f"#!{tool} -E\n")
    tool.chmod(0o755)
    script.chmod(0o755)
    assert barred(script) is None
    closed.chmod(0o700)
    assert barred(script) == closed
    closed.chmod(0o755)
    tool.chmod(0o700)
    assert barred(script) == tool
    link = program / "linked"
    link.symlink_to(tool)
    assert barred(link) == link
