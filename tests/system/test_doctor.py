"""`driftd doctor` on hosts that are really broken: limits of the kernel, full disks, other owners, no rights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.command import DRIFT, INCOMPLETE, WITHOUT_PRIVILEGE, Sandbox, command, environment
from tests.contract.shapes import Json, assert_shape


def made(directory: Path) -> Sandbox:
    """Return a host with one item in each of ten directories, all approved."""
    sandbox = Sandbox(directory)
    for number in range(10):
        sandbox.write(f"d{number}/a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*/*.yml")}])
    sandbox.approve()
    return sandbox


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A host that is well, and stays so."""
    return made(tmp_path_factory.mktemp("host"))


@pytest.fixture
def broken(tmp_path: Path) -> Sandbox:
    """A host that is well until a test breaks it."""
    return made(tmp_path)


def findings(told: str) -> list[Json]:
    answer = json.loads(told)
    assert_shape("doctor", answer)
    found: list[Json] = answer["findings"]
    return found


def of(found: list[Json], name: str) -> Json:
    """Return the worst finding of a name."""
    order = ["ok", "warning", "failed"]
    return max((each for each in found if each["name"] == name), key=lambda each: order.index(each["state"]))


def inside(host: Sandbox, script: str, *unshare: str) -> list[Json]:
    """Run a script in name spaces of its own, then the doctor."""
    done = subprocess.run(
        [
            "unshare",
            *unshare,
            "bash",
            "-ec",
            f'{script}\nexec "$@"',
            "bash",
            *command(),
            "doctor",
            "--json",
            "--config",
            str(host.config),
        ],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode in (DRIFT, INCOMPLETE), done.stderr
    return findings(done.stdout)


def test_every_line_of_a_host_that_is_well_is_well_and_a_daemon_is_seen(host: Sandbox) -> None:
    with host.daemon() as daemon:
        told = findings(host.run("doctor", "--json").out)
        daemon.send(signal.SIGSTOP)
        stopped = findings(host.run("doctor", "--json", status=DRIFT).out)
        daemon.send(signal.SIGCONT)
    unwell = {each["name"] for each in told if each["state"] != "ok"}
    assert unwell <= {"clock"}, told  # a machine of the tests need not follow a time server
    names = {each["name"] for each in told}
    assert names >= {
        "/proc",
        "locale",
        "settings",
        "state",
        "disk",
        "schema",
        "host",
        "secret key",
        "items",
        "inotify",
        "daemon",
    }
    assert "pid" in of(told, "daemon")["message"]
    assert of(stopped, "daemon")["mend"] == "systemctl restart driftd"
    assert not [each for each in stopped if each["name"] == "sandbox"]


def test_limits_of_the_kernel_are_told_with_the_line_that_raises_them(
    host: Sandbox, require_real: Callable[[str], None]
) -> None:
    require_real("unshare")
    told = inside(host, "echo 5 > /proc/sys/user/max_inotify_watches", "--user", "--map-root-user")
    few = of(told, "inotify")
    assert (few["state"], "5 allowed" in few["message"]) == ("failed", True)
    assert "fs.inotify.max_user_watches=" in few["mend"]
    told = inside(host, "echo 0 > /proc/sys/user/max_inotify_instances", "--user", "--map-root-user")
    assert "fs.inotify.max_user_instances=" in of(told, "inotify")["mend"]


@pytest.mark.parametrize(
    ("options", "fill", "said", "mend"),
    [
        ("size=1m,mode=0700", "head -c 900000 /dev/zero > $S/full", "MiB free", "du -xh"),
        ("nr_inodes=5,mode=0700", "touch $S/1 $S/2", "more files fit", "--inodes"),
        ("size=600m,mode=0700", "mount -o remount,ro $S", "is read-only", "remount,rw"),
    ],
)
def test_a_state_directory_without_room_is_told(
    options: str, fill: str, said: str, mend: str, host: Sandbox, require_real: Callable[[str], None]
) -> None:
    require_real("mounts")
    told = inside(host, f"S={host.state}; mount -t tmpfs -o {options} none $S; {fill}", "--mount")
    disk = of(told, "disk")
    assert (disk["state"], said in disk["message"], mend in disk["mend"]) == ("failed", True, True)


def test_what_was_changed_around_the_state_is_told_each_with_its_command(broken: Sandbox) -> None:
    key = broken.state / "secret.key"
    key.chmod(0o644)
    future = 2_000_000_000 + 3_000_000_000
    for segment in (broken.state / "journal").glob("*.jsonl"):
        os.utime(segment, (future, future))
    told = findings(broken.run("doctor", "--json", status=DRIFT).out)
    assert of(told, "baselines")["mend"] == f"chmod 0600 {key}"
    assert of(told, "clock")["state"] == "failed"
    key.chmod(0o600)
    broken.settings(host={"id": "another-host", "name": "api-2"})
    (broken.baselines / "shop" / "baseline.yaml").write_text("schema: driftd/baseline/1\nname: shop\nitmes: []\n")
    told = findings(broken.run("doctor", "--json", status=DRIFT).out)
    assert [each for each in told if each["name"] == "baselines" and "itmes" in each["message"]]
    broken.baseline(items=[{"path": broken.item("*/*.yml")}, {"path": broken.item("nothing/*")}])
    told = findings(broken.run("doctor", "--json", status=DRIFT).out)
    assert "host-under-test" in of(told, "host")["message"]
    broken.config.write_text("baselines: [x]\nstaet: y\n")
    told = findings(broken.run("doctor", "--json", status=DRIFT).out)
    assert [each for each in told if each["name"] == "settings" and "staet" in each["message"]]


def test_who_may_not_look_is_told_so_and_not_that_all_is_well(
    broken: Sandbox, require_real: Callable[[str], None]
) -> None:
    require_real("second user")
    item = Path(broken.item("d1/a.yml"))
    item.chmod(0)
    os.chown(item, 4711, 4711)
    logs = broken.directory / "logs"
    logs.mkdir(mode=0o700)
    os.chown(logs, 4711, 4711)
    broken.settings(outputs=[{"jsonl": {"path": str(logs / "events.jsonl")}}])
    told = findings(broken.run("doctor", "--json", status=INCOMPLETE, before=WITHOUT_PRIVILEGE).out)
    assert f"{logs}/events.jsonl: cannot look" in of(told, "outputs")["message"]
    items = of(told, "items")
    assert "cannot look: needs root" in items["message"]
    assert (str(item) in items["message"], items["mend"]) == (True, "sudo driftd doctor")


def test_a_locale_that_is_not_there_is_told(host: Sandbox) -> None:
    told = findings(host.run("doctor", "--json", LC_ALL="xx_YY.UTF-8").out)
    assert of(told, "locale")["mend"] == "export LC_ALL=C.UTF-8"


def test_an_address_for_metrics_that_anybody_or_nobody_reaches_is_told(host: Sandbox) -> None:
    def told(listen: str, state: str, status: int) -> Json:
        host.settings(metrics={"listen": listen})
        found = of(findings(host.run("doctor", "--json", status=status).out), "metrics")
        assert (found["state"], listen in found["message"]) == (state, True)
        return found

    try:
        anybody = told("0.0.0.0:0", "warning", INCOMPLETE)
        nobody = told("192.0.2.1:9469", "failed", DRIFT)  # RFC 5737: no host has it
    finally:
        host.settings()
    assert "without a password" in anybody["message"]
    assert anybody["mend"].startswith('metrics.listen: "127.0.0.1:0" in ')
    assert nobody["mend"].startswith("ip -brief address; ")


def test_a_host_whose_labels_no_baseline_asks_for_is_told(broken: Sandbox) -> None:
    broken.baseline(items=[{"path": broken.item("*/*.yml")}], applies_to={"role": "web"})
    found = of(findings(broken.run("doctor", "--json", status=INCOMPLETE).out), "baselines")
    assert (found["state"], "(labels: role=api)" in found["message"]) == ("warning", True)
    assert "applies_to" in found["mend"]
