"""The text in which Prometheus reads numbers.

See https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Final, Literal, NamedTuple, cast

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Type = Literal["gauge", "counter", "histogram"]


class Metric(NamedTuple):
    """What a metric is."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...]


class Sample(NamedTuple):
    """One number, with the values of its metric's labels in order."""

    labels: tuple[str, ...]
    value: float


class Buckets(NamedTuple):
    """The state of a histogram without labels: upper bounds and how many were at most so large; then all of them."""

    counts: tuple[tuple[float, int], ...]
    total: int
    sum: float


Figures = Mapping[str, Iterable[Sample] | Buckets]
"""Numbers by the name of their metric."""


def catalog() -> dict[str, Metric]:
    """Return every metric there is, in the order in which they are told."""
    with files("driftd.metrics").joinpath("metrics.toml").open("rb") as file:
        told = tomllib.load(file)
    return {
        name: Metric(name, cast("Type", entry["type"]), entry["help"], tuple(entry.get("labels", ())))
        for name, entry in told.items()
    }


def exposition(metrics: Mapping[str, Metric], figures: Figures) -> str:
    """Return the numbers as text; KeyError where one has no metric."""
    unknown = figures.keys() - metrics.keys()
    if unknown:
        raise KeyError(f"not in metrics.toml: {', '.join(sorted(unknown))}")
    lines: list[str] = []
    for metric in metrics.values():
        if metric.name in figures:
            lines.append(f"# HELP {metric.name} {_escaped(metric.help)}")
            lines.append(f"# TYPE {metric.name} {metric.type}")
            lines.extend(_lines(metric, figures[metric.name]))
    return "\n".join(lines) + "\n"


def _lines(metric: Metric, told: Iterable[Sample] | Buckets) -> Iterator[str]:
    if isinstance(told, Buckets):
        for bound, count in told.counts:
            yield f'{metric.name}_bucket{{le="{_number(bound)}"}} {count}'
        yield f'{metric.name}_bucket{{le="+Inf"}} {told.total}'
        yield f"{metric.name}_sum {_number(told.sum)}"
        yield f"{metric.name}_count {told.total}"
        return
    for labels, value in told:
        pairs = ",".join(
            f'{name}="{_escaped(text, quoted=True)}"' for name, text in zip(metric.labels, labels, strict=True)
        )
        yield f"{metric.name}{{{pairs}}} {_number(value)}" if pairs else f"{metric.name} {_number(value)}"


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quoted else text


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
