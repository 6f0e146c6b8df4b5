"""Time. Business time can be moved forward in a demo; real time never can.

``now()`` is business time: message times, windows, calendars, due times, jobs. ``real_now()`` is for tokens,
leases, timeouts, idempotency, feed retention and push signatures. SQL never asks the database for the time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta()


def real_now() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """Business time, UTC: the machine's time plus the demo's offset."""
    return datetime.now(UTC) + _offset


def offset() -> timedelta:
    """How far business time is ahead of real time."""
    return _offset


def set_offset(value: timedelta) -> None:
    """Move business time; only demo processes and tests do this."""
    global _offset
    _offset = value


def text(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds and ``Z``: fixed width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"
