"""What the installed service takes at rest, on a machine of its own: `python -m tests.system.at_rest [MINUTES] [ITEMS]`, as root.

Prints a table: memory, processor time, and how often a thread of the daemon woke, in that time, in which nothing happened to
its items.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.system.nspawn import Machine
from tests.system.test_service import SETTINGS, Service, built

BASELINE = "schema: driftd/baseline/1\nname: rest\nitems:\n  - path: /srv/rest/**\n"
COUNTERS = """
cat /proc/$1/smaps_rollup | awk '/^(Pss|Rss):/ { print $1, $2 }'
awk '{ print "Ticks:", $14 + $15 }' /proc/$1/stat
cat /proc/$1/task/*/status | awk '/^voluntary/ { sum += $2 } END { print "Woke:", sum }'
ls /proc/$1/task | wc -l | sed 's/^/Threads: /'
"""


def counters(service: Service) -> dict[str, int]:
    """Return kilobytes of memory, hundredths of a second of processor time, and wake-ups of the daemon until now."""
    lines = service.run("sh", "-c", COUNTERS, "sh", str(service.pid)).stdout.splitlines()
    return {name.rstrip(":"): int(value) for name, value in (line.split() for line in lines)}


def main(minutes: float, items: int) -> None:
    """Install, approve, start, wait for the first audit, and count."""
    with tempfile.TemporaryDirectory(prefix="driftd-rest-") as scratch, Machine(Path(scratch) / "machine") as machine:
        package = built(Path(scratch) / "package", None)
        service = Service(machine, package, package)
        service.package("--install", str(shutil.copy(package, machine.shared)))
        script = 'mkdir -p /srv/rest; seq "$1" | while read n; do echo "key: $n" > "/srv/rest/$n.yml"; done'
        machine.run("sh", "-c", script, "sh", str(items))
        service.write("/etc/driftd/driftd.yaml", SETTINGS)
        service.write("/etc/driftd/baselines/rest/baseline.yaml", BASELINE)
        machine.run("driftd", "approve", "--reason", "rest", "--yes")
        machine.run("systemctl", "start", "driftd")
        service.until(service.looked, "the first audit")
        time.sleep(70)  # children that had work go home after a minute
        before = counters(service)
        time.sleep(minutes * 60)
        after = counters(service)
    rows = {
        f"memory at rest with {items} items, PSS (RSS), MiB": f"{after['Pss'] / 1024:.1f} ({after['Rss'] / 1024:.1f})",
        f"processor time in {minutes:g} minutes": f"{(after['Ticks'] - before['Ticks']) * 10} ms",
        f"wake-ups of {after['Threads']} threads in {minutes:g} minutes": str(after["Woke"] - before["Woke"]),
    }
    print("| under systemd, from the package | |\n|---|--:|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows.items()))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0, int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
