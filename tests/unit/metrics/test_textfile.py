"""The textfile is replaced whole, whatever others put beside it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from driftd.metrics.textfile import write


def test_what_somebody_put_in_its_way_is_not_written_to_and_not_waited_for(tmp_path: Path) -> None:
    path, precious = tmp_path / "driftd.prom", tmp_path / "precious"
    precious.write_text("precious")
    fresh = tmp_path / f".driftd.prom.{os.getpid()}"
    os.link(precious, fresh)
    write(path, "driftd_up 1\n")
    os.mkfifo(fresh)
    write(path, "driftd_up 0\n")
    assert path.read_text() == "driftd_up 0\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert precious.read_text() == "precious"
    assert sorted(os.listdir(tmp_path)) == ["driftd.prom", "precious"]
