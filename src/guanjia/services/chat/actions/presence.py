"""Presence of agents: what they chose, kept alive by heartbeats under a lease of real time, written as intervals."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import Conflict
from guanjia.services.chat.actions.conversations import publish_agent
from guanjia.services.chat.models import agents, conversations, presences
from guanjia.services.chat.rules.conversation import OFFLINE_SECONDS
from guanjia.services.chat.schemas.people import Presence, Status

LEASE = timedelta(seconds=OFFLINE_SECONDS)


def set_presence(tx: Transaction, caller: Caller, status: Status, at: datetime, real_at: datetime) -> Presence:
    """The agent says what he is. Gone offline, he keeps his conversations for another minute.

    Conflict ``not_an_agent`` for staff who may not write in conversations.
    """
    lock(tx, "agent", caller.id)
    row = tx.one(sa.select(agents).where(agents.c.id == caller.id, agents.c.company_id == caller.company_id))
    if row is None or not row.is_agent or not row.is_active:
        raise Conflict("not_an_agent")
    values = {"chosen": status, "last_seen_at": at, "lease_until": real_at + LEASE}
    if status == "offline" and row.status == "offline":
        values["lease_until"] = row.lease_until
    tx.execute(agents.update().where(agents.c.id == caller.id).values(**values))
    if status == "online":
        tx.execute(
            conversations.update()
            .where(
                conversations.c.company_id == caller.company_id,
                conversations.c.phase == "queue",
                conversations.c.avoided_agent_id == caller.id,
            )
            .values(avoided_agent_id=None)
        )
    return change_status(tx, caller.company_id, caller.id, status, at)


def change_status(tx: Transaction, company_id: str, agent_id: str, status: Status, at: datetime) -> Presence:
    """Write the status that counts, its interval and its event; nothing when it is so already."""
    row = tx.one(sa.select(agents.c.status, agents.c.since).where(agents.c.id == agent_id))
    assert row is not None
    if row.status == status:
        return Presence(status=status, since=row.since)
    tx.execute(agents.update().where(agents.c.id == agent_id).values(status=status, since=at))
    tx.execute(
        presences.update()
        .where(
            presences.c.company_id == company_id,
            presences.c.agent_id == agent_id,
            presences.c.ended_at.is_(None),
        )
        .values(ended_at=at)
    )
    if status != "offline":
        tx.execute(
            presences.insert().values(
                id=new_id(), company_id=company_id, agent_id=agent_id, status=status, began_at=at, ended_at=None
            )
        )
    publish_agent(tx, company_id, agent_id)
    return Presence(status=status, since=at)


def beat(tx: Transaction, caller: Caller, at: datetime, real_at: datetime) -> tuple[Presence, bool]:
    """The agent's page is alive. Whoever lapsed meanwhile gets back what he had chosen, which is said."""
    lock(tx, "agent", caller.id)
    row = tx.one(sa.select(agents).where(agents.c.id == caller.id, agents.c.company_id == caller.company_id))
    if row is None or not row.is_agent or not row.is_active:
        raise Conflict("not_an_agent")
    if row.chosen == "offline":
        return Presence(status="offline", since=row.since), False
    tx.execute(agents.update().where(agents.c.id == caller.id).values(lease_until=real_at + LEASE, last_seen_at=at))
    presence = change_status(tx, caller.company_id, caller.id, row.chosen, at)
    return presence, row.status != row.chosen


def touch(tx: Transaction, agent_id: str, at: datetime | None, real_at: datetime) -> None:
    """An agent acts (or, without ``at``, is called): he counts as there for a minute, whatever his status says."""
    values = {"lease_until": real_at + LEASE}
    if at is not None:
        values["last_seen_at"] = at
    tx.execute(agents.update().where(agents.c.id == agent_id).values(**values))


def lapse(tx: Transaction, at: datetime, real_at: datetime, limit: int = 100) -> int:
    """End the presence of agents whose lease has run out; says how many."""
    rows = tx.rows(
        sa.select(agents.c.id, agents.c.company_id)
        .where(agents.c.lease_until <= real_at)
        .order_by(agents.c.id)
        .limit(limit)
    )
    for row in rows:
        lock(tx, "agent", row.id)
        ended = tx.execute(
            agents.update().where(agents.c.id == row.id, agents.c.lease_until <= real_at).values(lease_until=None)
        ).rowcount
        if ended:  # else he was heard of while we waited for the lock
            change_status(tx, row.company_id, row.id, "offline", at)
    return len(rows)
