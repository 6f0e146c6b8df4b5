"""What the routing job looks at: queues, due times, agents who left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from guanjia.kit.database import Reading
from guanjia.services.chat.models import agents, conversations, fans, greetings, groups
from guanjia.services.chat.queries.people import group_row, online_candidates
from guanjia.services.chat.rules.conversation import LIVE_SECONDS
from guanjia.services.chat.rules.hours import calendar_of

PLACES = 20
LOOKED_AT = 100
BATCH = 100

Own = tuple[str, str]


def queues(reading: Reading) -> list[Own]:
    """(company, group) of every queue that is not empty."""
    c = conversations.c
    rows = reading.rows(sa.select(c.company_id, c.group_id).where(c.phase == "queue").distinct())
    return [(row.company_id, row.group_id) for row in rows]


def queue_of(
    reading: Reading, company_id: str, group_id: str, limit: int, *more: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """The first of a group's queue, the longest waiting first."""
    c = conversations.c
    return reading.rows(
        sa.select(c.id, c.preferred_agent_id, c.avoided_agent_id, c.needed_text, c.is_queue_told, c.waiting_since)
        .where(c.phase == "queue", c.company_id == company_id, c.group_id == group_id, *more)
        .order_by(c.queued_at, c.id)
        .limit(limit)
    )


def first_of_queue(reading: Reading, company_id: str, group_id: str) -> list[tuple[str, int | None]]:
    """Conversations whose stored place in the queue is not their true one, with the true one."""
    c = conversations.c
    rows = reading.rows(
        sa.select(c.id, c.queue_position)
        .where(c.phase == "queue", c.company_id == company_id, c.group_id == group_id)
        .order_by(c.queued_at, c.id)
        .limit(LOOKED_AT)
    )
    places = [(row, place if place <= PLACES else None) for place, row in enumerate(rows, 1)]
    return [(row.id, place) for row, place in places if row.queue_position != place]


def needs_service(reading: Reading, company_id: str, group_id: str, at: datetime) -> bool:
    """Whether the routing job can do something about a queue: somebody is free, somebody is to be told that he
    waits, or the group is closed or gone."""
    group = group_row(reading, company_id, group_id)
    if group is None or not group.is_active:
        return True
    if not calendar_of(group.hours).is_open(at):
        return bool(queue_of(reading, company_id, group_id, 1, conversations.c.is_left_message.is_(sa.false())))
    if any(one.is_free for one in online_candidates(reading, group)):
        return True
    notice = sa.select(greetings.c.id).where(
        greetings.c.company_id == company_id, greetings.c.kind == "queued", greetings.c.is_on.is_(sa.true())
    )
    return reading.one(notice) is not None


def overdue(reading: Reading, at: datetime) -> list[Own]:
    """(company, conversation) whose agent let the time for an answer pass."""
    c = conversations.c
    rows = reading.rows(
        sa.select(c.company_id, c.id).where(c.answer_due_at <= at).order_by(c.answer_due_at, c.id).limit(BATCH)
    )
    return [(row.company_id, row.id) for row in rows]


def left(reading: Reading, at: datetime) -> list[Own]:
    """(company, conversation) whose agent is offline for good while the customer waits or was just talking."""
    c = conversations.c
    rows = reading.rows(
        sa.select(c.company_id, c.id)
        .join(agents, sa.and_(agents.c.id == c.agent_id, agents.c.company_id == c.company_id))
        .where(
            agents.c.status == "offline",
            agents.c.lease_until.is_(None),
            c.phase == "open",
            sa.or_(c.waiting_since.is_not(None), c.last_at >= at - timedelta(seconds=LIVE_SECONDS)),
        )
        .limit(BATCH)
    )
    return [(row.company_id, row.id) for row in rows]


def has_lapsed(reading: Reading, real_at: datetime) -> bool:
    """Whether an agent's lease has run out."""
    return reading.one(sa.select(agents.c.id).where(agents.c.lease_until <= real_at).limit(1)) is not None


def next_due(reading: Reading, at: datetime, real_at: datetime) -> datetime | None:
    """When routing is next due: an answer falls due, a lease ends, a group with a queue opens or closes."""
    found: list[datetime] = []
    due = reading.scalar(
        sa.select(sa.func.min(conversations.c.answer_due_at, type_=conversations.c.answer_due_at.type))
    )
    if due is not None:
        found.append(due)
    lease = reading.scalar(sa.select(sa.func.min(agents.c.lease_until, type_=agents.c.lease_until.type)))
    if lease is not None:
        found.append(at + (lease - real_at))
    for company_id, group_id in queues(reading):
        group = group_row(reading, company_id, group_id)
        if group is not None and (change := calendar_of(group.hours).next_change(at)) is not None:
            found.append(change)
    return min(found, default=None)


def idle_with_bot(reading: Reading, before: datetime) -> list[Own]:
    """(company, conversation) that the bot has and where nobody spoke since ``before``."""
    c = conversations.c
    rows = reading.rows(sa.select(c.company_id, c.id).where(c.phase == "auto", c.last_at <= before).limit(BATCH))
    return [(row.company_id, row.id) for row in rows]


def moved_groups(reading: Reading) -> list[Own]:
    """(company, group) whose conversations' access rows are to be written anew."""
    rows = reading.rows(sa.select(groups.c.company_id, groups.c.id).where(groups.c.rescope_after.is_not(None)))
    return [(row.company_id, row.id) for row in rows]


def unknown_fans(reading: Reading) -> Sequence[Row[Any]]:
    """Fans whose customer could not be found out when they wrote, the oldest first."""
    return reading.rows(sa.select(fans).where(fans.c.customer_id == "").order_by(fans.c.first_seen_at).limit(BATCH))
