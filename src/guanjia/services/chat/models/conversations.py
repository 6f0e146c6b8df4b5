"""Conversations, who may see them, who had them, what was measured on them, and what agents typed into them."""

from __future__ import annotations

from sqlalchemy import Column, Index, UniqueConstraint

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, table
from guanjia.services.chat.models.metadata import metadata

# The columns are the fields of ``rules.conversation.Conversation``: one is read as the other.
# ``open_key`` is account and openid while the conversation is open, null afterwards: one open conversation a fan.
conversations = table(
    "chat_conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("channel", ExactText(16), nullable=False),
    Column("account_id", ExactText(64), nullable=False),
    Column("account_name", ExactText(120), nullable=False),
    Column("openid", ExactText(64), nullable=False),
    Column("open_key", ExactText(130), nullable=True),
    Column("customer_id", ExactText(36), nullable=False),
    Column("customer_name", ExactText(120), nullable=False),
    Column("state", ExactText(20), nullable=False),
    Column("phase", ExactText(8), nullable=False),
    Column("is_left_message", Flag, nullable=False),
    Column("group_id", Id, nullable=True),
    Column("group_name", ExactText(80), nullable=False),
    Column("agent_id", Id, nullable=True),
    Column("agent_name", ExactText(80), nullable=False),
    Column("consulted", Json, nullable=False),
    Column("subjects", Json, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime, nullable=True),
    Column("last_number", Whole, nullable=False),
    Column("last_text", ExactText(200), nullable=False),
    Column("last_author", ExactText(16), nullable=False),
    Column("unread", Whole, nullable=False),
    Column("pending", Whole, nullable=False),
    Column("read_number", Whole, nullable=False),
    Column("waiting_since", UtcTime, nullable=True),
    Column("requested_at", UtcTime, nullable=True),
    Column("assigned_at", UtcTime, nullable=True),
    Column("answer_due_at", UtcTime, nullable=True),
    Column("hand_back_seconds", Whole, nullable=False),
    Column("has_answered", Flag, nullable=False),
    Column("queued_at", UtcTime, nullable=True),
    Column("queue_position", Whole, nullable=True),
    Column("preferred_agent_id", Id, nullable=True),
    Column("avoided_agent_id", Id, nullable=True),
    Column("needed_text", ExactText(600), nullable=False),
    Column("unattended_at", UtcTime, nullable=True),
    Column("first_answer_at", UtcTime, nullable=True),
    Column("first_answer_seconds", Whole, nullable=True),
    Column("window_expires_at", UtcTime, nullable=True),
    Column("window_remaining", Whole, nullable=False),
    Column("is_window_known", Flag, nullable=False),
    Column("is_off_hours_told", Flag, nullable=False),
    Column("is_queue_told", Flag, nullable=False),
    Column("is_opening_sent", Flag, nullable=False),
    Column("rating", Whole, nullable=True),
    Column("rating_comment", ExactText(600), nullable=False),
    Column("rated_at", UtcTime, nullable=True),
    Column("is_rating_invited", Flag, nullable=False),
    Column("category", ExactText(80), nullable=False),
    Column("result", ExactText(600), nullable=False),
    Column("version", Whole, nullable=False),
    UniqueConstraint("company_id", "open_key", name="chat_conversations_open"),
)
Index("chat_conversations_agent", conversations.c.company_id, conversations.c.agent_id, conversations.c.phase)
Index(
    "chat_conversations_queue",
    conversations.c.phase, conversations.c.company_id, conversations.c.group_id, conversations.c.queued_at,
)  # fmt: skip
Index("chat_conversations_group", conversations.c.company_id, conversations.c.group_id, conversations.c.id)
Index("chat_conversations_due", conversations.c.answer_due_at)
Index("chat_conversations_unattended", conversations.c.company_id, conversations.c.unattended_at)

# One row for each subject that may see a conversation: agent, consulted colleagues, the group's organisation and
# each ancestor, the customer. ``sort_at`` is the order within a phase: queued_at, closed_at, else last_at.
access = table(
    "chat_access",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("subject_id", ExactText(36), primary_key=True),
    Column("part", ExactText(16), nullable=False),
    Column("phase", ExactText(8), nullable=False),
    Column("sort_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
)
Index(
    "chat_access_box",
    access.c.company_id, access.c.subject_id, access.c.phase, access.c.sort_at, access.c.conversation_id,
)  # fmt: skip
Index("chat_access_all", access.c.company_id, access.c.subject_id, access.c.last_at, access.c.conversation_id)

# Who had the conversation from when to when, and why: intervals, written once and ended once.
assignments = table(
    "chat_assignments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("conversation_id", Id, nullable=False),
    Column("agent_id", Id, nullable=False),
    Column("agent_name", ExactText(80), nullable=False),
    Column("reason", ExactText(16), nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=True),
    Column("end_reason", ExactText(16), nullable=False),
)
Index("chat_assignments_conversation", assignments.c.company_id, assignments.c.conversation_id)

# What is counted, a row a fact: opened, left, first_answer (working seconds), closed, rated (score).
facts = table(
    "chat_facts",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("name", ExactText(16), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("group_id", Id, nullable=True),
    Column("agent_id", Id, nullable=True),
    Column("value", Whole, nullable=False),
)
Index("chat_facts_at", facts.c.company_id, facts.c.at, facts.c.name, facts.c.group_id, facts.c.value)

drafts = table(
    "chat_drafts",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("conversation_id", Id, primary_key=True),
    Column("agent_id", Id, primary_key=True),
    Column("text", LongText, nullable=False),
    Column("is_note", Flag, nullable=False),
    Column("version", Whole, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
