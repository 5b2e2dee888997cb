"""Numbers as Prometheus reads them."""

from __future__ import annotations

import math
import re

import pytest

from driftd.metrics.exposition import Buckets, Metric, Sample, catalog, exposition
from driftd.metrics.histogram import Histogram

DRIFTS = Metric("driftd_drifts_open", "gauge", "Drifts that are open now.", ("baseline", "severity"))
DELAY = Metric("driftd_delay_seconds", "histogram", "How long.", ())


def test_a_metric_is_its_help_its_type_and_its_samples() -> None:
    text = exposition({DRIFTS.name: DRIFTS}, {DRIFTS.name: [Sample(("shop", "high"), 2), Sample(("shop", "low"), 0.5)]})
    assert text.splitlines() == [
        "# HELP driftd_drifts_open Drifts that are open now.",
        "# TYPE driftd_drifts_open gauge",
        'driftd_drifts_open{baseline="shop",severity="high"} 2',
        'driftd_drifts_open{baseline="shop",severity="low"} 0.5',
    ]


def test_what_would_end_a_label_is_escaped() -> None:
    text = exposition({DRIFTS.name: DRIFTS}, {DRIFTS.name: [Sample(('a"b\\c\nd', "high"), 1)]})
    assert text.splitlines()[-1] == r'driftd_drifts_open{baseline="a\"b\\c\nd",severity="high"} 1'


def test_a_histogram_counts_what_is_at_most_so_large() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 3.0):
        histogram.observe(value)
    buckets = histogram.buckets()
    assert buckets.counts == ((0.1, 2), (1.0, 3))
    assert buckets.total == 4
    assert math.isclose(buckets.sum, 3.65)
    lines = exposition({DELAY.name: DELAY}, {DELAY.name: Buckets(((0.1, 2), (1.0, 3)), 4, 3.5)}).splitlines()
    assert lines[2:] == [
        'driftd_delay_seconds_bucket{le="0.1"} 2',
        'driftd_delay_seconds_bucket{le="1"} 3',
        'driftd_delay_seconds_bucket{le="+Inf"} 4',
        "driftd_delay_seconds_sum 3.5",
        "driftd_delay_seconds_count 4",
    ]


def test_a_number_without_a_metric_is_an_error() -> None:
    with pytest.raises(KeyError, match="driftd_nothing"):
        exposition({DRIFTS.name: DRIFTS}, {"driftd_nothing": [Sample((), 1)]})


def test_every_metric_says_what_it_is_and_has_a_name_as_the_convention_wants() -> None:
    for metric in catalog().values():
        assert re.fullmatch(r"(driftd|process)_[a-z_]+", metric.name)
        assert metric.type in ("gauge", "counter", "histogram")
        assert metric.help.endswith(".")
        assert not {"item", "path", "key", "value"} & {*metric.labels}
