"""The way out: a stored message is given to the channel under an id of its own, and its fate comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from guanjia.contracts.chat import Person
from guanjia.contracts.wechat import OutboundMessage
from guanjia.kit.database import Transaction, new_id
from guanjia.kit.errors import Conflict
from guanjia.kit.outgoing import enqueue
from guanjia.services.chat.actions.conversations import Held, hold, record_fact, unsigned
from guanjia.services.chat.models import outbound
from guanjia.services.chat.queries.messages import Address, find_message, find_outbound, waiting_messages
from guanjia.services.chat.queries.people import find_fan, group_row
from guanjia.services.chat.queries.texts import text_values
from guanjia.services.chat.rules import conversation as rules
from guanjia.services.chat.rules.conversation import Conversation
from guanjia.services.chat.rules.hours import calendar_of
from guanjia.services.chat.rules.texts import clip, render

CHANNEL = "wechat"


def find_obstacle(tx: Transaction, c: Conversation, at: datetime) -> str:
    """Why WeChat would not take a message now, as far as it is known here: a code, or empty."""
    fan = find_fan(tx, c.company_id, c.account_id, c.openid)
    if fan is None or not fan.is_window_known:
        return ""
    if fan.window_expires_at is None or fan.window_expires_at <= at:
        return "window_closed"
    return "sends_used_up" if fan.window_remaining <= 0 else ""


def check_window(tx: Transaction, c: Conversation, at: datetime) -> None:
    """Conflict ``window_closed`` (48 hours are over) or ``sends_used_up`` (the customer must write first)."""
    if obstacle := find_obstacle(tx, c, at):
        raise Conflict(obstacle)


def deliver(
    tx: Transaction,
    c: Conversation,
    outbound_id: str,
    message_id: str,
    kind: str,
    content: dict[str, Any],
    at: datetime,
) -> None:
    """Give a stored message to the channel; those of one conversation keep their order."""
    tx.execute(
        outbound.insert().values(
            company_id=c.company_id,
            id=outbound_id,
            message_id=message_id,
            conversation_id=c.id,
            state="sending",
            failure="",
            at=at,
            ended_at=None,
        )
    )
    message = OutboundMessage(account_id=c.account_id, openid=c.openid, kind=kind, content=content)
    body = {"company_id": c.company_id, "message": message}
    enqueue(tx, CHANNEL, c.id, body, id=outbound_id, is_repeatable=True)


def add_outgoing(
    held: Held,
    author: Person,
    kind: str,
    content: dict[str, Any],
    at: datetime,
    *,
    address: Address = unsigned,
    **more: Any,
) -> dict[str, Any]:
    """Store a message for the customer and give it to the channel."""
    message_id = new_id()
    values = held.add(
        author, kind, content, at, address=address, id=message_id, state="sending", outbound_id=message_id, **more
    )
    assert values is not None
    deliver(held.tx, held.c, message_id, message_id, kind, content, at)
    return values


def say(held: Held, key: str, text: str, at: datetime, **more: str) -> bool:
    """Send the customer a text of the platform's own, unless WeChat would refuse it; it is nobody's answer."""
    if find_obstacle(held.tx, held.c, at):
        return False
    values = text_values(held.tx, held.c, at, held.c.agent_name)
    content = {"content": clip(render(text, {**values, **more}))}
    add_outgoing(held, Person(kind="bot", id=key), "text", content, at)
    return True


def record_sent(tx: Transaction, company_id: str, outbound_id: str, at: datetime, address: Address) -> None:
    """The channel took it. The first human answer that reaches the customer stops the clock of the first answer."""
    one = find_outbound(tx, company_id, outbound_id)
    if one is None or one.state == "sent":
        return
    held = hold(tx, company_id, one.conversation_id)
    _end(tx, company_id, outbound_id, "sent", "", at)
    message = find_message(tx, company_id, one.message_id)
    assert message is not None
    if message.state != "sent":
        held.change_message(message.id, address, state="sent", failure="")
    if message.author_kind == "agent" and message.kind != "menu":
        _count_first_answer(tx, held.c, at, message.author_id)
    held.save()


def _count_first_answer(tx: Transaction, c: Conversation, at: datetime, agent_id: str) -> None:
    if c.first_answer_at is not None or c.requested_at is None:
        return
    group = group_row(tx, c.company_id, c.group_id)
    seconds = (at - c.requested_at).total_seconds()
    if group is not None:
        seconds = calendar_of(group.hours).working_between(c.requested_at, at)
    if rules.first_answered(c, at, max(0, round(seconds))):
        record_fact(tx, c, "first_answer", at, c.first_answer_seconds or 0, agent_id=agent_id)


def record_failed(
    tx: Transaction, company_id: str, outbound_id: str, reason: str, is_unknown: bool, at: datetime, address: Address
) -> None:
    """The channel refused it, or nobody knows. A human answer that was refused leaves the customer waiting."""
    one = find_outbound(tx, company_id, outbound_id)
    if one is None or one.state != "sending":
        return
    held = hold(tx, company_id, one.conversation_id)
    state = "unknown" if is_unknown else "failed"
    reason = reason[:80]
    _end(tx, company_id, outbound_id, state, reason, at)
    message = find_message(tx, company_id, one.message_id)
    assert message is not None
    if message.outbound_id == outbound_id and message.state != "sent":
        held.change_message(message.id, address, state=state, failure=reason)
        if message.author_kind == "agent" and message.kind != "menu" and not is_unknown:
            since, pending = waiting_messages(tx, company_id, held.c.id)
            if since is not None:
                rules.answer_lost(held.c, since, pending)
    held.save()


def _end(tx: Transaction, company_id: str, outbound_id: str, state: str, failure: str, at: datetime) -> None:
    tx.execute(
        outbound.update()
        .where(outbound.c.company_id == company_id, outbound.c.id == outbound_id)
        .values(state=state, failure=failure, ended_at=at)
    )
