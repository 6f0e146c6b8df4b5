"""Create."""

import sqlalchemy as sa
from alembic import op

from guanjia.kit.database import types

revision = "0001_create"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "wechat_accounts",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("wechat_id", types.ExactText(40), nullable=False),
        sa.Column("original_id", types.ExactText(40), nullable=False),
        sa.Column("appid", types.ExactText(40), nullable=False),
        sa.Column("kind", types.ExactText(32), nullable=False),
        sa.Column("mode", types.ExactText(8), nullable=False),
        sa.Column("token", types.ExactText(32), nullable=False),
        sa.Column("secret", types.LongText(), nullable=False),
        sa.Column("aes_key", types.LongText(), nullable=False),
        sa.Column("previous_aes_key", types.LongText(), nullable=False),
        sa.Column("api_base_url", types.ExactText(300), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("greeting_text", types.LongText(), nullable=False),
        sa.Column("is_greeting_on", types.Flag(), nullable=False),
        sa.Column("default_text", types.LongText(), nullable=False),
        sa.Column("is_default_on", types.Flag(), nullable=False),
        sa.Column("verified_at", types.UtcTime(), nullable=True),
        sa.Column("trouble", types.ExactText(80), nullable=False),
        sa.Column("trouble_at", types.UtcTime(), nullable=True),
        sa.Column("checked_at", types.UtcTime(), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "appid", name="wechat_accounts_appid"),
    )
    op.create_table(
        "wechat_announcements",
        sa.Column("service", types.ExactText(40), nullable=False),
        sa.Column("digest", types.ExactText(64), nullable=False),
        sa.Column("content", types.Json(), nullable=False),
        sa.Column("announced_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", "digest"),
    )
    op.create_table(
        "wechat_cursors",
        sa.Column("feed", types.ExactText(40), nullable=False),
        sa.Column("seq", types.Whole(), nullable=False),
        sa.Column("moved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "wechat_fans",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("openid", types.ExactText(64), nullable=False),
        sa.Column("unionid", types.ExactText(64), nullable=False),
        sa.Column("nickname", types.ExactText(120), nullable=False),
        sa.Column("remark", types.ExactText(60), nullable=False),
        sa.Column("is_subscribed", types.Flag(), nullable=False),
        sa.Column("subscribed_at", types.UtcTime(), nullable=True),
        sa.Column("unsubscribed_at", types.UtcTime(), nullable=True),
        sa.Column("subscribe_scene", types.ExactText(60), nullable=False),
        sa.Column("qr_scene", types.ExactText(120), nullable=False),
        sa.Column("language", types.ExactText(20), nullable=False),
        sa.Column("tags", types.Json(), nullable=False),
        sa.Column("message_until", types.UtcTime(), nullable=True),
        sa.Column("message_left", types.Whole(), nullable=False),
        sa.Column("tap_until", types.UtcTime(), nullable=True),
        sa.Column("tap_left", types.Whole(), nullable=False),
        sa.Column("last_sent_at", types.UtcTime(), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "account_id", "openid", name="wechat_fans_openid"),
    )
    op.create_index("wechat_fans_listed", "wechat_fans", ["company_id", "id"], unique=False)
    op.create_table(
        "wechat_feed",
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
    op.create_index("wechat_feed_recorded", "wechat_feed", ["recorded_at"], unique=False)
    op.create_index("wechat_feed_seq", "wechat_feed", ["seq"], unique=False)
    op.create_table(
        "wechat_feed_counter",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("value", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "wechat_idempotency",
        sa.Column("caller", types.ExactText(80), nullable=False),
        sa.Column("route", types.ExactText(120), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("body_hash", types.ExactText(64), nullable=False),
        sa.Column("answer", types.Json(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key"),
    )
    op.create_index("wechat_idempotency_at", "wechat_idempotency", ["at"], unique=False)
    op.create_table(
        "wechat_keyword_replies",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=True),
        sa.Column("keywords", types.Json(), nullable=False),
        sa.Column("match", types.ExactText(8), nullable=False),
        sa.Column("reply", types.Json(), nullable=False),
        sa.Column("is_on", types.Flag(), nullable=False),
        sa.Column("sort", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("wechat_keyword_replies_company", "wechat_keyword_replies", ["company_id", "id"], unique=False)
    op.create_table(
        "wechat_leases",
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("owner", types.ExactText(80), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "wechat_locks",
        sa.Column("name", types.ExactText(200), nullable=False),
        sa.Column("taken", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "wechat_outgoing",
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
    op.create_index("wechat_outgoing_key", "wechat_outgoing", ["channel", "key", "state", "position"], unique=False)
    op.create_index("wechat_outgoing_next", "wechat_outgoing", ["channel", "state", "next_at"], unique=False)
    op.create_table(
        "wechat_parked",
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
    op.create_index("wechat_parked_key", "wechat_parked", ["feed", "key", "seq"], unique=False)
    op.create_table(
        "wechat_provider_failures",
        sa.Column("service", types.ExactText(40), nullable=False),
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("number", types.Whole(), nullable=False),
        sa.Column("error", types.LongText(), nullable=False),
        sa.Column("failed_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", "name"),
    )
    op.create_table(
        "wechat_pushes",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("openid", types.ExactText(64), nullable=False),
        sa.Column("dedupe", types.ExactText(32), nullable=False),
        sa.Column("kind", types.ExactText(40), nullable=False),
        sa.Column("event", types.ExactText(80), nullable=False),
        sa.Column("raw", types.LongText(), nullable=False),
        sa.Column("received_at", types.UtcTime(), nullable=False),
        sa.Column("outcome", types.ExactText(12), nullable=False),
        sa.Column("provider", types.ExactText(120), nullable=False),
        sa.Column("dispatched_at", types.UtcTime(), nullable=True),
        sa.Column("reply", types.LongText(), nullable=True),
        sa.Column("reply_ids", types.Json(), nullable=True),
        sa.Column("reply_failure", types.ExactText(40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "account_id", "dedupe", name="wechat_pushes_dedupe"),
    )
    op.create_index("wechat_pushes_listed", "wechat_pushes", ["company_id", "account_id", "id"], unique=False)
    op.create_table(
        "wechat_quotas",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("day", types.ExactText(10), nullable=False),
        sa.Column("interface", types.ExactText(40), nullable=False),
        sa.Column("used", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "account_id", "day", "interface"),
    )
    op.create_table(
        "wechat_tokens",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("token", types.LongText(), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=True),
        sa.Column("refresh_at", types.UtcTime(), nullable=True),
        sa.Column("refresher", types.ExactText(36), nullable=False),
        sa.Column("refreshing_until", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("company_id", "account_id"),
    )
    op.create_table(
        "wechat_uploads",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("account_id", types.Id(), nullable=False),
        sa.Column("file", types.ExactText(60), nullable=False),
        sa.Column("media_id", types.ExactText(200), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "account_id", "file"),
    )
