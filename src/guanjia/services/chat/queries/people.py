"""Companies, organisations, agents with their load and presence, groups as routing sees them, fans."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.auth import Caller
from guanjia.kit.database import Prepared, Reading
from guanjia.kit.errors import NotFound, Unavailable
from guanjia.services.chat.models import (
    agents,
    companies,
    conversations,
    fans,
    groups,
    members,
    organisations,
)
from guanjia.services.chat.rules.defaults import DEFAULTS
from guanjia.services.chat.rules.hours import calendar_of
from guanjia.services.chat.rules.routing import Candidate, GroupRule
from guanjia.services.chat.schemas.people import AgentView, Named, Presence

DEFAULT_TIME_ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Company:
    """What chat knows of a company."""

    id: str
    name: str
    time_zone: str


def company_of(reading: Reading, company_id: str) -> Company:
    """The company, or what stands in for it until its event has come."""
    row = reading.one(sa.select(companies).where(companies.c.id == company_id))
    if row is None:
        return Company(company_id, DEFAULTS.words["company"], DEFAULT_TIME_ZONE)
    return Company(company_id, row.name, row.time_zone)


def ancestors_of(reading: Reading, company_id: str, organisation_id: str) -> list[str]:
    """An organisation and everything above it up to the company; Unavailable while it is unknown here."""
    if organisation_id == company_id:
        return [company_id]
    path = reading.scalar(
        sa.select(organisations.c.path).where(
            organisations.c.id == organisation_id, organisations.c.company_id == company_id
        )
    )
    if path is None:
        raise Unavailable("organisation_unknown", retry_after=1)
    return [one for one in path.split("/") if one]


def find_agent(reading: Reading, company_id: str, agent_id: str) -> Row[Any]:
    """An active agent of the company; NotFound else."""
    row = reading.one(
        sa.select(agents).where(
            agents.c.id == agent_id,
            agents.c.company_id == company_id,
            agents.c.is_agent.is_(sa.true()),
            agents.c.is_active.is_(sa.true()),
        )
    )
    if row is None:
        raise NotFound("agent_unknown")
    return row


def has_permission(reading: Reading, caller: Caller, permission: str) -> bool:
    """Whether the caller's roles give him a permission anywhere, as ``auth`` said last."""
    known = reading.scalar(
        sa.select(agents.c.permissions).where(agents.c.id == caller.id, agents.c.company_id == caller.company_id)
    )
    return permission in (known or ())


def loads_of(reading: Reading, company_id: str, agent_ids: Collection[str] | None = None) -> dict[str, int]:
    """How many open conversations each agent has."""
    statement = (
        sa.select(conversations.c.agent_id, sa.func.count().label("load"))
        .where(conversations.c.company_id == company_id, conversations.c.phase == "open")
        .group_by(conversations.c.agent_id)
    )
    if agent_ids is not None:
        statement = statement.where(conversations.c.agent_id.in_(agent_ids))
    return {row.agent_id: int(row.load) for row in reading.rows(statement)}


def group_rows(reading: Reading, company_id: str) -> list[Row[Any]]:
    """The company's groups that are in use, the default first."""
    return list(
        reading.rows(
            sa.select(groups)
            .where(groups.c.company_id == company_id, groups.c.is_active.is_(sa.true()))
            .order_by(groups.c.is_default.desc(), groups.c.id)
        )
    )


def group_rules(reading: Reading, company_id: str) -> list[GroupRule]:
    """The same, as routing sees them."""
    manned = {
        row.group_id
        for row in reading.rows(
            sa.select(members.c.group_id)
            .join(agents, agents.c.id == members.c.agent_id)
            .where(
                members.c.company_id == company_id, agents.c.is_agent.is_(sa.true()), agents.c.is_active.is_(sa.true())
            )
            .distinct()
        )
    }
    return [
        GroupRule(
            id=row.id,
            name=row.name,
            is_default=row.is_default,
            has_members=row.id in manned,
            keywords=tuple(row.keywords),
            accounts=tuple(row.accounts),
            hand_back_seconds=row.hand_back_seconds,
        )
        for row in group_rows(reading, company_id)
    ]


def group_row(reading: Reading, company_id: str, group_id: str | None) -> Row[Any] | None:
    """A group by its id, even one that is no longer in use."""
    if group_id is None:
        return None
    return reading.one(sa.select(groups).where(groups.c.id == group_id, groups.c.company_id == company_id))


def find_group(reading: Reading, company_id: str, group_id: str) -> Row[Any]:
    """A group in use; NotFound else."""
    row = reading.one(
        sa.select(groups).where(
            groups.c.id == group_id, groups.c.company_id == company_id, groups.c.is_active.is_(sa.true())
        )
    )
    if row is None:
        raise NotFound("group_unknown")
    return row


