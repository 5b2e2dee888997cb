"""Guards around every test: no reach to the machine or the network, no thread left behind, no warning overlooked."""

from __future__ import annotations

import ctypes
import importlib.util
import ipaddress
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

OURS = (
    "DRIFTD_CONFIG",
    "GIT_EXTERNAL_DIFF",
    "HOME",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "NOTIFY_SOCKET",
    "SUDO_UID",
    "SUDO_USER",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
)
"""What a developer's shell or CI may set and driftd or a library would act upon."""

THREAD_GRACE_S = 5.0

# The same examples each time, so that a change is not blamed for what chance found; `make fuzz` leaves it to chance.
settings.register_profile("fixed", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "deep", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


class NetworkReached(AssertionError):
    """A test spoke to something that is not this machine."""


def _leaves_this_machine(address: object) -> bool:
    if not isinstance(address, tuple) or not address or not isinstance(address[0], str):
        return False  # unix paths are text or bytes, netlink addresses are numbers
    host = address[0]
    if host in {"localhost", ""}:
        return False
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return True


def _network_guard(event: str, arguments: tuple[object, ...]) -> None:
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg" if _leaves_this_machine(arguments[-1]):
            raise NetworkReached(f"{event} to {arguments[-1]!r}: tests speak to loopback and unix sockets alone")
        case "socket.getaddrinfo" if _leaves_this_machine((str(arguments[0] or "localhost"),)):
            raise NetworkReached(f"looks up {arguments[0]!r}: tests speak to loopback and unix sockets alone")
        case _:
            pass


sys.addaudithook(_network_guard)


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the developer's settings or writes into the developer's home."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture(autouse=True)
def _no_thread_leaks() -> Iterator[None]:
    """A part that starts a thread has to end it."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(THREAD_GRACE_S)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"threads outlive the test: {', '.join(alive)}"


def _program(name: str) -> bool:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin:/usr/lib/systemd") is not None


REAL: dict[str, Callable[[], bool]] = {
    "root": lambda: os.geteuid() == 0,
    "journald": lambda: os.geteuid() == 0 and _program("systemd-journald") and _program("journalctl"),
    "mounts": lambda: os.geteuid() == 0 and _program("unshare") and _program("mount"),
    "second user": lambda: os.geteuid() == 0 and _program("setpriv"),
    "opentelemetry-proto": lambda: importlib.util.find_spec("opentelemetry") is not None,
    "landlock": lambda: ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0,
    "/proc": lambda: Path("/proc/self/fdinfo").is_dir(),
}
"""Real things beyond programs on the PATH, and whether they are here."""


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], None]:
    """A function: skip this test for want of a real thing; fail it under DRIFTD_TEST_REQUIRE_REAL=1, as CI does."""

    def lack(name: str) -> None:
        if os.environ.get("DRIFTD_TEST_REQUIRE_REAL") == "1":
            pytest.fail(f"needs the real {name}, which is not here")
        pytest.skip(f"needs the real {name}")

    return lack


@pytest.fixture(scope="session")
def require_real(lacking: Callable[[str], None]) -> Callable[[str], None]:
    """A function: `lacking` where a real thing of that name is not here."""

    def require(name: str) -> None:
        if not REAL.get(name, lambda: _program(name))():
            lacking(name)

    return require


@pytest.fixture
def _as_root(require_real: Callable[[str], None]) -> None:
    """For tests that give files to other users."""
    require_real("root")
