"""Settings of the emulator: numbers that WeChat's documents of different years disagree on, and its clocks."""

from __future__ import annotations

import msgspec


class EmulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A user's message opens ``message_sends`` customer-service messages for ``message_window_seconds``; a menu tap,
    follow or scan opens ``event_sends`` for ``event_window_seconds`` (documents until 2022: 20 in 48 hours).

    A push is delivered at most ``push_tries`` times, each with five seconds of real time to answer (a fault switch
    shortens that clock); the next delivery begins when the time is over, also after a refused connection.
    """

    message_window_seconds: int = 48 * 3600
    message_sends: int = 5
    event_window_seconds: int = 60
    event_sends: int = 3
    typing_seconds: int = 15
    typing_after_seconds: int = 30
    push_tries: int = 3
    token_seconds: int = 7200
    token_grace_seconds: int = 300
    media_days: int = 3
