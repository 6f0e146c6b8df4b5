"""Calls to the outside: intent → call → result, with retry, order per key, and dead letters.

An action writes an intent with ``enqueue`` in its own transaction. The runner commits ``sending`` before it
calls, and the result together with the owner's own action after it. What a crash left in ``sending`` is
``unknown``, unless the call may be repeated: a call without an idempotency key is made at most once for an
intent.
"""

from guanjia.kit.outgoing.channel import Channel, Failed, Intent, OutgoingFailure, Retry, Unknown
from guanjia.kit.outgoing.intents import (
    DeadLetter,
    count_intents,
    dead_letters,
    enqueue,
    resend,
)
from guanjia.kit.outgoing.runner import OutgoingRunner

__all__ = [
    "Channel",
    "DeadLetter",
    "Failed",
    "Intent",
    "OutgoingFailure",
    "OutgoingRunner",
    "Retry",
    "Unknown",
    "count_intents",
    "dead_letters",
    "enqueue",
    "resend",
]
