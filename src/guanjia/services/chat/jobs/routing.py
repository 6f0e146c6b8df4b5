"""Routing: presence ends, conversations go back to the queue, the queue goes to free agents."""

from __future__ import annotations

from datetime import datetime

from guanjia.kit import clock
from guanjia.kit.service import Context
from guanjia.services.chat.actions import presence, routing
from guanjia.services.chat.queries import routing as queries

LAPSES = 100


async def route_conversations(context: Context) -> datetime | None:
    """One round; the answer is when the next thing falls due. Every 2 seconds, earlier on hints and clock moves."""
    database, at, real_at = context.database, clock.now(), clock.real_now()
    if await database.read(queries.has_lapsed, real_at):
        while await database.write(presence.lapse, at, real_at) == LAPSES:
            pass
    for company_id, conversation_id in await database.read(queries.overdue, at):
        await database.write(routing.hand_back_overdue, company_id, conversation_id, at)
    for company_id, conversation_id in await database.read(queries.left, at):
        await database.write(routing.hand_back_left, company_id, conversation_id, at)
    for company_id, group_id in await database.read(queries.queues):
        if await database.read(queries.needs_service, company_id, group_id, at):
            while await database.write(routing.serve_queue, company_id, group_id, at):
                pass
        if await database.read(queries.first_of_queue, company_id, group_id):
            await database.write(routing.place_queue, company_id, group_id)
    return await database.read(queries.next_due, at, real_at)
