"""Purging the package where administrators keep what is driftd's on file systems of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

POSTRM = Path(__file__).parents[2] / "packaging" / "debian" / "postrm"
PLACES = ("/var/lib/driftd", "/var/log/driftd", "/etc/driftd")
FRESH = "for place in /etc /run /var/lib /var/log; do mount -t tmpfs none $place; done; "


def test_a_mounted_state_is_emptied_and_its_mount_point_stays(require_real: Callable[[str], None]) -> None:
    require_real("mounts")
    made = "".join(f"mkdir -p {place}/journal; " for place in PLACES)
    mounted = "mount -t tmpfs none /var/lib/driftd; mkdir /var/lib/driftd/.hidden /var/lib/driftd/content; "
    script = FRESH + made + mounted + f"sh {POSTRM} purge; find /var/lib/driftd /var/log /etc -name '*' | sort"
    done = subprocess.run(["unshare", "--mount", "sh", "-ec", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["/etc", "/var/lib/driftd", "/var/log"]
