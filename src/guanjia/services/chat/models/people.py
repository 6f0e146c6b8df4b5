"""Own copies of what other services know of people: companies, organisations, staff with their presence, fans."""

from __future__ import annotations

from sqlalchemy import Column, Index

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, table
from guanjia.services.chat.models.metadata import metadata

companies = table(
    "chat_companies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", ExactText(120), nullable=False),
    Column("time_zone", ExactText(64), nullable=False),
    Column("is_active", Flag, nullable=False),
)

organisations = table(
    "chat_organisations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("parent_id", Id, nullable=True),
    Column("path", LongText, nullable=False),
    Column("name", ExactText(120), nullable=False),
    Column("is_active", Flag, nullable=False),
)
Index("chat_organisations_company", organisations.c.company_id)

# All staff; ``is_agent``: may write in conversations. ``chosen`` is the status that the agent set, ``status`` what
# it is worth now: offline once the lease (real time) has run out.
agents = table(
    "chat_agents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("name", ExactText(120), nullable=False),
    Column("organisation_id", Id, nullable=False),
    Column("permissions", Json, nullable=False),
    Column("is_agent", Flag, nullable=False),
    Column("is_active", Flag, nullable=False),
    Column("status", ExactText(8), nullable=False),
    Column("chosen", ExactText(8), nullable=False),
    Column("since", UtcTime, nullable=True),
    Column("lease_until", UtcTime, nullable=True),
    Column("last_seen_at", UtcTime, nullable=True),
    Column("last_assigned_at", UtcTime, nullable=True),
)
Index("chat_agents_company", agents.c.company_id, agents.c.status)
Index("chat_agents_lease", agents.c.lease_until)

# Intervals of presence: how long an agent was online, busy, on a break.
presences = table(
    "chat_presences",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("agent_id", Id, nullable=False),
    Column("status", ExactText(8), nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=True),
)
Index("chat_presences_agent", presences.c.company_id, presences.c.agent_id, presences.c.began_at)

fans = table(
    "chat_fans",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("account_id", ExactText(64), primary_key=True),
    Column("openid", ExactText(64), primary_key=True),
    Column("account_name", ExactText(120), nullable=False),
    Column("name", ExactText(120), nullable=False),
    Column("remark", ExactText(120), nullable=False),
    Column("customer_id", ExactText(36), nullable=False),
    Column("customer_name", ExactText(120), nullable=False),
    Column("customer_remark", ExactText(120), nullable=False),
    Column("customer_version", Whole, nullable=False),
    Column("window_expires_at", UtcTime, nullable=True),
    Column("window_remaining", Whole, nullable=False),
    Column("is_window_known", Flag, nullable=False),
    Column("first_seen_at", UtcTime, nullable=False),
)
Index("chat_fans_customer", fans.c.company_id, fans.c.customer_id)
Index("chat_fans_unknown", fans.c.customer_id, fans.c.first_seen_at)
