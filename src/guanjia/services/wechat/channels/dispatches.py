"""Providers asked about a stored push; their answer is recorded together with the replies it sends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from guanjia.kit import clock
from guanjia.kit.database import Transaction
from guanjia.kit.outgoing import Channel, Intent, OutgoingFailure
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.dispatches import finish_dispatch, give_up_dispatch
from guanjia.services.wechat.dispatch import ask_stored
from guanjia.services.wechat.schemas import DispatchIntent, Verdict


async def ask_providers(context: Context, intent: Intent) -> Verdict:
    """What the providers make of the push; they are idempotent by its id."""
    return await ask_stored(context, intent.read(DispatchIntent))


def on_asked(tx: Transaction, intent: Intent, result: Any) -> None:
    """Tell the outcome and send the replies."""
    verdict = msgspec.convert(result, Verdict)
    pause = timedelta(seconds=verdict.default_pause_seconds)
    finish_dispatch(tx, intent.read(DispatchIntent), verdict, clock.now(), pause)


def on_not_asked(tx: Transaction, intent: Intent, _failure: OutgoingFailure) -> None:
    """A person takes it."""
    give_up_dispatch(tx, intent.read(DispatchIntent), clock.now())


DISPATCH = Channel(
    "dispatch", ask_providers, on_asked, on_not_asked, concurrency=32, max_attempts=4, timeout_seconds=60
)
