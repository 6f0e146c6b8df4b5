"""What the runner counts."""

from __future__ import annotations

from guanjia.kit.metrics import Counter, Histogram

ENDED = Counter(
    "guanjia_outgoing_total",
    "Tries of calls to the outside, by how they ended (pending: to be tried again)",
    ["service", "channel", "state"],
)
SECONDS = Histogram("guanjia_outgoing_seconds", "Time of a call to the outside", ["service", "channel"])
