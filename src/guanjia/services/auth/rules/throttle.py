"""How fast passwords may be tried: a few at once, then growing delays, by login and by address.

An attempt is counted before its password is looked at, so that attempts side by side can't outrun the count; a
success takes its own back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

ThrottleKind = Literal["login", "address"]

# Many people share an address (an office, a mobile network); nobody shares a login.
FREE_ATTEMPTS: dict[ThrottleKind, int] = {"login": 5, "address": 30}
LONGEST_SECONDS = 900
FORGET = timedelta(hours=1)


@dataclass(frozen=True)
class Attempts:
    """The failures counted for one login or address, and until when nothing more is tried."""

    failures: int
    last_at: datetime
    blocked_until: datetime


def delay_seconds(kind: ThrottleKind, failures: int) -> int:
    """How long to wait after so many failures: 0 while they are few, then 1, 2, 4 … up to 900 seconds."""
    beyond = failures - FREE_ATTEMPTS[kind]
    return 0 if beyond < 0 else min(2 ** min(beyond, 20), LONGEST_SECONDS)


def wait_seconds(known: Attempts | None, at: datetime) -> int:
    """Whole seconds until the next attempt is looked at; 0 when it may come now."""
    if known is None or known.blocked_until <= at:
        return 0
    return int(-((at - known.blocked_until) // timedelta(seconds=1)))


def count_attempt(kind: ThrottleKind, known: Attempts | None, at: datetime) -> Attempts:
    """The count with one more attempt; an hour without any forgets the earlier ones."""
    is_old = known is None or known.last_at + FORGET <= at
    failures = 1 if is_old or known is None else known.failures + 1
    return Attempts(failures, at, at + timedelta(seconds=delay_seconds(kind, failures)))
