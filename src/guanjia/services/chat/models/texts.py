"""Groups of agents, and the words prepared for them: canned replies, greetings."""

from __future__ import annotations

from sqlalchemy import Column, Index

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, Whole, table
from guanjia.services.chat.models.metadata import metadata

# ``rescope_after``: access rows of the group's conversations with a higher id are still to be written anew.
groups = table(
    "chat_groups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("name", ExactText(80), nullable=False),
    Column("organisation_id", Id, nullable=False),
    Column("is_default", Flag, nullable=False),
    Column("is_active", Flag, nullable=False),
    Column("capacity", Whole, nullable=False),
    Column("hand_back_seconds", Whole, nullable=False),
    Column("hours", Json, nullable=False),
    Column("off_hours_text", ExactText(600), nullable=False),
    Column("keywords", Json, nullable=False),
    Column("accounts", Json, nullable=False),
    Column("rescope_after", Id, nullable=True),
    Column("version", Whole, nullable=False),
)
Index("chat_groups_company", groups.c.company_id, groups.c.is_active)
Index("chat_groups_rescope", groups.c.rescope_after)

members = table(
    "chat_members",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("group_id", Id, primary_key=True),
    Column("agent_id", Id, primary_key=True),
    Column("capacity", Whole, nullable=True),
    Column("skills", Json, nullable=False),
    Column("sort", Whole, nullable=False),
)
Index("chat_members_agent", members.c.company_id, members.c.agent_id)

canned_replies = table(
    "chat_canned_replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("title", ExactText(80), nullable=False),
    Column("text", LongText, nullable=False),
    Column("category", ExactText(40), nullable=False),
    Column("scope", ExactText(10), nullable=False),
    Column("group_id", Id, nullable=True),
    Column("owner_id", Id, nullable=True),
    Column("is_locked", Flag, nullable=False),
    Column("initials", ExactText(80), nullable=False),
    Column("sort", Whole, nullable=False),
    Column("version", Whole, nullable=False),
)
Index("chat_canned_replies_company", canned_replies.c.company_id, canned_replies.c.scope)

greetings = table(
    "chat_greetings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("kind", ExactText(24), nullable=False),
    Column("title", ExactText(80), nullable=False),
    Column("text", ExactText(600), nullable=False),
    Column("from_time", ExactText(5), nullable=True),
    Column("to_time", ExactText(5), nullable=True),
    Column("holiday", ExactText(24), nullable=True),
    Column("is_on", Flag, nullable=False),
    Column("sort", Whole, nullable=False),
)
Index("chat_greetings_company", greetings.c.company_id, greetings.c.kind)
