"""Commands, run for real: what they are given, what they are not, and that none outlives its time."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.sources.command import ENVIRONMENT, CommandPlan, CommandRunner, Outcome, first_line
from driftd.sources.reasons import CommandError

DEADLINE_S = 30.0
WHO = "root" if os.geteuid() == 0 else None
"""Tests write where nobody may not."""


@pytest.fixture
def runner() -> Iterator[CommandRunner]:
    runner = CommandRunner()
    yield runner
    runner.close()


def shell(script: str, **more: object) -> CommandPlan:
    """Return a plan for a script of the shell; the shell is the command."""
    return CommandPlan(("sh", "-c", script), **{"timeout": DEADLINE_S, "user": WHO} | more)  # type: ignore[arg-type]


def trouble(outcome: Outcome) -> tuple[str, str]:
    """Return the reason and the detail of an outcome that is no output."""
    assert isinstance(outcome, CommandError), outcome
    return outcome.reason, outcome.detail


def until(true: Callable[[], object], what: str) -> None:
    """Return once something is true; fail when it never is."""
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def is_gone(pid: int) -> bool:
    """Whether a process is no more, or nothing but its exit status is."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_a_command_sees_what_is_fixed_and_nothing_else(runner: CommandRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("DRIFTD_CONFIG", "/etc/driftd/driftd.yaml")
    script = "cat /proc/$$/environ; echo; umask; pwd; readlink /proc/$$/fd/0; ls /proc/$$/fd"
    outcome = runner.run(shell(script))
    assert isinstance(outcome, bytes)
    environ, umask, cwd, stdin, *descriptors = outcome.decode().splitlines()
    assert dict(pair.split("=", 1) for pair in environ.strip("\0").split("\0")) == ENVIRONMENT
    assert (umask, cwd, stdin) == ("0077", "/", "/dev/null")
    assert descriptors == ["0", "1", "2"]


def status_of(outcome: Outcome) -> dict[str, str]:
    """Return what /proc/self/status says, by name."""
    assert isinstance(outcome, bytes), outcome
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in outcome.decode().splitlines())}


CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
STATUS = ("cat", "/proc/self/status")
LIBC_SIGNALS = 1 << 31 | 1 << 32
"""The two that the C library keeps to itself (signal(7)): who starts the tests may ignore them, and no program may change that."""


def test_a_command_of_root_is_nobodys_and_has_no_capability_nor_may_get_one(
    runner: CommandRunner, require_real: Callable[[str], None]
) -> None:
    require_real("root")
    status = status_of(runner.run(CommandPlan(STATUS)))
    assert [int(status[name], 16) for name in CAPABILITIES] == [0] * 5
    assert status["NoNewPrivs"] == "1"
    assert (status["Uid"].split(), status["Gid"].split(), status["Groups"]) == (["65534"] * 4, ["65534"] * 4, "")
    assert (int(status["SigIgn"], 16) & ~LIBC_SIGNALS, int(status["SigBlk"], 16), status["CoreDumping"]) == (0, 0, "0")


def test_a_user_that_is_named_is_become_without_any_capability(
    runner: CommandRunner, require_real: Callable[[str], None]
) -> None:
    require_real("root")
    status = status_of(runner.run(CommandPlan(STATUS, user="root")))
    assert status["Uid"].split() == ["0"] * 4
    assert [int(status[name], 16) for name in CAPABILITIES] == [0] * 5
    assert trouble(runner.run(CommandPlan(STATUS, user="no-such-user")))[0] == "command-not-run"
    assert status_of(runner.run(CommandPlan(STATUS, user="daemon")))["Uid"].split() == ["1"] * 4


def test_a_privileged_command_keeps_what_driftd_may_do(runner: CommandRunner) -> None:
    own = status_of(Path("/proc/self/status").read_bytes())
    status = status_of(runner.run(CommandPlan(STATUS, privileged=True)))
    assert [status[name] for name in ("Uid", "CapBnd", "NoNewPrivs")] == [own["Uid"], own["CapBnd"], "1"]
    if os.geteuid() == 0:
        assert status["CapEff"] == own["CapEff"]


