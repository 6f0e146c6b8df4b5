"""How many customer-service messages an account may send to a fan, and until when.

WeChat keeps two allowances: one after the user's message, one after a menu tap, follow or scan. A message takes the
place of both, a tap renews the second. A send takes from the one that ends sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Allowance = Literal["event", "message"]
CLOSED = 45015
USED_UP = 45047


@dataclass(frozen=True)
class Windows:
    """Both allowances of a fan."""

    message_until: datetime | None
    message_left: int
    event_until: datetime | None
    event_left: int


def choose(windows: Windows, at: datetime) -> Allowance | int:
    """The allowance that a message sent ``at`` uses; else 45015 (none is open) or 45047 (the open ones are used up)."""
    is_event_open = windows.event_until is not None and at < windows.event_until
    is_message_open = windows.message_until is not None and at < windows.message_until
    if is_event_open and windows.event_left > 0:
        return "event"
    if is_message_open and windows.message_left > 0:
        return "message"
    return USED_UP if is_event_open or is_message_open else CLOSED
