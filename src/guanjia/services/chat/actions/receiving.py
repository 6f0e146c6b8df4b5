"""What the channel tells: messages and media of customers, events of fans, replies of providers, windows, ratings."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from guanjia.contracts.chat import Person
from guanjia.contracts.crm import ResolvedCustomer
from guanjia.contracts.wechat import EventReceived, MessageDispatched, MessageReceived
from guanjia.kit.database import Transaction, is_id, new_id
from guanjia.services.chat.actions.assignments import route
from guanjia.services.chat.actions.companies import ensure_company
from guanjia.services.chat.actions.conversations import (
    Held,
    hold,
    hold_open,
    open_conversation,
    record_fact,
)
from guanjia.services.chat.actions.fans import meet_fan
from guanjia.services.chat.models import facts, outbound
from guanjia.services.chat.queries.conversations import load
from guanjia.services.chat.queries.messages import Address, find_by_push, find_outbound
from guanjia.services.chat.rules import conversation as rules

MEDIA_KINDS = frozenset({"image", "voice", "video", "shortvideo"})
RATING_EDIT = timedelta(hours=24)
_RATING = re.compile(r"rating:([0-9a-f-]{36}):([1-5])\Z")


def receive_message(
    tx: Transaction,
    company_id: str,
    event: MessageReceived,
    customer: ResolvedCustomer | None,
    address: Address,
) -> None:
    """Store a customer's message at once: in the fan's open conversation, or in a new one that the bot has first."""
    if find_by_push(tx, company_id, event.push_id) is not None:
        return
    ensure_company(tx, company_id)
    window = {
        "window_expires_at": event.window_expires_at,
        "window_remaining": event.window_remaining,
        "is_window_known": True,
    }
    fan = meet_fan(
        tx, company_id, event.account_id, event.openid, event.at, customer,
        account_name=event.account_name, name=event.fan_name, **window,
    )  # fmt: skip
    is_media = event.kind in MEDIA_KINDS
    more: dict[str, Any] = {
        "state": "received",
        "push_id": event.push_id,
        "menu_item_id": event.menu_item_id[:80],
        "sent_at": event.sent_at,
        "media_state": "pending" if is_media else "none",
        "address": address,
    }
    author = Person(kind="customer", id=fan["customer_id"], name=fan["shown_name"])
    kind = event.kind[:40]
    if (rated := _rated(tx, company_id, event)) is not None:
        held, score = rated
        if held.add(author, kind, event.content, event.at, **more) is not None:
            _rate(held, score, event.at)
            held.save()
        return
    held = open_conversation(
        tx,
        company_id,
        account_id=event.account_id,
        account_name=fan["account_name"],
        openid=event.openid,
        customer_id=fan["customer_id"],
        customer_name=fan["shown_name"],
        at=event.at,
        **window,
    )
    if held.add(author, kind, event.content, event.at, **more) is not None:
        held.c.window_expires_at, held.c.window_remaining = event.window_expires_at, event.window_remaining
        held.c.is_window_known = True
        rules.customer_wrote(held.c, event.at)
        held.save()


def _rated(tx: Transaction, company_id: str, event: MessageReceived) -> tuple[Held, int] | None:
    """The conversation that a tapped menu item rates, with the score; None when it is no rating of this fan's."""
    found = _RATING.match(event.menu_item_id)
    if found is None or not is_id(found[1]):
        return None
    c = load(tx, company_id, found[1])
    if c is None or (c.account_id, c.openid) != (event.account_id, event.openid) or not c.is_rating_invited:
        return None
    return hold(tx, company_id, c.id), int(found[2])


def _rate(held: Held, score: int, at: datetime) -> None:
    """The first tap counts; another within 24 hours changes it, later ones change nothing."""
    c = held.c
    if c.rated_at is not None and at - c.rated_at > RATING_EDIT:
        return
    if c.rated_at is None:
        c.rated_at = at
        record_fact(held.tx, c, "rated", at, score)
    elif c.rating != score:
        held.tx.execute(
            facts.update()
            .where(
                facts.c.company_id == c.company_id,
                facts.c.conversation_id == c.id,
                facts.c.name == "rated",
            )
            .values(value=score)
        )
    if c.rating != score:
        c.rating = score
        held.line("rated", at, score=score)


_LINES = {
    "subscribe": "fan_subscribed",
    "unsubscribe": "fan_unsubscribed",
    "scan": "fan_scanned",
    "click": "menu_clicked",
    "view": "menu_viewed",
    "view_miniprogram": "menu_viewed",
}


