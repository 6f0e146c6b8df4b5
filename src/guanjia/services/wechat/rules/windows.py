"""How many customer-service messages may still be sent to a fan, and until when (A14).

There are two allowances, one after a message and one after a tap, follow or scan. A message resets both: it leaves its
own alone; a tap renews the short one beside the long one. A send takes from the short one while it is open, so that the
long one lasts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

Allowance = Literal["message", "tap"]


class Windows(msgspec.Struct, frozen=True, kw_only=True):
    """Both allowances of a fan."""

    message_until: datetime | None = None
    message_left: int = 0
    tap_until: datetime | None = None
    tap_left: int = 0


class WindowSizes(msgspec.Struct, frozen=True, kw_only=True):
    """What an interaction grants."""

    message_seconds: int
    message_count: int
    tap_seconds: int
    tap_count: int


def after_message(windows: Windows, sizes: WindowSizes, at: datetime) -> Windows:
    """The allowances after a message of the fan: it takes the place of what a tap or follow gave before it."""
    until = at + timedelta(seconds=sizes.message_seconds)
    return Windows(message_until=until, message_left=sizes.message_count)


def after_tap(windows: Windows, sizes: WindowSizes, at: datetime) -> Windows:
    """The allowances after a menu tap, follow or scan."""
    until = at + timedelta(seconds=sizes.tap_seconds)
    return msgspec.structs.replace(windows, tap_until=until, tap_left=sizes.tap_count)


def choose(windows: Windows, at: datetime) -> Allowance | str:
    """The allowance that a send uses, or the reason why there is none: window_closed, sends_used_up."""
    is_tap_open = windows.tap_until is not None and at < windows.tap_until
    is_message_open = windows.message_until is not None and at < windows.message_until
    if is_tap_open and windows.tap_left > 0:
        return "tap"
    if is_message_open and windows.message_left > 0:
        return "message"
    return "sends_used_up" if is_tap_open or is_message_open else "window_closed"


def spend(windows: Windows, allowance: str, number: int = 1) -> Windows:
    """The allowances after ``number`` sends; a negative number gives them back."""
    if allowance == "tap":
        return msgspec.structs.replace(windows, tap_left=max(0, windows.tap_left - number))
    return msgspec.structs.replace(windows, message_left=max(0, windows.message_left - number))


def shown(windows: Windows, at: datetime) -> tuple[datetime | None, int]:
    """Until when and how many more, as people see it: the long window when it is open, else the short one."""
    if windows.message_until is not None and at < windows.message_until:
        if windows.message_left or not (windows.tap_until and at < windows.tap_until):
            return windows.message_until, windows.message_left
        return windows.tap_until, windows.tap_left
    if windows.tap_until is not None and at < windows.tap_until:
        return windows.tap_until, windows.tap_left
    return None, 0