def is_group_open(reading: Reading, company_id: str, group_id: str | None, at: datetime) -> bool:
    """Whether a group serves now; without a group, the company's default one."""
    group = group_row(reading, company_id, group_id)
    if group is None:
        group = next(iter(group_rows(reading, company_id)), None)
    return group is None or calendar_of(group.hours).is_open(at)


def member_rows(reading: Reading, company_id: str, group_id: str | None = None) -> list[Row[Any]]:
    """Members with their agents' names, in the order in which the administrator put them."""
    statement = (
        sa.select(members, agents.c.name)
        .join(agents, agents.c.id == members.c.agent_id)
        .where(members.c.company_id == company_id)
        .order_by(members.c.group_id, members.c.sort)
    )
    if group_id is not None:
        statement = statement.where(members.c.group_id == group_id)
    return list(reading.rows(statement))


def online_candidates(reading: Reading, group: Row[Any]) -> list[Candidate]:
    """Online agents with their load, those of the group marked; an empty default group means everybody."""
    rows = reading.rows(
        sa.select(agents).where(
            agents.c.company_id == group.company_id,
            agents.c.status == "online",
            agents.c.is_agent.is_(sa.true()),
            agents.c.is_active.is_(sa.true()),
        )
    )
    if not rows:
        return []
    own = {row.agent_id: row for row in member_rows(reading, group.company_id, group.id)}
    is_for_all = group.is_default and not own
    loads = loads_of(reading, group.company_id, [row.id for row in rows])
    found = []
    for row in rows:
        member = own.get(row.id)
        found.append(
            Candidate(
                id=row.id,
                name=row.name,
                load=loads.get(row.id, 0),
                capacity=(member.capacity if member else None) or group.capacity,
                skills=tuple(member.skills) if member else (),
                last_assigned=row.last_assigned_at.timestamp() if row.last_assigned_at else 0.0,
                is_member=member is not None or is_for_all,
            )
        )
    return found


def agent_views(reading: Reading, company_id: str, agent_ids: Collection[str] | None = None) -> list[AgentView]:
    """Agents with their groups, load and capacity, by name."""
    statement = sa.select(agents).where(
        agents.c.company_id == company_id, agents.c.is_agent.is_(sa.true()), agents.c.is_active.is_(sa.true())
    )
    if agent_ids is not None:
        statement = statement.where(agents.c.id.in_(agent_ids))
    rows = reading.rows(statement)
    known = {row.id: row for row in group_rows(reading, company_id)}
    of_agent: dict[str, list[Row[Any]]] = {}
    is_manned = False
    for member in member_rows(reading, company_id):
        if member.group_id in known:
            of_agent.setdefault(member.agent_id, []).append(member)
            is_manned = is_manned or known[member.group_id].is_default
    default = next((row for row in known.values() if row.is_default), None)
    loads = loads_of(reading, company_id, [row.id for row in rows])
    found = []
    for row in rows:
        own = of_agent.get(row.id, [])
        capacities = [one.capacity or known[one.group_id].capacity for one in own]
        names = [Named(id=one.group_id, name=known[one.group_id].name) for one in own]
        if default is not None and not is_manned:
            capacities.append(default.capacity)
            names.append(Named(id=default.id, name=default.name))
        found.append(
            AgentView(
                id=row.id,
                name=row.name,
                status=row.status,
                load=loads.get(row.id, 0),
                capacity=max(capacities, default=0),
                groups=names,
                skills=list(dict.fromkeys(skill for one in own for skill in one.skills)),
                last_seen_at=row.last_seen_at,
            )
        )
    return sorted(found, key=lambda one: (one.name, one.id))


def presence_of(reading: Reading, caller: Caller) -> Presence:
    """The caller's own presence."""
    row = reading.one(
        sa.select(agents.c.status, agents.c.since).where(
            agents.c.id == caller.id, agents.c.company_id == caller.company_id
        )
    )
    return Presence(status="offline", since=None) if row is None else Presence(status=row.status, since=row.since)


_FAN = Prepared(
    sa.select(fans).where(
        fans.c.company_id == sa.bindparam("company_id"),
        fans.c.account_id == sa.bindparam("account_id"),
        fans.c.openid == sa.bindparam("openid"),
    )
)


def find_fan(reading: Reading, company_id: str, account_id: str, openid: str) -> Row[Any] | None:
    """What is known of a fan."""
    row: Row[Any] | None = reading.hot_one(_FAN, company_id=company_id, account_id=account_id, openid=openid)
    return row