def receive_event(tx: Transaction, company_id: str, event: EventReceived) -> None:
    """A fan did something: a line in his open conversation, or nothing."""
    code = _LINES.get(event.event)
    if code is None or find_by_push(tx, company_id, event.push_id) is not None:
        return
    held = hold_open(tx, company_id, event.account_id, event.openid)
    if held is None:
        return
    content: dict[str, Any] = {"code": code}
    if code == "fan_scanned":
        content["scene"] = event.event_key
    elif code == "menu_clicked":
        content["key"] = event.event_key
    elif code == "menu_viewed":
        content["url"] = event.event_key
    more: dict[str, Any] = {"push_id": event.push_id, "sent_at": event.sent_at}
    held.add(Person(kind="system"), "system", content, event.at, **more)
    held.save()


def record_dispatch(
    tx: Transaction, company_id: str, event: MessageDispatched, customer: ResolvedCustomer | None
) -> None:
    """What the providers made of a push: their replies stand in the conversation; what nobody answered, or a
    provider wants a person for, goes to a group's queue."""
    message = find_by_push(tx, company_id, event.push_id)
    is_words = message is not None and message.author_kind == "customer"
    if message is not None:
        held: Held | None = hold(tx, company_id, message.conversation_id)
        if _RATING.match(message.menu_item_id):
            is_words = False
    else:
        held = hold_open(tx, company_id, event.account_id, event.openid)
    wants_person = event.outcome == "human" or (event.outcome == "unhandled" and is_words)
    if event.outcome == "human" and (held is None or not held.c.is_open):
        held = _open_for(tx, company_id, event, customer)
    if held is None:
        return
    for reply in event.replies:
        if reply.id and find_outbound(tx, company_id, reply.id) is not None:
            continue
        message_id = reply.id if is_id(reply.id) else new_id()
        author = Person(kind="bot", id=event.provider[:80])
        file = str(reply.content.get("file") or "")
        held.add(
            author, reply.kind[:40], reply.content, event.at, id=message_id, state="sending",
            outbound_id=message_id, file=file, media_state="stored" if file else "none",
        )  # fmt: skip
        tx.execute(
            outbound.insert().values(
                company_id=company_id, id=reply.id or message_id, message_id=message_id,
                conversation_id=held.c.id, state="sending", failure="", at=event.at, ended_at=None,
            )
        )  # fmt: skip
    if wants_person and held.c.phase == "auto":
        text = ""
        if message is not None:
            text = str(message.content.get("content") or message.content.get("recognition") or "")
        route(held, event.at, named=event.group, text=text)
    held.save()


def _open_for(tx: Transaction, company_id: str, event: MessageDispatched, customer: ResolvedCustomer | None) -> Held:
    """A conversation for a fan who asked for a person by an event, a menu key for instance."""
    ensure_company(tx, company_id)
    fan = meet_fan(tx, company_id, event.account_id, event.openid, event.at, customer)
    held = open_conversation(
        tx,
        company_id,
        account_id=event.account_id,
        account_name=fan["account_name"],
        openid=event.openid,
        customer_id=fan["customer_id"],
        customer_name=fan["shown_name"],
        at=event.at,
        window_expires_at=fan["window_expires_at"],
        window_remaining=fan["window_remaining"],
        is_window_known=fan["is_window_known"],
    )
    if held.c.pending == 0:
        held.c.pending = 1  # he waits, though he has written nothing yet
    return held


def record_media(tx: Transaction, company_id: str, push_id: str, values: dict[str, Any], address: Address) -> None:
    """The media of a customer's message was fetched, or could not be."""
    message = find_by_push(tx, company_id, push_id)
    if message is None or message.media_state == "stored":
        return
    held = hold(tx, company_id, message.conversation_id)
    held.change_message(message.id, address, **values)
    held.save()


def record_window(
    tx: Transaction,
    company_id: str,
    account_id: str,
    openid: str,
    expires_at: datetime | None,
    remaining: int,
    at: datetime,
) -> None:
    """How long and how often the fan may be written to."""
    meet_fan(
        tx, company_id, account_id, openid, at, None,
        window_expires_at=expires_at, window_remaining=remaining, is_window_known=True,
    )  # fmt: skip
    held = hold_open(tx, company_id, account_id, openid)
    if held is not None:
        held.c.window_expires_at, held.c.window_remaining = expires_at, remaining
        held.c.is_window_known = True
        held.save()
