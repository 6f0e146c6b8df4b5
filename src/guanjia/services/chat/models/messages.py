"""Messages of conversations, their tries of going out, and pictures that agents uploaded."""

from __future__ import annotations

from sqlalchemy import Column, Index, UniqueConstraint

from guanjia.kit.database import ExactText, Flag, Id, Json, UtcTime, Whole, table
from guanjia.services.chat.models.metadata import metadata

messages = table(
    "chat_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("conversation_id", Id, nullable=False),
    Column("number", Whole, nullable=False),
    Column("author_kind", ExactText(16), nullable=False),
    Column("author_id", ExactText(80), nullable=False),
    Column("author_name", ExactText(120), nullable=False),
    Column("is_note", Flag, nullable=False),
    Column("kind", ExactText(40), nullable=False),
    Column("content", Json, nullable=False),
    Column("media_state", ExactText(8), nullable=False),
    Column("file", ExactText(80), nullable=False),
    Column("media_type", ExactText(80), nullable=False),
    Column("state", ExactText(10), nullable=False),
    Column("failure", ExactText(80), nullable=False),
    Column("push_id", ExactText(80), nullable=True),
    Column("menu_item_id", ExactText(80), nullable=False),
    Column("client_id", ExactText(80), nullable=True),
    Column("outbound_id", Id, nullable=True),
    Column("sent_at", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=True),
    UniqueConstraint("company_id", "conversation_id", "number", name="chat_messages_number"),
    UniqueConstraint("company_id", "push_id", name="chat_messages_push"),
    UniqueConstraint("company_id", "conversation_id", "client_id", name="chat_messages_client"),
)

# The ids under which a message was given to the channel: its own at first, another for each retry.
outbound = table(
    "chat_outbound",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("id", ExactText(80), primary_key=True),
    Column("message_id", Id, nullable=False),
    Column("conversation_id", Id, nullable=False),
    Column("state", ExactText(10), nullable=False),
    Column("failure", ExactText(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=True),
)
Index("chat_outbound_message", outbound.c.company_id, outbound.c.message_id)

uploads = table(
    "chat_uploads",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("file", ExactText(80), primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("media_type", ExactText(80), nullable=False),
    Column("size", Whole, nullable=False),
    Column("at", UtcTime, nullable=False),
)
