"""Messages of a conversation, and where a message has come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.chat import MessageView, Person
from guanjia.kit.auth import Caller
from guanjia.kit.database import Prepared, Reading
from guanjia.kit.errors import NotFound
from guanjia.kit.http import Items
from guanjia.services.chat.models import assignments, messages, outbound
from guanjia.services.chat.queries.conversations import find_visible
from guanjia.services.chat.schemas.conversations import Step

LONGEST_PAGE = 200

# Gives a stored file a signed, short-lived address (``Files.address``).
Address = Callable[[str], str]


def message_view(message: Mapping[Any, Any], address: Address) -> MessageView:
    """A message's row as replies and events show it."""
    return MessageView(
        id=message["id"],
        conversation_id=message["conversation_id"],
        number=message["number"],
        author=Person(kind=message["author_kind"], id=message["author_id"], name=message["author_name"]),
        is_note=message["is_note"],
        kind=message["kind"],
        content=message["content"],
        media_state=message["media_state"],
        media_url=address(message["file"]) if message["file"] else "",
        media_type=message["media_type"],
        state=message["state"],
        failure=message["failure"],
        push_id=message["push_id"] or "",
        client_id=message["client_id"] or "",
        sent_at=message["sent_at"],
        at=message["at"],
    )


def list_messages(
    reading: Reading,
    caller: Caller,
    conversation_id: str,
    before: int | None,
    after: int | None,
    limit: int,
    address: Address,
) -> Items[MessageView]:
    """Messages by number, ascending: the newest, or those before or after a number. ``next`` is the number at which
    the reading goes on in the same direction, or null."""
    find_visible(reading, caller, conversation_id)
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = sa.select(messages).where(
        messages.c.company_id == caller.company_id, messages.c.conversation_id == conversation_id
    )
    number = messages.c.number
    if after is not None:
        statement = statement.where(number > after)
        if before is not None:
            statement = statement.where(number < before)
        rows = list(reading.rows(statement.order_by(number).limit(limit + 1)))
    else:
        if before is not None:
            statement = statement.where(number < before)
        rows = list(reading.rows(statement.order_by(number.desc()).limit(limit + 1)))
    has_more = len(rows) > limit
    rows = rows[:limit]
    following = str(rows[-1].number) if has_more else None
    if after is None:
        rows.reverse()
    return Items(items=[message_view(row._mapping, address) for row in rows], next=following)


def find_message(reading: Reading, company_id: str, message_id: str) -> Row[Any] | None:
    """A message by its own id."""
    return reading.one(sa.select(messages).where(messages.c.id == message_id, messages.c.company_id == company_id))


_BY_PUSH = Prepared(
    sa.select(messages).where(
        messages.c.company_id == sa.bindparam("company_id"), messages.c.push_id == sa.bindparam("push_id")
    )
)


def find_by_push(reading: Reading, company_id: str, push_id: str) -> Row[Any] | None:
    """The message that a push became."""
    row: Row[Any] | None = reading.hot_one(_BY_PUSH, company_id=company_id, push_id=push_id)
    return row


def find_by_client(reading: Reading, company_id: str, conversation_id: str, client_id: str) -> Row[Any] | None:
    """The message that a client sent under its own name."""
    return reading.one(
        sa.select(messages).where(
            messages.c.company_id == company_id,
            messages.c.conversation_id == conversation_id,
            messages.c.client_id == client_id,
        )
    )


def find_outbound(reading: Reading, company_id: str, outbound_id: str) -> Row[Any] | None:
    """The try of going out that bears an id."""
    return reading.one(sa.select(outbound).where(outbound.c.company_id == company_id, outbound.c.id == outbound_id))


def count_unread(reading: Reading, company_id: str, conversation_id: str, after: int) -> int:
    """Customer messages after a number."""
    return int(
        reading.scalar(
            sa.select(sa.func.count()).where(
                messages.c.company_id == company_id,
                messages.c.conversation_id == conversation_id,
                messages.c.number > after,
                messages.c.author_kind == "customer",
            )
        )
        or 0
    )


def waiting_messages(reading: Reading, company_id: str, conversation_id: str) -> tuple[datetime | None, int]:
    """When the first customer message came that no human answer followed, and how many there are; an answer that
    failed is none."""
    mine = (messages.c.company_id == company_id) & (messages.c.conversation_id == conversation_id)
    answered = reading.scalar(
        sa.select(sa.func.max(messages.c.number)).where(
            mine,
            messages.c.author_kind == "agent",
            messages.c.is_note.is_(sa.false()),
            messages.c.state.in_(("sending", "sent", "unknown")),
        )
    )
    row = reading.one(
        sa.select(sa.func.min(messages.c.at).label("since"), sa.func.count().label("number")).where(
            mine, messages.c.author_kind == "customer", messages.c.number > (answered or 0)
        )
    )
    assert row is not None
    since = row.since
    return since, int(row.number)


def message_path(reading: Reading, caller: Caller, message_or_push_id: str) -> list[Step]:
    """The stations of a message in chat: stored in its conversation, assigned, seen or written by an agent, sent."""
    # An id that is no UUID can only be a push's.
    found = find_by_push(reading, caller.company_id, message_or_push_id)
    if found is None:
        found = find_message(reading, caller.company_id, message_or_push_id)
    if found is None:
        raise NotFound()
    c = find_visible(reading, caller, found.conversation_id)
    detail: dict[str, Any] = {"conversation_id": c.id, "message_id": found.id, "number": found.number}
    steps = [Step(name="conversation", at=found.at, detail=detail)]
    tries = reading.rows(
        sa.select(outbound)
        .where(outbound.c.company_id == caller.company_id, outbound.c.message_id == found.id)
        .order_by(outbound.c.at, outbound.c.id)
    )
    if found.author_kind == "customer":
        steps += _assigned(reading, caller.company_id, c.id, found.at)
        if found.seen_at is not None:
            steps.append(Step(name="agent", at=found.seen_at, detail={"agent_name": c.agent_name}))
    elif found.author_kind == "agent":
        steps.append(Step(name="agent", at=found.at, detail={"agent_name": found.author_name}))
    for one in tries:
        steps.append(Step(name="sending", at=one.at, detail={"outbound_id": one.id}))
        if one.ended_at is not None:
            ended: dict[str, Any] = {"outbound_id": one.id, "failure": one.failure}
            name = "sent" if one.state == "sent" else "failed"
            steps.append(Step(name="sent" if name == "sent" else "failed", at=one.ended_at, detail=ended))
    return steps


def _assigned(reading: Reading, company_id: str, conversation_id: str, at: datetime) -> list[Step]:
    """Who had the conversation when the message came, or got it first afterwards."""
    row = reading.one(
        sa.select(assignments)
        .where(
            assignments.c.company_id == company_id,
            assignments.c.conversation_id == conversation_id,
            sa.or_(assignments.c.ended_at.is_(None), assignments.c.ended_at >= at),
        )
        .order_by(assignments.c.began_at, assignments.c.id)
        .limit(1)
    )
    if row is None:
        return []
    detail = {"agent_id": row.agent_id, "agent_name": row.agent_name, "reason": row.reason}
    return [Step(name="assigned", at=max(row.began_at, at), detail=detail)]
