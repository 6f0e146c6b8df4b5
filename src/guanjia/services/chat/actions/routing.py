"""The routing job's deeds: give the queue to free agents, hand back what waits too long, mark what is left
off-hours. One runner does it, so that capacity needs no lock; people's own acts meet it at the conversation's lock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Transaction
from guanjia.services.chat.actions.assignments import give, give_back, present_group
from guanjia.services.chat.actions.conversations import Held, hold, record_fact
from guanjia.services.chat.actions.delivery import say
from guanjia.services.chat.models import agents, conversations, groups
from guanjia.services.chat.queries.people import company_of, group_row, online_candidates
from guanjia.services.chat.queries.routing import LOOKED_AT, first_of_queue, queue_of
from guanjia.services.chat.queries.texts import greetings_of
from guanjia.services.chat.rules import conversation as rules
from guanjia.services.chat.rules.hours import calendar_of
from guanjia.services.chat.rules.routing import pick_agent
from guanjia.services.chat.rules.texts import find_greeting, local_time

BATCH = 20


def hand_back_overdue(tx: Transaction, company_id: str, conversation_id: str, at: datetime) -> None:
    """Its agent did not answer in time: back to the queue, unless somebody was quicker."""
    held = hold(tx, company_id, conversation_id)
    if rules.is_overdue(held.c, at):
        give_back(held, at, "no_answer")
        held.save()


def hand_back_left(tx: Transaction, company_id: str, conversation_id: str, at: datetime) -> None:
    """Its agent is gone: back to the queue, unless he is back or somebody was quicker."""
    held = hold(tx, company_id, conversation_id)
    c = held.c
    if c.agent_id is None or not rules.is_left_by(c, at):
        return
    row = tx.one(sa.select(agents.c.status, agents.c.lease_until).where(agents.c.id == c.agent_id))
    if row is not None and row.status == "offline" and row.lease_until is None:
        give_back(held, at, "offline")
        held.save()


def serve_queue(tx: Transaction, company_id: str, group_id: str, at: datetime) -> bool:
    """Serve up to 20 of a group's queue, the oldest first; whether there may be more to do now."""
    group = group_row(tx, company_id, group_id)
    if group is None or not group.is_active:
        return _move_to_default(tx, company_id, group_id, at)
    if not calendar_of(group.hours).is_open(at):
        return _mark_left(tx, group, at)
    has_more = _assign_some(tx, group, at)
    if not has_more:
        _tell_queue(tx, group, at)
    return has_more


def _move_to_default(tx: Transaction, company_id: str, group_id: str, at: datetime) -> bool:
    waiting = queue_of(tx, company_id, group_id, BATCH)
    for row in waiting:
        held = hold(tx, company_id, row.id)
        if held.c.phase == "queue" and held.c.group_id == group_id:
            default = present_group(tx, held.c)
            if default.id != group_id:
                rules.enqueue(held.c, at, default.id, default.name, default.hand_back_seconds)
                held.save()
    return len(waiting) == BATCH


def _mark_left(tx: Transaction, group: Row[Any], at: datetime) -> bool:
    """Off-hours: who waits left a message; he is told so once, and is first when the group opens."""
    waiting = queue_of(tx, group.company_id, group.id, BATCH, conversations.c.is_left_message.is_(sa.false()))
    for row in waiting:
        held = hold(tx, group.company_id, row.id)
        c = held.c
        if c.phase != "queue" or c.group_id != group.id or c.is_left_message:
            continue
        c.is_left_message = True
        held.line("left_message", at, group_name=group.name)
        if c.waiting_since is not None:
            record_fact(tx, c, "left", at)
            if not c.is_off_hours_told:
                c.is_off_hours_told = _say_off_hours(held, group, at)
        held.save()
    return len(waiting) == BATCH


def _say_off_hours(held: Held, group: Row[Any], at: datetime) -> bool:
    text = group.off_hours_text
    if not text:
        local = local_time(at, company_of(held.tx, group.company_id).time_zone)
        greeting = find_greeting(greetings_of(held.tx, group.company_id), "off_hours", local)
        text = "" if greeting is None else greeting.text
    return bool(text) and say(held, "off_hours", text, at)


def _assign_some(tx: Transaction, group: Row[Any], at: datetime) -> bool:
    candidates = online_candidates(tx, group)
    if not any(one.is_free for one in candidates):
        return False
    given = 0
    for row in queue_of(tx, group.company_id, group.id, LOOKED_AT):
        if given == BATCH:
            return True
        chosen = pick_agent(
            candidates,
            preferred=row.preferred_agent_id,
            avoided=row.avoided_agent_id,
            text=row.needed_text,
        )
        if chosen is None:
            continue
        held = hold(tx, group.company_id, row.id)
        if held.c.phase != "queue" or held.c.group_id != group.id:
            continue
        give(held, at, chosen.id, chosen.name, "routing")
        held.save()
        chosen.load += 1
        chosen.last_assigned = at.timestamp()
        given += 1
    return False


def _tell_queue(tx: Transaction, group: Row[Any], at: datetime) -> None:
    """Tell who must wait how many are before him, once, if the company switched that on."""
    local = local_time(at, company_of(tx, group.company_id).time_zone)
    notice = find_greeting(greetings_of(tx, group.company_id), "queued", local)
    if notice is None:
        return
    for ahead, row in enumerate(queue_of(tx, group.company_id, group.id, BATCH)):
        if row.is_queue_told or row.waiting_since is None:
            continue
        held = hold(tx, group.company_id, row.id)
        if held.c.phase == "queue" and not held.c.is_queue_told:
            held.c.is_queue_told = True
            say(held, "queued", notice.text, at, ahead=str(ahead))
            held.save()


def place_queue(tx: Transaction, company_id: str, group_id: str) -> None:
    """Number the first of a queue; who stands further back has no number."""
    for conversation_id, place in first_of_queue(tx, company_id, group_id):
        held = hold(tx, company_id, conversation_id)
        if held.c.phase == "queue" and held.c.group_id == group_id:
            held.c.queue_position = place
            held.save()


def close_idle(tx: Transaction, company_id: str, conversation_id: str, before: datetime, at: datetime) -> None:
    """End a conversation that only the bot had, a day after its last word."""
    held = hold(tx, company_id, conversation_id)
    if held.c.phase == "auto" and held.c.last_at <= before:
        rules.close(held.c, at, "", "")
        held.save()


def rescope_group(tx: Transaction, company_id: str, group_id: str, limit: int = 100) -> bool:
    """Write the access rows of the next conversations of a group anew; whether there are more."""
    group = group_row(tx, company_id, group_id)
    if group is None or group.rescope_after is None:
        return False
    rows = tx.rows(
        sa.select(conversations.c.id)
        .where(
            conversations.c.company_id == company_id,
            conversations.c.group_id == group_id,
            conversations.c.id > group.rescope_after,
        )
        .order_by(conversations.c.id)
        .limit(limit)
    )
    for row in rows:
        held = hold(tx, company_id, row.id)
        if held.c.group_id == group_id:
            held.c.group_name = group.name
            held.rescope()
            held.save()
    is_end = len(rows) < limit
    # Unless the group moved again meanwhile: then it begins anew.
    tx.execute(
        groups.update()
        .where(groups.c.id == group_id, groups.c.rescope_after == group.rescope_after)
        .values(rescope_after=None if is_end else rows[-1].id)
    )
    return not is_end
