"""Writes of messages on their way out: accepted, allowed, and what WeChat said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from guanjia.contracts.wechat import MediaFailed, MediaStored, MessageFailed, MessageSent, OutboundMessage
from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import Conflict, GuanjiaError, NotFound
from guanjia.kit.outgoing import enqueue, resend
from guanjia.services.wechat.actions.accounts import count_call
from guanjia.services.wechat.actions.fans import lose_fan
from guanjia.services.wechat.actions.feed import fan_key, tell, tell_window
from guanjia.services.wechat.models import accounts, fans, uploads
from guanjia.services.wechat.queries import fan_row, visible_accounts
from guanjia.services.wechat.queries.fans import windows_of
from guanjia.services.wechat.rules.windows import Windows, choose, spend
from guanjia.services.wechat.schemas import MediaIntent, MessageIntent

UPLOAD_LIFE = timedelta(days=3)
# WeChat counts the three days from its own clock.
UPLOAD_MARGIN = timedelta(hours=1)


class MayNotSend(GuanjiaError):
    """The fan may not be written to now; ``code`` says why."""

    status = 409


@dataclass(frozen=True)
class Reservation:
    """The right to send one message, taken from an allowance of the fan."""

    allowance: str


def accept_message(tx: Transaction, caller: Caller, message_id: str, message: OutboundMessage) -> None:
    """Take a message for sending; a repeat with the same id changes nothing, another message under it is a Conflict."""
    if tx.one(visible_accounts(caller).where(accounts.c.id == message.account_id)) is None:
        raise NotFound("account_unknown")
    intent = MessageIntent(
        company_id=caller.company_id,
        account_id=message.account_id,
        openid=message.openid,
        kind=message.kind,
        content=message.content,
        agent=message.agent,
        source=caller.id,
    )
    key = fan_key(message.account_id, message.openid)
    lock(tx, "messages", key)
    outgoing = tx.tables.outgoing
    row = tx.one(sa.select(outgoing.c.body, outgoing.c.channel).where(outgoing.c.id == message_id))
    if row is not None:
        if row.channel != "messages" or row.body != msgspec.to_builtins(intent):
            raise Conflict("message_id_taken")
        return
    enqueue(tx, "messages", key, intent, id=message_id)


def reserve_send(tx: Transaction, intent: MessageIntent, day: str, limit: int, at: datetime) -> Reservation:
    """Take one message from the fan's allowance and the day's quota, before the call (R-WX-23).

    MayNotSend: fan_unknown, fan_gone, window_closed, sends_used_up; Conflict: quota_used_up.
    """
    key = (intent.company_id, intent.account_id, intent.openid)
    lock(tx, "fan", fan_key(intent.account_id, intent.openid))
    row = fan_row(tx, *key)
    if row is None:
        raise MayNotSend("fan_unknown")
    if not row.is_subscribed:
        raise MayNotSend("fan_gone")
    windows = windows_of(row)
    allowance = choose(windows, at)
    if allowance not in ("message", "tap"):
        raise MayNotSend(allowance)
    count_call(tx, intent.company_id, intent.account_id, "customer_message", day, limit)
    _keep_windows(tx, intent, row.id, spend(windows, allowance), at, last_sent_at=at)
    return Reservation(allowance)


def give_back(tx: Transaction, intent: MessageIntent, reservation: Reservation, at: datetime) -> None:
    """WeChat did not take the message: it does not count."""
    key = (intent.company_id, intent.account_id, intent.openid)
    lock(tx, "fan", fan_key(intent.account_id, intent.openid))
    row = fan_row(tx, *key)
    if row is not None:
        _keep_windows(tx, intent, row.id, spend(windows_of(row), reservation.allowance, -1), at)


def correct_windows(tx: Transaction, intent: MessageIntent, reason: str, at: datetime) -> None:
    """WeChat knows better: the window is closed (45015), or its messages are used up (45047)."""
    key = (intent.company_id, intent.account_id, intent.openid)
    lock(tx, "fan", fan_key(intent.account_id, intent.openid))
    row = fan_row(tx, *key)
    if row is None:
        return
    windows = Windows()
    if reason == "sends_used_up":
        windows = msgspec.structs.replace(windows_of(row), message_left=0, tap_left=0)
    _keep_windows(tx, intent, row.id, windows, at)


def _keep_windows(
    tx: Transaction, intent: MessageIntent, fan_id: str, windows: Windows, at: datetime, **more: Any
) -> None:
    values = msgspec.structs.asdict(windows)
    tx.execute(fans.update().where(fans.c.id == fan_id).values(**values, **more))
    tell_window(tx, windows, intent.company_id, intent.account_id, intent.openid, at)


def message_sent(tx: Transaction, message_id: str, intent: MessageIntent, at: datetime) -> None:
    """WeChat took the message."""
    event = MessageSent(message_id=message_id, account_id=intent.account_id, openid=intent.openid, at=at)
    tell(tx, event, intent.company_id, intent.account_id, intent.openid)


def message_failed(
    tx: Transaction,
    message_id: str,
    intent: MessageIntent,
    reason: str,
    errcode: int,
    is_unknown: bool,
    at: datetime,
) -> None:
    """WeChat refused the message, or its answer was never seen."""
    if reason == "fan_gone" and errcode:
        lock(tx, "fan", fan_key(intent.account_id, intent.openid))
        lose_fan(tx, intent.company_id, intent.account_id, intent.openid, at)
    event = MessageFailed(
        message_id=message_id,
        account_id=intent.account_id,
        openid=intent.openid,
        reason=reason,
        errcode=errcode,
        is_unknown=is_unknown,
        at=at,
    )
    tell(tx, event, intent.company_id, intent.account_id, intent.openid)


def media_stored(tx: Transaction, intent: MediaIntent, file: str, media_type: str, size: int, at: datetime) -> None:
    """The media of a push lies in kit.files."""
    event = MediaStored(
        push_id=intent.push_id,
        account_id=intent.account_id,
        openid=intent.openid,
        file=file,
        media_type=media_type,
        size=size,
        at=at,
    )
    tell(tx, event, intent.company_id, intent.account_id, intent.openid)


def media_failed(tx: Transaction, intent: MediaIntent, reason: str, at: datetime) -> None:
    """The media of a push can't be fetched."""
    event = MediaFailed(
        push_id=intent.push_id,
        account_id=intent.account_id,
        openid=intent.openid,
        reason=reason,
        at=at,
    )
    tell(tx, event, intent.company_id, intent.account_id, intent.openid)


def keep_upload(tx: Transaction, company_id: str, account_id: str, file: str, media_id: str, at: datetime) -> None:
    """WeChat keeps an uploaded file for three days."""
    key = {"company_id": company_id, "account_id": account_id, "file": file}
    tx.upsert(uploads, key, {"media_id": media_id, "expires_at": at + UPLOAD_LIFE - UPLOAD_MARGIN})


def forget_upload(tx: Transaction, company_id: str, account_id: str, file: str) -> None:
    """WeChat does not know the media any more."""
    tx.execute(
        uploads.delete().where(
            uploads.c.company_id == company_id,
            uploads.c.account_id == account_id,
            uploads.c.file == file,
        )
    )


def replay(tx: Transaction, caller: Caller, intent_id: str) -> None:
    """Send a visible dead letter again; else NotFound, and Conflict when it is none."""
    outgoing = tx.tables.outgoing
    row = tx.one(sa.select(outgoing.c.body, outgoing.c.channel).where(outgoing.c.id == intent_id))
    if row is None or row.body.get("company_id") != caller.company_id:
        raise NotFound()
    resend(tx, intent_id)
    audit(tx, caller, "wechat.dead_letters.replay", "dead_letter", intent_id, row.channel)
