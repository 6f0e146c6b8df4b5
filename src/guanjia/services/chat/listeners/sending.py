"""The channel to wechat: a message is put there under its id, which may be repeated; its fate comes by the feed."""

from __future__ import annotations

from typing import Any

import msgspec

from guanjia.contracts.wechat import OutboundMessage, WechatClient
from guanjia.kit import clock
from guanjia.kit.calls import Refused
from guanjia.kit.database import Transaction
from guanjia.kit.errors import GuanjiaError
from guanjia.kit.outgoing import Channel, Failed, Intent, OutgoingFailure, Retry
from guanjia.kit.service import Context
from guanjia.services.chat.actions.conversations import unsigned
from guanjia.services.chat.actions.delivery import CHANNEL, record_failed


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an intent."""

    company_id: str
    message: OutboundMessage


async def put_message(context: Context, intent: Intent) -> None:
    """Hand it over; wechat answers when it is on its disk."""
    send = intent.read(Send)
    try:
        await WechatClient(context.calls).put_message(send.company_id, intent.id, send.message)
    except Refused as error:
        # Told here, where addresses of pictures can be signed; on_failed finds it done.
        await context.database.write(
            record_failed, send.company_id, intent.id, error.code, False, clock.now(), context.files.address
        )
        raise Failed(error.code, error.code) from error
    except GuanjiaError as error:
        raise Retry(1.0, error.code, error.code) from error


def on_sent(_tx: Transaction, _intent: Intent, _result: Any) -> None:
    """wechat has it; whether WeChat takes it comes by the feed."""


def on_failed(tx: Transaction, intent: Intent, failure: OutgoingFailure) -> None:
    """It could not be handed over within an hour, or was refused."""
    send = intent.read(Send)
    code = "send_timed_out" if failure.code in ("", "failed", "unknown") else failure.code
    record_failed(tx, send.company_id, intent.id, code, failure.is_unknown, clock.now(), unsigned)


SENDING = Channel(CHANNEL, put_message, on_sent, on_failed, max_attempts=30)
