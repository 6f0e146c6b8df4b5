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
FREE_ATTEMPTS: dict[ThrottleKind, int] = {"login": 5, "address": 100}
LONGEST_SECONDS = 900
# One failure is forgotten in each of these.
FORGET: dict[ThrottleKind, timedelta] = {"login": timedelta(minutes=15), "address": timedelta(minutes=1)}


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
    """The count with one more attempt, less what time has let go."""
    failures = 0 if known is None else max(0, known.failures - (at - known.last_at) // FORGET[kind])
    return Attempts(failures + 1, at, at + timedelta(seconds=delay_seconds(kind, failures + 1)))
