"""wechat's feed: a customer's message is stored at once, whatever else is away."""

from __future__ import annotations

import logging

from guanjia.contracts.crm import CrmClient, IdentityDraft, ResolvedCustomer
from guanjia.contracts.wechat import (
    EventReceived,
    FanChanged,
    MediaFailed,
    MediaStored,
    MessageDispatched,
    MessageFailed,
    MessageReceived,
    MessageSent,
    WindowChanged,
)
from guanjia.kit.database import Transaction
from guanjia.kit.errors import GuanjiaError
from guanjia.kit.feed import FeedRow, Hears, Plan
from guanjia.kit.service import Context
from guanjia.services.chat.actions import delivery, fans, receiving
from guanjia.services.chat.queries.people import find_fan
from guanjia.services.chat.rules.hints import ROUTING

log = logging.getLogger(__name__)


async def _find_customer(
    context: Context, company_id: str, account_id: str, openid: str, name: str = ""
) -> ResolvedCustomer | None:
    """The customer behind a fan who is unknown here; None when he is known, or ``crm`` can't say now (a job asks
    again): the message is stored in any case."""
    fan = await context.database.read(find_fan, company_id, account_id, openid)
    if fan is not None and fan.customer_id:
        return None
    known = name or ("" if fan is None else fan.name)
    identity = IdentityDraft(kind="wechat", scope=account_id, value=openid, name=known)
    try:
        return (await CrmClient(context.calls).resolve(company_id, [identity]))[0]
    except GuanjiaError as error:
        log.warning("crm could not say who a fan of %s is: %s", account_id, error.code)
        return None


async def on_message_received(context: Context, event: MessageReceived, row: FeedRow) -> Plan:
    """A fan wrote."""
    company_id, address = row.company_id, context.files.address
    customer = await _find_customer(context, company_id, event.account_id, event.openid, event.fan_name)
    return lambda tx: receiving.receive_message(tx, company_id, event, customer, address)


async def on_event_received(_context: Context, event: EventReceived, row: FeedRow) -> Plan:
    """A fan followed, scanned, tapped."""
    company_id = row.company_id
    return lambda tx: receiving.receive_event(tx, company_id, event)


async def on_message_dispatched(context: Context, event: MessageDispatched, row: FeedRow) -> Plan:
    """The providers are through: their replies, and whether a person must take it."""
    company_id = row.company_id
    customer = None
    if event.outcome == "human":
        customer = await _find_customer(context, company_id, event.account_id, event.openid)

    def plan(tx: Transaction) -> None:
        receiving.record_dispatch(tx, company_id, event, customer)
        tx.afterwards(lambda: context.live.publish(ROUTING))

    return plan


async def on_message_sent(context: Context, event: MessageSent, row: FeedRow) -> Plan:
    """WeChat took a message."""
    company_id, address = row.company_id, context.files.address
    return lambda tx: delivery.record_sent(tx, company_id, event.message_id, event.at, address)


async def on_message_failed(context: Context, event: MessageFailed, row: FeedRow) -> Plan:
    """WeChat refused a message, or its answer was lost."""
    company_id, address = row.company_id, context.files.address
    return lambda tx: delivery.record_failed(
        tx, company_id, event.message_id, event.reason, event.is_unknown, event.at, address
    )


async def on_media_stored(context: Context, event: MediaStored, row: FeedRow) -> Plan:
    """A picture, voice or video was fetched."""
    company_id, address = row.company_id, context.files.address
    values = {"media_state": "stored", "file": event.file, "media_type": event.media_type[:80]}
    return lambda tx: receiving.record_media(tx, company_id, event.push_id, values, address)


async def on_media_failed(context: Context, event: MediaFailed, row: FeedRow) -> Plan:
    """It could not be fetched."""
    company_id, address = row.company_id, context.files.address
    values = {"media_state": "failed", "failure": event.reason[:80]}
    return lambda tx: receiving.record_media(tx, company_id, event.push_id, values, address)


async def on_window_changed(_context: Context, event: WindowChanged, row: FeedRow) -> Plan:
    """How long and how often the fan may be written to."""
    company_id = row.company_id
    return lambda tx: receiving.record_window(
        tx, company_id, event.account_id, event.openid, event.expires_at, event.remaining, event.at
    )


async def on_fan_changed(_context: Context, event: FanChanged, row: FeedRow) -> Plan:
    """A fan's name or remark."""
    company_id = row.company_id
    return lambda tx: fans.change_fan(tx, company_id, event)


CHANNEL_HEARS = (
    Hears("wechat", MessageReceived, on_message_received),
    Hears("wechat", EventReceived, on_event_received),
    Hears("wechat", MessageDispatched, on_message_dispatched),
    Hears("wechat", MessageSent, on_message_sent),
    Hears("wechat", MessageFailed, on_message_failed),
    Hears("wechat", MediaStored, on_media_stored),
    Hears("wechat", MediaFailed, on_media_failed),
    Hears("wechat", WindowChanged, on_window_changed),
    Hears("wechat", FanChanged, on_fan_changed),
)
