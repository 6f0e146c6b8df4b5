"""Hints between the parts of a process: "the feed grew", "the clock moved", presence and typing.

A hint may be lost; whoever must not miss anything polls behind it. Several processes will share hints over
NATS under the same two calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

Listener = Callable[[Any], None]

# The process is about to end: whoever holds a stream open ends it now.
CLOSING = "closing"


class Live:
    """Publish and subscribe by subject, within one event loop; ``publish`` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: dict[str, list[Listener]] = defaultdict(list)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop on which listeners run."""
        self._loop = loop

    def subscribe(self, subject: str, listener: Listener) -> Callable[[], None]:
        """Call ``listener(payload)`` on the loop for each hint; the answer ends the subscription."""
        self._listeners[subject].append(listener)

        def end() -> None:
            if listener in self._listeners[subject]:
                self._listeners[subject].remove(listener)

        return end

    def publish(self, subject: str, payload: Any = None) -> None:
        """Deliver a hint soon; dropped when nobody listens or the loop has ended."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, subject, payload)

    def _deliver(self, subject: str, payload: Any) -> None:
        for listener in tuple(self._listeners.get(subject, ())):
            try:
                listener(payload)
            except Exception:
                log.exception("a listener of %s failed", subject)
