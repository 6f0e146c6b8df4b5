"""Create."""

import sqlalchemy as sa
from alembic import op

from guanjia.kit.database import types

revision = "0001_create"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "chat_access",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("subject_id", types.ExactText(36), nullable=False),
        sa.Column("part", types.ExactText(16), nullable=False),
        sa.Column("phase", types.ExactText(8), nullable=False),
        sa.Column("sort_at", types.UtcTime(), nullable=False),
        sa.Column("last_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "conversation_id", "subject_id"),
    )
    op.create_index(
        "chat_access_all", "chat_access", ["company_id", "subject_id", "last_at", "conversation_id"], unique=False
    )
    op.create_index(
        "chat_access_box",
        "chat_access",
        ["company_id", "subject_id", "phase", "sort_at", "conversation_id"],
        unique=False,
    )
    op.create_table(
        "chat_agents",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(120), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("permissions", types.Json(), nullable=False),
        sa.Column("is_agent", types.Flag(), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("status", types.ExactText(8), nullable=False),
        sa.Column("chosen", types.ExactText(8), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=True),
        sa.Column("lease_until", types.UtcTime(), nullable=True),
        sa.Column("last_seen_at", types.UtcTime(), nullable=True),
        sa.Column("last_assigned_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_agents_company", "chat_agents", ["company_id", "status"], unique=False)
    op.create_index("chat_agents_lease", "chat_agents", ["lease_until"], unique=False)
    op.create_table(
        "chat_assignments",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("agent_id", types.Id(), nullable=False),
        sa.Column("agent_name", types.ExactText(80), nullable=False),
        sa.Column("reason", types.ExactText(16), nullable=False),
        sa.Column("began_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.Column("end_reason", types.ExactText(16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "chat_assignments_conversation", "chat_assignments", ["company_id", "conversation_id"], unique=False
    )
    op.create_table(
        "chat_canned_replies",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("title", types.ExactText(80), nullable=False),
        sa.Column("text", types.LongText(), nullable=False),
        sa.Column("category", types.ExactText(40), nullable=False),
        sa.Column("scope", types.ExactText(10), nullable=False),
        sa.Column("group_id", types.Id(), nullable=True),
        sa.Column("owner_id", types.Id(), nullable=True),
        sa.Column("is_locked", types.Flag(), nullable=False),
        sa.Column("initials", types.ExactText(80), nullable=False),
        sa.Column("sort", types.Whole(), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_canned_replies_company", "chat_canned_replies", ["company_id", "scope"], unique=False)
    op.create_table(
        "chat_companies",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(120), nullable=False),
        sa.Column("time_zone", types.ExactText(64), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "chat_conversations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("channel", types.ExactText(16), nullable=False),
        sa.Column("account_id", types.ExactText(64), nullable=False),
        sa.Column("account_name", types.ExactText(120), nullable=False),
        sa.Column("openid", types.ExactText(64), nullable=False),
        sa.Column("open_key", types.ExactText(130), nullable=True),
        sa.Column("customer_id", types.ExactText(36), nullable=False),
        sa.Column("customer_name", types.ExactText(120), nullable=False),
        sa.Column("state", types.ExactText(20), nullable=False),
        sa.Column("phase", types.ExactText(8), nullable=False),
        sa.Column("is_left_message", types.Flag(), nullable=False),
        sa.Column("group_id", types.Id(), nullable=True),
        sa.Column("group_name", types.ExactText(80), nullable=False),
        sa.Column("agent_id", types.Id(), nullable=True),
        sa.Column("agent_name", types.ExactText(80), nullable=False),
        sa.Column("consulted", types.Json(), nullable=False),
        sa.Column("subjects", types.Json(), nullable=False),
        sa.Column("opened_at", types.UtcTime(), nullable=False),
        sa.Column("last_at", types.UtcTime(), nullable=False),
        sa.Column("closed_at", types.UtcTime(), nullable=True),
        sa.Column("last_number", types.Whole(), nullable=False),
        sa.Column("last_text", types.ExactText(200), nullable=False),
        sa.Column("last_author", types.ExactText(16), nullable=False),
        sa.Column("unread", types.Whole(), nullable=False),
        sa.Column("pending", types.Whole(), nullable=False),
        sa.Column("read_number", types.Whole(), nullable=False),
        sa.Column("waiting_since", types.UtcTime(), nullable=True),
        sa.Column("requested_at", types.UtcTime(), nullable=True),
        sa.Column("assigned_at", types.UtcTime(), nullable=True),
        sa.Column("answer_due_at", types.UtcTime(), nullable=True),
        sa.Column("hand_back_seconds", types.Whole(), nullable=False),
        sa.Column("has_answered", types.Flag(), nullable=False),
        sa.Column("queued_at", types.UtcTime(), nullable=True),
        sa.Column("queue_position", types.Whole(), nullable=True),
        sa.Column("preferred_agent_id", types.Id(), nullable=True),
        sa.Column("avoided_agent_id", types.Id(), nullable=True),
        sa.Column("needed_text", types.ExactText(600), nullable=False),
        sa.Column("unattended_at", types.UtcTime(), nullable=True),
        sa.Column("first_answer_at", types.UtcTime(), nullable=True),
        sa.Column("first_answer_seconds", types.Whole(), nullable=True),
        sa.Column("window_expires_at", types.UtcTime(), nullable=True),
        sa.Column("window_remaining", types.Whole(), nullable=False),
        sa.Column("is_window_known", types.Flag(), nullable=False),
        sa.Column("is_off_hours_told", types.Flag(), nullable=False),
        sa.Column("is_queue_told", types.Flag(), nullable=False),
        sa.Column("is_opening_sent", types.Flag(), nullable=False),
        sa.Column("rating", types.Whole(), nullable=True),
        sa.Column("rating_comment", types.ExactText(600), nullable=False),
        sa.Column("rated_at", types.UtcTime(), nullable=True),
        sa.Column("is_rating_invited", types.Flag(), nullable=False),
        sa.Column("category", types.ExactText(80), nullable=False),
        sa.Column("result", types.ExactText(600), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "open_key", name="chat_conversations_open"),
    )
    op.create_index("chat_conversations_agent", "chat_conversations", ["company_id", "agent_id", "phase"], unique=False)
    op.create_index("chat_conversations_due", "chat_conversations", ["answer_due_at"], unique=False)
    op.create_index("chat_conversations_group", "chat_conversations", ["company_id", "group_id", "id"], unique=False)
    op.create_index(
        "chat_conversations_queue", "chat_conversations", ["phase", "company_id", "group_id", "queued_at"], unique=False
    )
    op.create_index(
        "chat_conversations_unattended", "chat_conversations", ["company_id", "unattended_at"], unique=False
    )
    op.create_table(
        "chat_cursors",
        sa.Column("feed", types.ExactText(40), nullable=False),
        sa.Column("seq", types.Whole(), nullable=False),
        sa.Column("moved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "chat_drafts",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("agent_id", types.Id(), nullable=False),
        sa.Column("text", types.LongText(), nullable=False),
        sa.Column("is_note", types.Flag(), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "conversation_id", "agent_id"),
    )
    op.create_table(
        "chat_facts",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(16), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("group_id", types.Id(), nullable=True),
        sa.Column("agent_id", types.Id(), nullable=True),
        sa.Column("value", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "conversation_id", "name"),
    )
    op.create_index("chat_facts_at", "chat_facts", ["company_id", "at", "name", "group_id", "value"], unique=False)
    op.create_table(
        "chat_fans",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.ExactText(64), nullable=False),
        sa.Column("openid", types.ExactText(64), nullable=False),
        sa.Column("account_name", types.ExactText(120), nullable=False),
        sa.Column("name", types.ExactText(120), nullable=False),
        sa.Column("remark", types.ExactText(120), nullable=False),
        sa.Column("customer_id", types.ExactText(36), nullable=False),
        sa.Column("customer_name", types.ExactText(120), nullable=False),
        sa.Column("customer_remark", types.ExactText(120), nullable=False),
        sa.Column("customer_version", types.Whole(), nullable=False),
        sa.Column("window_expires_at", types.UtcTime(), nullable=True),
        sa.Column("window_remaining", types.Whole(), nullable=False),
        sa.Column("is_window_known", types.Flag(), nullable=False),
        sa.Column("first_seen_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "account_id", "openid"),
    )
    op.create_index("chat_fans_customer", "chat_fans", ["company_id", "customer_id"], unique=False)
    op.create_index("chat_fans_unknown", "chat_fans", ["customer_id", "first_seen_at"], unique=False)
    op.create_table(
        "chat_feed",
        sa.Column("position", types.Position, autoincrement=True, nullable=False),
        sa.Column("seq", types.Whole(), nullable=True),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("company_id", types.ExactText(36), nullable=False),
        sa.Column("audience", types.ExactText(8), nullable=False),
        sa.Column("subjects", types.Json(), nullable=False),
        sa.Column("data", types.Json(), nullable=False),
        sa.Column("recorded_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("chat_feed_recorded", "chat_feed", ["recorded_at"], unique=False)
    op.create_index("chat_feed_seq", "chat_feed", ["seq"], unique=False)
    op.create_table(
        "chat_feed_counter",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("value", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "chat_greetings",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("kind", types.ExactText(24), nullable=False),
        sa.Column("title", types.ExactText(80), nullable=False),
        sa.Column("text", types.ExactText(600), nullable=False),
        sa.Column("from_time", types.ExactText(5), nullable=True),
        sa.Column("to_time", types.ExactText(5), nullable=True),
        sa.Column("holiday", types.ExactText(24), nullable=True),
        sa.Column("is_on", types.Flag(), nullable=False),
        sa.Column("sort", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_greetings_company", "chat_greetings", ["company_id", "kind"], unique=False)
    op.create_table(
        "chat_groups",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("is_default", types.Flag(), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("capacity", types.Whole(), nullable=False),
        sa.Column("hand_back_seconds", types.Whole(), nullable=False),
        sa.Column("hours", types.Json(), nullable=False),
        sa.Column("off_hours_text", types.ExactText(600), nullable=False),
        sa.Column("keywords", types.Json(), nullable=False),
        sa.Column("accounts", types.Json(), nullable=False),
        sa.Column("rescope_after", types.Id(), nullable=True),
        sa.Column("version", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_groups_company", "chat_groups", ["company_id", "is_active"], unique=False)
    op.create_index("chat_groups_rescope", "chat_groups", ["rescope_after"], unique=False)
    op.create_table(
        "chat_idempotency",
        sa.Column("caller", types.ExactText(80), nullable=False),
        sa.Column("route", types.ExactText(120), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("body_hash", types.ExactText(64), nullable=False),
        sa.Column("answer", types.Json(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key"),
    )
    op.create_index("chat_idempotency_at", "chat_idempotency", ["at"], unique=False)
    op.create_table(
        "chat_leases",
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("owner", types.ExactText(80), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "chat_locks",
        sa.Column("name", types.ExactText(200), nullable=False),
        sa.Column("taken", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "chat_members",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("group_id", types.Id(), nullable=False),
        sa.Column("agent_id", types.Id(), nullable=False),
        sa.Column("capacity", types.Whole(), nullable=True),
        sa.Column("skills", types.Json(), nullable=False),
        sa.Column("sort", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "group_id", "agent_id"),
    )
    op.create_index("chat_members_agent", "chat_members", ["company_id", "agent_id"], unique=False)
    op.create_table(
        "chat_messages",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("number", types.Whole(), nullable=False),
        sa.Column("author_kind", types.ExactText(16), nullable=False),
        sa.Column("author_id", types.ExactText(80), nullable=False),
        sa.Column("author_name", types.ExactText(120), nullable=False),
        sa.Column("is_note", types.Flag(), nullable=False),
        sa.Column("kind", types.ExactText(40), nullable=False),
        sa.Column("content", types.Json(), nullable=False),
        sa.Column("media_state", types.ExactText(8), nullable=False),
        sa.Column("file", types.ExactText(80), nullable=False),
        sa.Column("media_type", types.ExactText(80), nullable=False),
        sa.Column("state", types.ExactText(10), nullable=False),
        sa.Column("failure", types.ExactText(80), nullable=False),
        sa.Column("push_id", types.ExactText(80), nullable=True),
        sa.Column("menu_item_id", types.ExactText(80), nullable=False),
        sa.Column("client_id", types.ExactText(80), nullable=True),
        sa.Column("outbound_id", types.Id(), nullable=True),
        sa.Column("sent_at", types.UtcTime(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("seen_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "conversation_id", "client_id", name="chat_messages_client"),
        sa.UniqueConstraint("company_id", "conversation_id", "number", name="chat_messages_number"),
        sa.UniqueConstraint("company_id", "push_id", name="chat_messages_push"),
    )
    op.create_table(
        "chat_organisations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("parent_id", types.Id(), nullable=True),
        sa.Column("path", types.LongText(), nullable=False),
        sa.Column("name", types.ExactText(120), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_organisations_company", "chat_organisations", ["company_id"], unique=False)
    op.create_table(
        "chat_outbound",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("id", types.ExactText(80), nullable=False),
        sa.Column("message_id", types.Id(), nullable=False),
        sa.Column("conversation_id", types.Id(), nullable=False),
        sa.Column("state", types.ExactText(10), nullable=False),
        sa.Column("failure", types.ExactText(80), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("company_id", "id"),
    )
    op.create_index("chat_outbound_message", "chat_outbound", ["company_id", "message_id"], unique=False)
    op.create_table(
        "chat_outgoing",
        sa.Column("position", types.Position, autoincrement=True, nullable=False),
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("channel", types.ExactText(40), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("body", types.Json(), nullable=False),
        sa.Column("state", types.ExactText(12), nullable=False),
        sa.Column("is_repeatable", types.Flag(), nullable=False),
        sa.Column("attempts", types.Whole(), nullable=False),
        sa.Column("owner", types.ExactText(36), nullable=False),
        sa.Column("next_at", types.UtcTime(), nullable=True),
        sa.Column("code", types.ExactText(80), nullable=False),
        sa.Column("error", types.LongText(), nullable=True),
        sa.Column("result", types.Json(), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("queued_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("chat_outgoing_key", "chat_outgoing", ["channel", "key", "state", "position"], unique=False)
    op.create_index("chat_outgoing_next", "chat_outgoing", ["channel", "state", "next_at"], unique=False)
    op.create_table(
        "chat_parked",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("feed", types.ExactText(40), nullable=False),
        sa.Column("seq", types.Whole(), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("event_id", types.Id(), nullable=False),
        sa.Column("company_id", types.ExactText(36), nullable=False),
        sa.Column("audience", types.ExactText(8), nullable=False),
        sa.Column("subjects", types.Json(), nullable=False),
        sa.Column("data", types.Json(), nullable=False),
        sa.Column("error", types.LongText(), nullable=False),
        sa.Column("parked_at", types.UtcTime(), nullable=False),
        sa.Column("replayed_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_parked_key", "chat_parked", ["feed", "key", "seq"], unique=False)
    op.create_table(
        "chat_presences",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("agent_id", types.Id(), nullable=False),
        sa.Column("status", types.ExactText(8), nullable=False),
        sa.Column("began_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("chat_presences_agent", "chat_presences", ["company_id", "agent_id", "began_at"], unique=False)
    op.create_table(
        "chat_uploads",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("file", types.ExactText(80), nullable=False),
        sa.Column("owner_id", types.Id(), nullable=False),
        sa.Column("media_type", types.ExactText(80), nullable=False),
        sa.Column("size", types.Whole(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "file"),
    )
