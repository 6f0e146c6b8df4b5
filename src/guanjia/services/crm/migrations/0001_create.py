"""Create."""

import sqlalchemy as sa
from alembic import op

from guanjia.kit.database import types

revision = "0001_create"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "crm_cursors",
        sa.Column("feed", types.ExactText(40), nullable=False),
        sa.Column("seq", types.Whole(), nullable=False),
        sa.Column("moved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "crm_customers",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("remark", types.ExactText(60), nullable=False),
        sa.Column("note", types.LongText(), nullable=False),
        sa.Column("tags", types.Json(), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("crm_customers_company", "crm_customers", ["company_id", "id"], unique=False)
    op.create_table(
        "crm_feed",
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
    op.create_index("crm_feed_recorded", "crm_feed", ["recorded_at"], unique=False)
    op.create_index("crm_feed_seq", "crm_feed", ["seq"], unique=False)
    op.create_table(
        "crm_feed_counter",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("value", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "crm_idempotency",
        sa.Column("caller", types.ExactText(80), nullable=False),
        sa.Column("route", types.ExactText(120), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("body_hash", types.ExactText(64), nullable=False),
        sa.Column("answer", types.Json(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key"),
    )
    op.create_index("crm_idempotency_at", "crm_idempotency", ["at"], unique=False)
    op.create_table(
        "crm_identities",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.Column("kind", types.ExactText(20), nullable=False),
        sa.Column("scope", types.ExactText(64), nullable=False),
        sa.Column("scope_name", types.ExactText(60), nullable=False),
        sa.Column("value", types.LongText(), nullable=False),
        sa.Column("value_masked", types.ExactText(80), nullable=False),
        sa.Column("value_hash", types.ExactText(64), nullable=False),
        sa.Column("tail_hash", types.ExactText(64), nullable=True),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "kind", "scope", "value_hash", name="crm_identities_value"),
    )
    op.create_index("crm_identities_customer", "crm_identities", ["customer_id"], unique=False)
    op.create_index("crm_identities_tail", "crm_identities", ["company_id", "tail_hash"], unique=False)
    op.create_table(
        "crm_leases",
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("owner", types.ExactText(80), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "crm_locks",
        sa.Column("name", types.ExactText(200), nullable=False),
        sa.Column("taken", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "crm_outgoing",
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
    op.create_index("crm_outgoing_key", "crm_outgoing", ["channel", "key", "state", "position"], unique=False)
    op.create_index("crm_outgoing_next", "crm_outgoing", ["channel", "state", "next_at"], unique=False)
    op.create_table(
        "crm_parked",
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
    op.create_index("crm_parked_key", "crm_parked", ["feed", "key", "seq"], unique=False)
    op.create_table(
        "crm_tags",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("tag", types.ExactText(20), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "tag", "customer_id"),
    )
    op.create_index("crm_tags_customer", "crm_tags", ["customer_id"], unique=False)
    op.create_table(
        "crm_words",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("word", types.ExactText(40), nullable=False),
        sa.Column("customer_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "word", "customer_id"),
    )
    op.create_index("crm_words_customer", "crm_words", ["customer_id"], unique=False)
