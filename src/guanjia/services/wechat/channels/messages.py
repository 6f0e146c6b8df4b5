"""Customer-service messages: at most once, checked against permission, window and quota before the call."""

from __future__ import annotations

from typing import Any

from guanjia.kit import clock
from guanjia.kit.database import Transaction
from guanjia.kit.errors import Conflict, NotFound
from guanjia.kit.outgoing import Channel, Failed, Intent, OutgoingFailure, Unknown
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.sends import (
    MayNotSend,
    Reservation,
    correct_windows,
    forget_upload,
    give_back,
    keep_upload,
    message_failed,
    message_sent,
    reserve_send,
)
from guanjia.services.wechat.api import Api, ApiFailure, Refused, Unanswered, Upload
from guanjia.services.wechat.channels.accounts import active_account, as_end, note
from guanjia.services.wechat.queries.sends import upload_media_id
from guanjia.services.wechat.registry import Account
from guanjia.services.wechat.rules import interfaces
from guanjia.services.wechat.rules.outbound import UPLOAD_TYPES, customer_message
from guanjia.services.wechat.schemas import MessageIntent
from guanjia.services.wechat.settings import Settings

SEND = "/cgi-bin/message/custom/send"


async def send_message(context: Context, intent: Intent) -> None:
    """Send one message. Everything before the call to ``custom/send`` may be repeated; that call may not."""
    message = intent.read(MessageIntent)
    account = active_account(context, message.account_id)
    if not account.may("customer_message"):
        raise Failed("the account has no customer-service messages", "interface_not_allowed")
    media_id = await _media_id(context, account, message)
    reservation = await _reserve(context, message)
    try:
        try:
            await _call(context, account, message, media_id)
        except Refused as refusal:
            if refusal.reason != "media_expired" or not message.content.get("file"):
                raise
            # Refused for good, so that nothing was sent: upload once more and send once more.
            await _forget(context, message)
            media_id = await _media_id(context, account, message)
            await _call(context, account, message, media_id)
    except Unanswered as failure:
        raise Unknown(str(failure)) from failure
    except ApiFailure as failure:
        if failure.reason in ("window_closed", "sends_used_up"):
            await context.database.write(correct_windows, message, failure.reason, clock.now())
        else:
            await context.database.write(give_back, message, reservation, clock.now())
        await note(context, account, failure)
        raise as_end(failure) from failure


async def _call(context: Context, account: Account, message: MessageIntent, media_id: str) -> None:
    body = customer_message(message.openid, message.kind, message.content, message.agent, media_id)
    await context.part(Api).call(account, "customer_message", SEND, body=body, is_counted=True)


async def _reserve(context: Context, message: MessageIntent) -> Reservation:
    at = clock.now()
    limit = interfaces.limit("customer_message", context.settings(Settings).quota_profile)
    try:
        return await context.database.write(reserve_send, message, interfaces.quota_day(at), limit, at)
    except (MayNotSend, Conflict) as refusal:
        raise Failed(refusal.code, refusal.code) from refusal


async def _media_id(context: Context, account: Account, message: MessageIntent) -> str:
    """The media id of the message's file, uploaded unless WeChat has it already."""
    file = message.content.get("file", "")
    if message.kind not in UPLOAD_TYPES or not file or message.content.get("media_id"):
        return ""
    keys = (message.company_id, message.account_id, file)
    known = await context.database.read(upload_media_id, *keys, clock.now())
    if known:
        return known
    try:
        stored = context.files.find(file)
    except NotFound as error:
        raise Failed("the file is gone", "file_unknown") from error
    upload = Upload(stored.path.name, stored.path.read_bytes(), stored.media_type)
    query = {"type": UPLOAD_TYPES[message.kind]}
    try:
        answer = await context.part(Api).call(
            account, "media_upload", "/cgi-bin/media/upload", query=query, upload=upload
        )
    except ApiFailure as failure:
        await note(context, account, failure)
        raise as_end(failure) from failure
    media_id = answer.get("media_id")
    if not isinstance(media_id, str) or not media_id:
        raise Failed("no media_id in the answer", "media_refused")
    await context.database.write(keep_upload, *keys, media_id, clock.now())
    return media_id


async def _forget(context: Context, message: MessageIntent) -> None:
    file = message.content["file"]
    await context.database.write(forget_upload, message.company_id, message.account_id, file)


def on_sent(tx: Transaction, intent: Intent, _result: Any) -> None:
    """WeChat took it."""
    message_sent(tx, intent.id, intent.read(MessageIntent), clock.now())


def on_failed(tx: Transaction, intent: Intent, failure: OutgoingFailure) -> None:
    """It was refused, or nobody knows."""
    reason = "send_unknown" if failure.is_unknown else failure.code
    errcode = int(failure.data.get("errcode", 0))
    message = intent.read(MessageIntent)
    message_failed(tx, intent.id, message, reason, errcode, failure.is_unknown, clock.now())


# The timeout is that of everything before the call, which has its own.
MESSAGES = Channel("messages", send_message, on_sent, on_failed, timeout_seconds=60)
