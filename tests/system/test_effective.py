"""Effective configuration, asked from real servers with the baselines that ship: what is changed in one is a drift at its key."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftd.formats.reading import read
from driftd.ready.catalog import ready_baseline
from driftd.sources.command import CommandPlan, CommandRunner
from tests.contract.command import CLEAN, Sandbox, eventually
from tests.contract.shapes import Json

SECRET = "hunter2hunter2"
NAMES = ("sshd", "nginx", "redis", "postgresql", "sysctl", "mounts")
APART = ("unshare", "--net", "--mount", "sh", "-c")
"""A kernel of our own, as far as parameters of the network and mounts go; a script of the shell follows."""


CAUSED = {"PG-EFFECTIVE-RESTART", "SYS-EFFECTIVE-SYN-COOKIES"}
"""Rules that the changes of the test break."""
HOW_TO = Path(__file__).parents[2] / "docs/how-to/audit-effective-configuration.md"


class Servers:
    """Four real servers and the kernel, with their files in one directory, asked by the baselines that ship."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.chmod(0o755)
        self.sandbox = Sandbox(directory)
        self.postgres = directory / "postgres"
        self.broken: set[str] = set()
        self._stack = ExitStack()

    # --- files and processes

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        return path

    def starts(self, *argv: str, user: str | None = None) -> None:
        """Start a server that ends with the test."""
        log = self._stack.enter_context((self.directory / f"{Path(argv[0]).name}.log").open("wb"))
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", user=user, group=user
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)

    def close(self) -> None:
        self._stack.close()

    def baseline(self, name: str, *more: str, **changed: Json) -> None:
        """Write the baseline that ships, with more arguments for its program."""
        body: dict[str, Any] = yaml.safe_load(ready_baseline(name).text)
        program, *arguments = body["items"][0]["command"]
        body["items"][0] |= {"command": [program, *more, *arguments], "when": []} | changed
        del body["schema"]
        self.sandbox.baseline(name, **body)

    # --- the servers

    def sshd(self) -> None:
        Path("/run/sshd").mkdir(exist_ok=True)  # where the package's unit makes it
        key = self.directory / "host_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        config = self.write("sshd_config", f"HostKey {key}\nInclude {self.directory}/sshd.d/*.conf\n")
        self.baseline("sshd-effective", "-f", str(config))

    def nginx(self) -> None:
        logs = f"error_log {self.directory}/error.log; pid {self.directory}/nginx.pid;"
        text = f"{logs} events {{}} http {{ access_log off; include sites/*.conf; }}"
        config = self.write("nginx/nginx.conf", text)
        self.site("1m")
        self.baseline("nginx-effective", "-c", str(config))

    def site(self, size: str) -> None:
        text = f"server {{ listen unix:{self.directory}/nginx.sock; server_name a; client_max_body_size {size}; }}\n"
        self.write("nginx/sites/a.conf", text)

    def redis(self) -> None:
        socket = str(self.directory / "redis.sock")
        self.starts("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", str(self.directory))
        self.baseline("redis-effective", "-s", socket, user="root")
        eventually(lambda: self.asked_redis("PING") == "PONG", "Redis is ready")

    def asked_redis(self, *words: str) -> str:
        argv = ["redis-cli", "-s", str(self.directory / "redis.sock"), *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()

    def postgresql(self) -> None:
        programs = max(Path("/usr/lib/postgresql").iterdir()) / "bin"
        self.postgres.mkdir()
        shutil.chown(self.postgres, "postgres", "postgres")
        data = str(self.postgres / "data")
        initdb = [str(programs / "initdb"), "-D", data, "-A", "peer", "-N", "--locale=C", "-E", "UTF8"]
        subprocess.run(initdb, user="postgres", group="postgres", cwd="/", capture_output=True, check=True)
        options = ["-D", data, "-k", str(self.postgres), "-c", "listen_addresses="]
        self.starts(str(programs / "postgres"), *options, user="postgres")
        self.baseline("postgresql-effective", f"--host={self.postgres}")
        eventually(lambda: self.asked_postgres("SELECT 1") == "1", "PostgreSQL is ready")

    def asked_postgres(self, *statements: str) -> str:
        argv = ["psql", "-XAtq", f"--host={self.postgres}", "--dbname=postgres"]
        argv += [word for statement in statements for word in ("-c", statement)]
        return subprocess.run(
            argv, user="postgres", group="postgres", cwd="/", capture_output=True, text=True, check=False
        ).stdout.strip()

    def sysctl(self) -> None:
        self.baseline("sysctl-effective")

    def mounts(self) -> None:
        """The command that the how-to page has for mounts."""
        example = re.search(r"```yaml\n(schema.*?name: mounts\n.*?)```", HOW_TO.read_text(), re.DOTALL)
        assert example
        body = yaml.safe_load(example[1])
        del body["schema"]
        (self.directory / "mnt").mkdir()
        self.sandbox.baseline("mounts", **body)

    # --- what driftd says

    def apart(self, options: str = "nosuid", parameter: str = "1") -> tuple[str, ...]:
        """Return what runs a command where something is mounted with options, and a parameter is set."""
        script = "umount /dev/shm 2>/dev/null; "  # on some machines it is mounted twice, and two of a name cannot be told apart
        script += (
            f"mount -t tmpfs -o {options} x {self.directory}/mnt && sysctl -qw net.ipv4.tcp_syncookies={parameter}"
        )
        return (*APART, script + ' && exec "$@"', "sh")

    def drifts(self, *before: str) -> dict[str, set[str]]:
        """Return the keys of the settings that differ, by item, and keep the rules that are broken."""
        checked = self.sandbox.run("check", "--json", before=before).json("check")
        self.broken = {change["rule"] for drift in checked["drifts"] for change in drift["changes"]}
        assert checked["coverage"]["gaps"] == []
        assert SECRET not in str(checked)
        found = {
            drift["item"].removeprefix("command:").removesuffix("-effective"): {
                change["key"] for change in drift["changes"] if change["aspect"] == "content"
            }
            for drift in checked["drifts"]
        }
        return {name: keys for name, keys in found.items() if keys}


@pytest.fixture
def servers(require_real: Callable[[str], None]) -> Iterator[Servers]:
    for real in ("root", "sshd", "nginx", "redis-server", "psql", "sysctl", "unshare"):
        require_real(real)
    with tempfile.TemporaryDirectory(prefix="driftd-") as name:  # other users have to reach it
        servers = Servers(Path(name))
        try:
            yield servers
        finally:
            servers.close()


def test_what_is_changed_in_a_server_is_a_drift_at_its_key_and_nothing_else_is(servers: Servers) -> None:
    for name in NAMES:
        getattr(servers, name)()
    servers.sandbox.run("approve", "--reason", "reviewed", "--yes", before=servers.apart(), status=CLEAN)
    assert servers.drifts(*servers.apart()) == {}  # whatever counts and measures has gone on meanwhile
    assert not servers.broken & CAUSED

    servers.write("sshd.d/site.conf", "PermitRootLogin yes\n")
    servers.site("2m")
    servers.asked_redis("CONFIG", "SET", "maxmemory", "64mb")
    servers.asked_redis("CONFIG", "SET", "masterauth", SECRET)
    servers.asked_postgres(
        "ALTER SYSTEM SET work_mem = '5MB'",
        "ALTER SYSTEM SET shared_buffers = '64MB'",
        f"ALTER SYSTEM SET primary_conninfo = 'host=db password={SECRET}'",
        "SELECT pg_reload_conf()",
    )
    waiting = "SELECT count(*) FROM pg_settings WHERE pending_restart"
    eventually(lambda: servers.asked_postgres(waiting) == "1", "PostgreSQL has read its files again")
    assert servers.drifts(*servers.apart("noexec", "0")) == {
        "sshd": {"$.permitrootlogin"},
        "nginx": {"$.http.server[?@.server_name=='a'].client_max_body_size"},
        "redis": {"$.maxmemory", "$.masterauth"},
        "postgresql": {"$.settings.work_mem", "$.settings.primary_conninfo", "$.pending_restart[0]"},
        "sysctl": {"$['net.ipv4.tcp_syncookies']"},
        "mounts": {f"$.filesystems[?@.target=='{servers.directory}/mnt'].options"},
    }
    assert servers.broken >= CAUSED


def test_the_units_that_systemd_knows_are_read_by_name(require_real: Callable[[str], None]) -> None:
    require_real("systemctl")
    (item, _) = yaml.safe_load(ready_baseline("systemd-effective").text)["items"]
    program, *arguments = item["command"]
    runner = CommandRunner()
    try:  # files alone: here is no systemd that runs
        outcome = runner.run(CommandPlan((program, "--root=/", *arguments)))
    finally:
        runner.close()
    assert isinstance(outcome, bytes), outcome
    document = read(outcome, "command:systemd-unit-files", item["format"]).document
    assert document is not None
    rows = document.root.to_json()
    assert isinstance(rows, list)
    names = [row["unit_file"] for row in rows if isinstance(row, dict)]
    assert len(set(names)) == len(names) > 10
