"""The page about metrics names every metric as it is."""

from __future__ import annotations

import re
from pathlib import Path

import driftd
from driftd.metrics.exposition import catalog

PAGE = Path(driftd.__file__).parent.parent / "docs" / "reference" / "metrics.md"


def test_every_metric_is_documented_and_nothing_else() -> None:
    rows = re.findall(r"^\| `((?:driftd|process)_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    told = {
        metric.name: (metric.type, ", ".join(f"`{label}`" for label in metric.labels) or "none", metric.help)
        for metric in catalog().values()
    }
    assert {name: (kind, labels, text) for name, kind, labels, text in rows} == told
