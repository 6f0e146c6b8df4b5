"""What a service declares of a way to the outside, and how one try ends."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from guanjia.kit.database import Transaction, storable_text

T = TypeVar("T")

SHORTEST_DELAY_SECONDS = 0.1
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 300.0


class Retry(Exception):
    """Raised by a call that was certainly not done: try again, ``after_seconds`` at first, then doubling."""

    def __init__(self, after_seconds: float = FIRST_DELAY_SECONDS, reason: str = "", code: str = "") -> None:
        self.after_seconds = after_seconds
        self.reason = reason
        self.code = code
        super().__init__(reason or code)


class Failed(Exception):
    """Raised by a call that was refused for good. ``code`` has words; ``data`` goes to the owner."""

    def __init__(self, reason: str, code: str = "", data: dict[str, Any] | None = None) -> None:
        self.reason = reason
        self.code = code
        self.data = data or {}
        super().__init__(reason)


class Unknown(Exception):
    """Raised by a call that may have been done: its answer was never seen."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Intent:
    """A call that shall be made. ``attempt`` counts from 1; ``created_at`` is real time."""

    id: str
    channel: str
    key: str
    body: Any
    attempt: int
    is_repeatable: bool
    created_at: datetime
    queued_at: datetime
    position: int

    def read(self, kind: type[T]) -> T:
        """The body as ``kind``."""
        return msgspec.convert(self.body, kind)


@dataclass(frozen=True)
class OutgoingFailure:
    """Why an intent was not done, or (``is_unknown``) may or may not have been done."""

    code: str
    reason: str
    data: dict[str, Any] = field(default_factory=dict)
    is_unknown: bool = False


@dataclass(frozen=True)
class Channel:
    """A way to the outside.

    ``call(context, intent)`` makes the call and returns a result that JSON can hold (the owner gets it as
    plain values), or raises Retry, Failed or Unknown; any other exception, or a try longer than
    ``timeout_seconds``, may have been done: it is tried again when the intent is repeatable, else it is
    unknown. ``on_sent`` and ``on_failed`` are actions of the owner, run in the transaction that records the
    result. At most ``concurrency`` calls run at once, one of a key. A Retry ends as failed after
    ``max_attempts`` tries or ``max_age_seconds``.
    """

    name: str
    call: Callable[[Any, Intent], Awaitable[Any]]
    on_sent: Callable[[Transaction, Intent, Any], None]
    on_failed: Callable[[Transaction, Intent, OutgoingFailure], None]
    concurrency: int = 16
    max_attempts: int = 8
    max_age_seconds: float = 3600
    timeout_seconds: float = 15


State = Literal["pending", "sent", "failed", "unknown"]


@dataclass(frozen=True)
class Outcome:
    """How one try ended: ``pending`` is tried again after ``delay_seconds``."""

    intent: Intent
    state: State
    result: Any = None
    failure: OutgoingFailure | None = None
    delay_seconds: float = 0


def judge(channel: Channel, intent: Intent, error: BaseException, at: datetime) -> Outcome:
    """What the error of a try means for its intent, at real time ``at``."""
    if isinstance(error, Failed):
        data = msgspec.to_builtins(error.data, enc_hook=str)
        failure = OutgoingFailure(error.code or "failed", storable_text(error.reason), data)
        return Outcome(intent, "failed", failure=failure)
    if isinstance(error, Retry):
        code, reason, is_unknown, may_repeat = error.code or "failed", error.reason, False, True
        first = max(error.after_seconds, SHORTEST_DELAY_SECONDS)
    else:
        code, is_unknown, may_repeat = "unknown", True, intent.is_repeatable
        reason = error.reason if isinstance(error, Unknown) else f"{type(error).__name__}: {error}".rstrip(": ")
        first = FIRST_DELAY_SECONDS
    reason = storable_text(reason)
    age = (at - intent.queued_at).total_seconds()
    if may_repeat and intent.attempt < channel.max_attempts and age < channel.max_age_seconds:
        delay = min(first * 2 ** (intent.attempt - 1), max(first, LONGEST_DELAY_SECONDS))
        delay *= random.uniform(1, 1.2)  # noqa: S311 -- jitter, not a secret
        return Outcome(intent, "pending", failure=OutgoingFailure(code, reason), delay_seconds=delay)
    failure = OutgoingFailure(code, reason, is_unknown=is_unknown)
    return Outcome(intent, "unknown" if is_unknown else "failed", failure=failure)
