"""Counters, gauges and histograms of this process, in the text format that Prometheus reads (version 0.0.4)."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import ClassVar

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

Labels = tuple[str, ...]


class Metric:
    """A named figure with the same label names for each of its values."""

    kind: ClassVar[str]

    def __init__(self, name: str, title: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.title = title
        self.labels = tuple(labels)
        self._lock = threading.Lock()
        self._values: dict[Labels, float] = {}
        if any(metric.name == name for metric in _METRICS):
            raise ValueError(f"there are two metrics {name}")
        _METRICS.append(self)

    def value(self, *labels: str) -> float:
        """The present value, 0 when there is none."""
        return self._values.get(labels, 0.0)

    def lines(self) -> list[str]:
        """One line a value."""
        with self._lock:
            values = sorted(self._values.items())
        return [f"{self.name}{_braces(self.labels, key)} {_number(value)}" for key, value in values]


class Counter(Metric):
    """A figure that only grows; its name ends in ``_total``."""

    kind = "counter"

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count."""
        with self._lock:
            self._values[labels] = self._values.get(labels, 0.0) + amount


class Gauge(Metric):
    """A figure that goes up and down."""

    kind = "gauge"

    def set(self, value: float, *labels: str) -> None:
        """Say what it is now."""
        with self._lock:
            self._values[labels] = value


class Histogram(Metric):
    """How often a measured value fell below each bound, with count and sum."""

    kind = "histogram"

    def __init__(self, name: str, title: str, labels: Sequence[str] = (), bounds: Sequence[float] = SECONDS) -> None:
        super().__init__(name, title, labels)
        self.bounds = tuple(bounds)
        self._buckets: dict[Labels, list[int]] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Take a measured value in."""
        with self._lock:
            buckets = self._buckets.setdefault(labels, [0] * (len(self.bounds) + 1))
            buckets[bisect_left(self.bounds, value)] += 1
            self._values[labels] = self._values.get(labels, 0.0) + value

    def count(self, *labels: str) -> int:
        """How many values were taken in."""
        return sum(self._buckets.get(labels, ()))

    def lines(self) -> list[str]:
        with self._lock:
            known = sorted((key, list(buckets), self._values[key]) for key, buckets in self._buckets.items())
        lines: list[str] = []
        for key, buckets, total in known:
            below = 0
            for bound, number in zip((*map(_number, self.bounds), "+Inf"), buckets, strict=True):
                below += number
                lines.append(f"{self.name}_bucket{_braces((*self.labels, 'le'), (*key, bound))} {below}")
            lines.append(f"{self.name}_sum{_braces(self.labels, key)} {_number(total)}")
            lines.append(f"{self.name}_count{_braces(self.labels, key)} {below}")
        return lines


_METRICS: list[Metric] = []
_SOURCES: list[Callable[[], None]] = []


def before_render(source: Callable[[], None]) -> None:
    """Call ``source`` before each ``render``, so that it can set gauges that are costly to keep true."""
    _SOURCES.append(source)


def render() -> str:
    """All metrics of this process."""
    for source in tuple(_SOURCES):
        source()
    lines: list[str] = []
    for metric in sorted(_METRICS, key=lambda one: one.name):
        lines += [f"# HELP {metric.name} {metric.title}", f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
    return "\n".join(lines) + "\n"


def _braces(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (
        '{}="{}"'.format(name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for name, value in zip(names, values, strict=True)
    )
    return "{" + ",".join(pairs) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
