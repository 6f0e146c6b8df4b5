"""Writes of pushes: stored before they are answered, once, with all that follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.wechat import EventReceived, MediaFailed, MessageReceived
from guanjia.kit.database import Transaction, lock
from guanjia.kit.outgoing import enqueue
from guanjia.services.wechat.actions.dispatches import (
    Conclusion,
    answer_passively,
    conclude,
    default_is_due,
    tell_dispatched,
)
from guanjia.services.wechat.actions.fans import see_fan
from guanjia.services.wechat.actions.feed import fan_key, tell
from guanjia.services.wechat.models import pushes
from guanjia.services.wechat.queries import fan_row
from guanjia.services.wechat.rules.dispatching import Decision, fan_name
from guanjia.services.wechat.rules.pushes import Push
from guanjia.services.wechat.rules.windows import Windows, WindowSizes, shown
from guanjia.services.wechat.schemas import DispatchIntent, MediaIntent, Verdict

Way = Literal["active", "passive"]
Seal = Callable[[dict[str, Any]], bytes]


@dataclass(frozen=True)
class Arrival:
    """A verified push, and all that was decided about it before its one write.

    ``way``: whether replies go as customer-service messages or in the answer to the push itself. ``seal`` makes the
    body of a passive reply out of its fields. ``media`` is what to fetch, ``media_failure`` why it can't be.
    """

    id: str
    company_id: str
    account_id: str
    account_name: str
    push: Push
    raw: str
    at: datetime
    decision: Decision
    way: Way
    may_send: bool
    seal: Seal
    sizes: WindowSizes
    default_pause: timedelta
    asks_data: bool
    media: MediaIntent | None = None
    media_failure: str = ""

    @property
    def target(self) -> DispatchIntent:
        """Whose push it is."""
        return DispatchIntent(
            company_id=self.company_id,
            account_id=self.account_id,
            openid=self.push.openid,
            push_id=self.id,
        )


@dataclass(frozen=True)
class Stored:
    """A stored push: ``is_new`` unless it had been there; ``outcome`` and ``reply`` as the row has them."""

    id: str
    is_new: bool
    outcome: str
    reply: bytes | None


def store_push(tx: Transaction, arrival: Arrival) -> Stored:
    """Store a push once with all that it means: the fan, the event, the hand-over to whoever may answer.

    A repeat changes nothing and gets the stored reply. Nothing but this stands between a push and its answer.
    """
    push, at, target = arrival.push, arrival.at, arrival.target
    key = (arrival.company_id, arrival.account_id, push.openid)
    lock(tx, "fan", fan_key(arrival.account_id, push.openid))
    fan = fan_row(tx, *key)
    decision = _due(arrival, fan)
    # Nobody is to be asked, so that what comes of it is known at once.
    is_concluded = not decision.offers and (arrival.way == "passive" or not decision.own)
    conclusion = Conclusion(outcome="unhandled")
    if is_concluded and decision.own:
        verdict = Verdict(
            own=decision.own,
            template=decision.text,
            content=push.text,
            account_name=arrival.account_name,
        )
        conclusion = conclude(verdict, fan, at, arrival.default_pause)
    outcome = conclusion.outcome if is_concluded else "pending" if arrival.way == "active" else "waiting"
    values = {
        "id": arrival.id,
        "company_id": arrival.company_id,
        "account_id": arrival.account_id,
        "openid": push.openid,
        "dedupe": push.dedupe,
        "kind": push.kind[:40],
        "event": push.event[:80],
        "raw": arrival.raw,
        "received_at": at,
        "outcome": outcome,
        "provider": conclusion.provider,
        "dispatched_at": at if is_concluded else None,
        "reply": None,
        "reply_ids": None,
        "reply_failure": "",
    }
    if not tx.insert_new(pushes, values):
        return _repeated(tx, arrival)
    windows = see_fan(
        tx,
        fan,
        push,
        company_id=arrival.company_id,
        account_id=arrival.account_id,
        account_name=arrival.account_name,
        sizes=arrival.sizes,
        asks_data=arrival.asks_data,
        at=at,
    )
    tell(tx, _received(arrival, fan, windows), *key)
    if arrival.media is not None:
        enqueue(tx, "media", fan_key(arrival.account_id, push.openid), arrival.media, is_repeatable=True)
    elif arrival.media_failure:
        event = MediaFailed(
            push_id=arrival.id, account_id=arrival.account_id, openid=push.openid,
            reason=arrival.media_failure, at=at,
        )  # fmt: skip
        tell(tx, event, *key)
    reply = None
    if is_concluded:
        tell_dispatched(tx, target, conclusion, at)
        if conclusion.replies:
            reply = answer_passively(tx, target, conclusion, arrival.seal, arrival.may_send, at)
    elif outcome == "pending":
        name = fan_key(arrival.account_id, push.openid)
        enqueue(tx, "dispatch", name, target, id=arrival.id, is_repeatable=True)
    return Stored(arrival.id, True, outcome, reply)


def _due(arrival: Arrival, fan: Row[Any] | None) -> Decision:
    decision = arrival.decision
    if decision.own == "default" and not default_is_due(fan, arrival.at, arrival.default_pause):
        return Decision(offers=decision.offers)
    return decision


def _repeated(tx: Transaction, arrival: Arrival) -> Stored:
    c = pushes.c
    row = tx.one(
        sa.select(c.id, c.outcome, c.reply).where(
            c.company_id == arrival.company_id,
            c.account_id == arrival.account_id,
            c.dedupe == arrival.push.dedupe,
        )
    )
    assert row is not None
    return Stored(row.id, False, row.outcome, row.reply.encode() if row.reply is not None else None)


def _received(arrival: Arrival, fan: Row[Any] | None, windows: Windows) -> MessageReceived | EventReceived:
    push = arrival.push
    expires_at, remaining = shown(windows, arrival.at)
    name = fan_name(fan.nickname if fan is not None else "", push.openid)
    if push.is_event:
        return EventReceived(
            push_id=arrival.id,
            account_id=arrival.account_id,
            account_name=arrival.account_name,
            openid=push.openid,
            fan_name=name,
            event=push.event,
            event_key=push.event_key,
            data=push.content,
            sent_at=push.sent_at,
            at=arrival.at,
        )
    return MessageReceived(
        push_id=arrival.id,
        account_id=arrival.account_id,
        account_name=arrival.account_name,
        openid=push.openid,
        fan_name=name,
        kind=push.kind,
        content=push.content,
        menu_item_id=push.menu_item_id,
        window_expires_at=expires_at,
        window_remaining=remaining,
        sent_at=push.sent_at,
        at=arrival.at,
    )
