"""Sends events to a real journald in a mount namespace of its own and writes what journalctl reads back.

Run as `unshare --mount --fork python journald_session.py EVENTS.json`; EVENTS.json holds the batches to send.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from driftd.outputs.journald import SOCKET, JournaldOutput

JOURNALD = "/lib/systemd/systemd-journald"
PATIENCE = 20.0


def main() -> None:
    for directory in ("/run", "/var/log"):
        subprocess.run(["mount", "-t", "tmpfs", "none", directory], check=True)
    journald = subprocess.Popen([JOURNALD], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not Path(SOCKET).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        output = JournaldOutput()
        batches = json.loads(Path(sys.argv[1]).read_text("utf-8"))
        for events in batches:
            output.send(events)
        output.close()
        wanted = sum(map(len, batches))
        found = ""
        while found.count("\n") < wanted and time.monotonic() < deadline:
            found = subprocess.run(
                ["journalctl", "-D", "/run/log/journal", "-o", "json", "--all", "SYSLOG_IDENTIFIER=driftd"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        sys.stdout.write(found)
    finally:
        journald.terminate()
        journald.wait()


main()
