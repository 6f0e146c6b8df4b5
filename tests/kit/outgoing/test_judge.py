"""What the end of a try means (pure)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.kit.outgoing import Channel, Failed, Intent, Retry, Unknown
from guanjia.kit.outgoing.channel import LONGEST_DELAY_SECONDS, judge

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def _call(_context: object, _intent: Intent) -> None: ...


def _hear(*_arguments: object) -> None: ...


CHANNEL = Channel("post", _call, _hear, _hear, max_attempts=5, max_age_seconds=100)


def intent(attempt: int = 1, is_repeatable: bool = False, age: float = 0) -> Intent:
    queued = AT - timedelta(seconds=age)
    return Intent("i", "post", "k", {}, attempt, is_repeatable, queued, queued, 1)


@pytest.mark.parametrize(
    ("error", "is_repeatable", "attempt", "age", "state", "is_unknown"),
    [
        (Failed("no"), False, 1, 0, "failed", False),
        (Failed("no"), True, 1, 0, "failed", False),
        (Retry(1), False, 1, 0, "pending", False),
        (Retry(1), False, 5, 0, "failed", False),
        (Retry(1), False, 1, 100, "failed", False),
        (Unknown("?"), False, 1, 0, "unknown", True),
        (Unknown("?"), True, 1, 0, "pending", False),
        (Unknown("?"), True, 5, 0, "unknown", True),
        (TimeoutError(), False, 1, 0, "unknown", True),
        (TimeoutError(), True, 4, 99, "pending", False),
        (ValueError("x"), True, 4, 101, "unknown", True),
    ],
)
def test_ends(error: Exception, is_repeatable: bool, attempt: int, age: float, state: str, is_unknown: bool) -> None:
    outcome = judge(CHANNEL, intent(attempt, is_repeatable, age), error, AT)
    assert outcome.state == state
    assert outcome.failure is not None
    assert outcome.failure.is_unknown is is_unknown


@given(st.integers(1, 60), st.floats(0, 1000, allow_nan=False))
def test_delays_grow_up_to_a_bound(attempt: int, first: float) -> None:
    channel = Channel("post", _call, _hear, _hear, max_attempts=100)
    delay = judge(channel, intent(attempt), Retry(first), AT).delay_seconds
    assert delay >= max(first, 0.1)
    assert delay <= max(first, LONGEST_DELAY_SECONDS) * 1.2
    later = judge(channel, intent(attempt + 1), Retry(first), AT).delay_seconds
    assert later >= delay / 1.2


def test_reasons_and_data_can_be_kept() -> None:
    outcome = judge(CHANNEL, intent(), Failed("a\x00\ud800" * 9000, data={"why": ValueError("odd")}), AT)
    assert outcome.failure is not None
    assert len(outcome.failure.reason.encode()) <= 4000
    assert outcome.failure.data == {"why": "odd"}
    assert outcome.failure.code == "failed"