def test_what_is_driftds_own_is_closed_to_a_command_of_its_user(
    tmp_path: Path, require_real: Callable[[str], None]
) -> None:
    require_real("landlock")
    state, beside = tmp_path / "state", tmp_path / "beside"
    state.mkdir()
    (state / "secret.key").write_text("the key")
    beside.write_text("no secret")
    (tmp_path / "link").symlink_to(state)
    runner = CommandRunner(closed=(str(tmp_path / "link"), str(tmp_path / "nowhere" / "key")))
    script = f"""cd {tmp_path}; cat beside; sh -c 'cat state/secret.key link/secret.key'; rm -f state/secret.key; (: >> state/made)
cat /etc/passwd > /dev/null && ls state && echo read"""
    try:
        outcome = runner.run(shell(f"({script}) 2>/dev/null"))
        assert runner.run(shell(f"cat {state}/secret.key", privileged=True)) == b"the key"
    finally:
        runner.close()
    assert outcome == b"no secretsecret.key\nread\n"
    assert sorted(os.listdir(state)) == ["secret.key"]


def test_a_user_who_is_not_root_cannot_become_another(require_real: Callable[[str], None]) -> None:
    require_real("root")
    code = """
import os
from driftd.sources.confinement import as_command
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
as_command(os.getppid(), user="nobody", privileged=False)
try:
    as_command(os.getppid(), user="root", privileged=False)
except PermissionError as error:
    print(os.getresuid(), error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(65534, 65534, 65534) Operation not permitted\n"


def test_a_command_that_hangs_is_ended_with_everything_it_started(runner: CommandRunner, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    # A grandchild that takes no notice of SIGTERM, and one of which the parent is gone.
    deep = "trap '' TERM HUP INT; echo $$ >> {pids}; sleep 1000 & echo $! >> {pids}; wait"
    inner = deep.format(pids=shlex.quote(str(pids)))
    script = f"trap '' TERM; (sh -c {shlex.quote(inner)} &) ; echo $$ >> {shlex.quote(str(pids))}; sleep 1000"
    pending = runner.start(shell(script, timeout=1.5))
    until(lambda: pids.exists() and len(pids.read_text().split()) == 3, "all three are running")
    assert trouble(pending.result(DEADLINE_S)) == ("command-timeout", "no end within 1.5 s")
    for pid in map(int, pids.read_text().split()):
        until(lambda pid=pid: is_gone(pid), f"{pid} has ended")  # type: ignore[misc]


def test_what_a_command_leaves_running_is_ended_and_not_waited_for(runner: CommandRunner, tmp_path: Path) -> None:
    left = tmp_path / "left"
    outcome = runner.run(shell(f"sleep 1000 & echo $! > {shlex.quote(str(left))}; echo done"))
    assert outcome == b"done\n"
    until(lambda: is_gone(int(left.read_text())), "it has ended")


def test_what_has_left_the_group_holds_nobody_up(runner: CommandRunner, tmp_path: Path) -> None:
    left = tmp_path / "left"
    away = f"setsid sh -c {shlex.quote(f'echo $$ > {left}; exec sleep 1000')} & "
    try:
        outcome = runner.run(shell(f"{away}while [ ! -s {shlex.quote(str(left))} ]; do sleep 0.01; done; echo done"))
        assert outcome == b"done\n"
    finally:
        os.kill(int(left.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("stream", ["", " >&2"])
def test_a_command_that_says_too_much_is_ended(stream: str, runner: CommandRunner) -> None:
    outcome = runner.run(shell(f"yes{stream}", max_bytes=100_000))
    assert trouble(outcome) == ("command-output-too-large", "it wrote more than 100000 bytes")


def test_both_streams_are_read_and_bytes_are_what_they_are(runner: CommandRunner) -> None:
    script = "head -c 300000 /dev/zero >&2; printf 'caf\\351\\n\\377'; head -c 700000 /dev/zero; head -c 300000 /dev/zero >&2"
    assert runner.run(shell(script)) == b"caf\xe9\n\xff" + bytes(700_000)


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        ("exit 3", "status 3"),
        (
            "echo output; printf '\\n  first \\033[1m caf\\351\\nsecond\\n' >&2; exit 1",
            "status 1: first ?[1m caf\ufffd",
        ),
        ("kill -SEGV $$", "ended by SIGSEGV"),
    ],
)
def test_a_command_that_fails_says_how_and_its_output_does_not_count(
    script: str, detail: str, runner: CommandRunner
) -> None:
    assert trouble(runner.run(shell(script))) == ("command-failed", detail)


def test_what_is_said_of_a_failure_is_short() -> None:
    assert len(first_line(b"x" * 1_000_000)) == 200
    assert first_line(b"\n \n") == ""


def test_a_program_that_is_not_there_or_is_none_is_named(runner: CommandRunner, tmp_path: Path) -> None:
    reason, detail = trouble(runner.run(CommandPlan(("no-such-program",))))
    assert reason == "command-not-found"
    assert detail.startswith("no-such-program: it is in none of /usr/local/sbin:")
    assert trouble(runner.run(CommandPlan((str(tmp_path),))))[0] == "command-not-found"
    script = tmp_path / "script"
    script.write_text("no interpreter line")
    script.chmod(0o755)
    outcome = runner.run(CommandPlan((str(script),), user=WHO))
    assert trouble(outcome) == ("command-not-run", f"{script}: Exec format error")


def test_two_run_side_by_side_and_the_third_waits(runner: CommandRunner, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    script = "cd {0}; echo begins >> log; while [ ! -e {1} ]; do sleep 0.01; done; echo ends >> log"
    pending = [runner.start(shell(script.format(shlex.quote(str(tmp_path)), name))) for name in "abc"]
    until(lambda: len(log.read_text().split()) == 2, "two have begun")
    for name in "abc":
        (tmp_path / name).touch()
    assert [one.result(DEADLINE_S) for one in pending] == [b"", b"", b""]
    assert log.read_text().split()[:3] == ["begins", "begins", "ends"]


def test_closing_ends_what_runs_and_runs_no_more(tmp_path: Path) -> None:
    runner = CommandRunner()
    begun = tmp_path / "begun"
    pending = runner.start(shell(f"echo $$ > {shlex.quote(str(begun))}; sleep 1000"))
    others = [runner.start(shell("sleep 1000")) for _ in range(3)]
    until(lambda: begun.exists() and begun.read_text().strip(), "it has begun")
    runner.close()
    assert trouble(pending.result(0))[0] == "command-failed"
    assert [trouble(other.result(0))[0] for other in others[1:]] == ["command-not-run"] * 2
    assert is_gone(int(begun.read_text()))
    for outcome in (runner.run(shell("true")), runner.start(shell("true")).result(0)):
        assert trouble(outcome) == ("command-not-run", "driftd is stopping, or has read its settings again")


def test_a_command_ends_with_the_driftd_that_started_it(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    code = (
        "import sys; from driftd.sources.command import *;"
        "CommandRunner().run(CommandPlan(('sh', '-c', 'echo $$ > \"$0\"; exec sleep 1000', sys.argv[1]),"
        f" timeout=1000.0, user={WHO!r}))"
    )
    driftd = subprocess.Popen([sys.executable, "-c", code, str(begun)])
    until(lambda: begun.exists() and begun.read_text().strip(), "it has begun")
    driftd.kill()
    driftd.wait()
    until(lambda: is_gone(int(begun.read_text())), "it has ended")
