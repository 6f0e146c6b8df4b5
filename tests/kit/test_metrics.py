"""Metrics in the format that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from guanjia.kit import metrics
from guanjia.kit.metrics import Counter, Gauge, Histogram, before_render, render


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metrics, "_METRICS", [])
    monkeypatch.setattr(metrics, "_SOURCES", [])
    yield


def test_text() -> None:
    sends = Counter("sends_total", "Messages sent", ["service", "state"])
    lag = Gauge("lag", "Events behind")
    seconds = Histogram("seconds", "Time", ["service"], (0.1, 1))
    sends.add("chat", 'a"b\\c\nd')
    sends.add("chat", "ok", amount=2)
    before_render(lambda: lag.set(1.5))
    for value in (0.05, 0.1, 0.5, 3):
        seconds.observe(value, "chat")
    assert render() == (
        "# HELP lag Events behind\n"
        "# TYPE lag gauge\n"
        "lag 1.5\n"
        "# HELP seconds Time\n"
        "# TYPE seconds histogram\n"
        'seconds_bucket{service="chat",le="0.1"} 2\n'
        'seconds_bucket{service="chat",le="1"} 3\n'
        'seconds_bucket{service="chat",le="+Inf"} 4\n'
        'seconds_sum{service="chat"} 3.65\n'
        'seconds_count{service="chat"} 4\n'
        "# HELP sends_total Messages sent\n"
        "# TYPE sends_total counter\n"
        'sends_total{service="chat",state="a\\"b\\\\c\\nd"} 1\n'
        'sends_total{service="chat",state="ok"} 2\n'
    )
    assert seconds.count("chat") == 4
    assert sends.value("chat", "ok") == 2
    assert sends.value("chat", "none") == 0


def test_threads_lose_no_count() -> None:
    counter, histogram = Counter("n_total", "N"), Histogram("h", "H")

    def count(_number: int) -> None:
        for _ in range(1000):
            counter.add()
            histogram.observe(1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert counter.value() == 4000
    assert histogram.count() == 4000


def test_a_name_is_given_once() -> None:
    Counter("n_total", "N")
    with pytest.raises(ValueError, match="n_total"):
        Gauge("n_total", "N")


def test_labels_are_all_given() -> None:
    counter = Counter("n_total", "N", ["service"])
    counter.add("a", "b")
    with pytest.raises(ValueError, match="zip"):
        render()
