"""Create."""

import sqlalchemy as sa
from alembic import op

from guanjia.kit.database import types

revision = "0001_create"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "emulator_accounts",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("secret", types.ExactText(64), nullable=False),
        sa.Column("original_id", types.ExactText(32), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("kind", types.ExactText(32), nullable=False),
        sa.Column("token", types.ExactText(32), nullable=False),
        sa.Column("aes_key", types.ExactText(43), nullable=False),
        sa.Column("previous_aes_key", types.ExactText(43), nullable=False),
        sa.Column("mode", types.ExactText(8), nullable=False),
        sa.Column("signature", types.ExactText(120), nullable=False),
        sa.Column("callback_url", types.ExactText(500), nullable=False),
        sa.Column("is_verified", types.Flag(), nullable=False),
        sa.Column("reports_location", types.Flag(), nullable=False),
        sa.Column("menu", types.Json(), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("appid"),
        sa.UniqueConstraint("original_id"),
    )
    op.create_table(
        "emulator_codes",
        sa.Column("ticket", types.ExactText(120), nullable=False),
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("url", types.ExactText(120), nullable=False),
        sa.Column("scene_id", types.Whole(), nullable=False),
        sa.Column("scene_str", types.ExactText(64), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=True),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket"),
    )
    op.create_index("emulator_codes_url", "emulator_codes", ["url"], unique=False)
    op.create_table(
        "emulator_cursors",
        sa.Column("feed", types.ExactText(40), nullable=False),
        sa.Column("seq", types.Whole(), nullable=False),
        sa.Column("moved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "emulator_fans",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("openid", types.ExactText(40), nullable=False),
        sa.Column("phone_id", types.Id(), nullable=False),
        sa.Column("is_following", types.Flag(), nullable=False),
        sa.Column("followed_at", types.UtcTime(), nullable=True),
        sa.Column("scene", types.ExactText(40), nullable=False),
        sa.Column("qr_scene", types.Whole(), nullable=False),
        sa.Column("qr_scene_str", types.ExactText(64), nullable=False),
        sa.Column("remark", types.ExactText(60), nullable=False),
        sa.Column("is_blocked", types.Flag(), nullable=False),
        sa.Column("message_until", types.UtcTime(), nullable=True),
        sa.Column("message_left", types.Whole(), nullable=False),
        sa.Column("event_until", types.UtcTime(), nullable=True),
        sa.Column("event_left", types.Whole(), nullable=False),
        sa.Column("interacted_at", types.UtcTime(), nullable=True),
        sa.Column("typing_until", types.UtcTime(), nullable=True),
        sa.Column("number", types.Whole(), nullable=False),
        sa.Column("unread", types.Whole(), nullable=False),
        sa.Column("last_kind", types.ExactText(40), nullable=False),
        sa.Column("last_text", types.ExactText(200), nullable=False),
        sa.Column("last_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("appid", "openid"),
    )
    op.create_index("emulator_fans_followed", "emulator_fans", ["appid", "followed_at", "openid"], unique=False)
    op.create_index("emulator_fans_phone", "emulator_fans", ["phone_id"], unique=False)
    op.create_table(
        "emulator_feed",
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
    op.create_index("emulator_feed_recorded", "emulator_feed", ["recorded_at"], unique=False)
    op.create_index("emulator_feed_seq", "emulator_feed", ["seq"], unique=False)
    op.create_table(
        "emulator_feed_counter",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("value", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "emulator_idempotency",
        sa.Column("caller", types.ExactText(80), nullable=False),
        sa.Column("route", types.ExactText(120), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("body_hash", types.ExactText(64), nullable=False),
        sa.Column("answer", types.Json(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key"),
    )
    op.create_index("emulator_idempotency_at", "emulator_idempotency", ["at"], unique=False)
    op.create_table(
        "emulator_kf_accounts",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("kf_account", types.ExactText(80), nullable=False),
        sa.Column("kf_id", types.Whole(), nullable=False),
        sa.Column("nick", types.ExactText(40), nullable=False),
        sa.Column("invited_wx", types.ExactText(80), nullable=False),
        sa.PrimaryKeyConstraint("appid", "kf_account"),
    )
    op.create_table(
        "emulator_leases",
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("owner", types.ExactText(80), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "emulator_locks",
        sa.Column("name", types.ExactText(200), nullable=False),
        sa.Column("taken", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "emulator_media",
        sa.Column("media_id", types.ExactText(80), nullable=False),
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("kind", types.ExactText(10), nullable=False),
        sa.Column("file", types.ExactText(60), nullable=False),
        sa.Column("media_type", types.ExactText(40), nullable=False),
        sa.Column("name", types.ExactText(200), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("media_id"),
    )
    op.create_table(
        "emulator_messages",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("openid", types.ExactText(40), nullable=False),
        sa.Column("number", types.Whole(), nullable=False),
        sa.Column("sender", types.ExactText(8), nullable=False),
        sa.Column("kind", types.ExactText(40), nullable=False),
        sa.Column("content", types.Json(), nullable=False),
        sa.Column("file", types.ExactText(60), nullable=False),
        sa.Column("client_id", types.ExactText(80), nullable=True),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("emulator_messages_chat", "emulator_messages", ["appid", "openid", "number"], unique=True)
    op.create_index("emulator_messages_client", "emulator_messages", ["appid", "openid", "client_id"], unique=True)
    op.create_table(
        "emulator_outgoing",
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
    op.create_index("emulator_outgoing_key", "emulator_outgoing", ["channel", "key", "state", "position"], unique=False)
    op.create_index("emulator_outgoing_next", "emulator_outgoing", ["channel", "state", "next_at"], unique=False)
    op.create_table(
        "emulator_parked",
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
    op.create_index("emulator_parked_key", "emulator_parked", ["feed", "key", "seq"], unique=False)
    op.create_table(
        "emulator_phones",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("avatar_color", types.ExactText(7), nullable=False),
        sa.Column("seed", types.ExactText(80), nullable=False),
        sa.Column("unionid", types.ExactText(40), nullable=False),
        sa.Column("is_story", types.Flag(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seed"),
    )
    op.create_table(
        "emulator_pushes",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("openid", types.ExactText(40), nullable=False),
        sa.Column("kind", types.ExactText(40), nullable=False),
        sa.Column("fields", types.Json(), nullable=False),
        sa.Column("message_id", types.ExactText(36), nullable=False),
        sa.Column("state", types.ExactText(10), nullable=False),
        sa.Column("tries", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("finished_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("emulator_pushes_fan", "emulator_pushes", ["appid", "openid", "id"], unique=False)
    op.create_index("emulator_pushes_state", "emulator_pushes", ["state", "id"], unique=False)
    op.create_table(
        "emulator_quotas",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("day", types.ExactText(10), nullable=False),
        sa.Column("interface", types.ExactText(80), nullable=False),
        sa.Column("used", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("appid", "day", "interface"),
    )
    op.create_table(
        "emulator_requests",
        sa.Column("rid", types.ExactText(40), nullable=False),
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("cost_in_ms", types.Whole(), nullable=False),
        sa.Column("url", types.LongText(), nullable=False),
        sa.Column("body", types.LongText(), nullable=False),
        sa.Column("answer", types.LongText(), nullable=False),
        sa.Column("client", types.ExactText(64), nullable=False),
        sa.PrimaryKeyConstraint("rid"),
    )
    op.create_index("emulator_requests_at", "emulator_requests", ["at"], unique=False)
    op.create_table(
        "emulator_switches",
        sa.Column("name", types.ExactText(40), nullable=False),
        sa.Column("value", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "emulator_taggings",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("tag_id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("openid", types.ExactText(40), nullable=False),
        sa.PrimaryKeyConstraint("appid", "tag_id", "openid"),
    )
    op.create_index("emulator_taggings_fan", "emulator_taggings", ["appid", "openid"], unique=False)
    op.create_table(
        "emulator_tags",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.PrimaryKeyConstraint("appid", "id"),
    )
    op.create_table(
        "emulator_templates",
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("template_id", types.ExactText(60), nullable=False),
        sa.Column("title", types.ExactText(60), nullable=False),
        sa.Column("content", types.LongText(), nullable=False),
        sa.Column("example", types.LongText(), nullable=False),
        sa.PrimaryKeyConstraint("appid", "template_id"),
    )
    op.create_table(
        "emulator_tokens",
        sa.Column("token", types.ExactText(200), nullable=False),
        sa.Column("appid", types.ExactText(32), nullable=False),
        sa.Column("family", types.ExactText(8), nullable=False),
        sa.Column("issued_at", types.UtcTime(), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.Column("replaced_until", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("emulator_tokens_appid", "emulator_tokens", ["appid", "family", "issued_at"], unique=False)
    op.create_table(
        "emulator_tries",
        sa.Column("push_id", types.Id(), nullable=False),
        sa.Column("number", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("status", types.Whole(), nullable=False),
        sa.Column("latency_ms", types.Whole(), nullable=False),
        sa.Column("body", types.LongText(), nullable=False),
        sa.Column("verdict", types.ExactText(40), nullable=False),
        sa.PrimaryKeyConstraint("push_id", "number"),
    )
