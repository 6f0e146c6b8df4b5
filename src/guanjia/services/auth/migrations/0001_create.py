"""Create."""

import sqlalchemy as sa
from alembic import op

from guanjia.kit.database import types

revision = "0001_create"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "auth_announcements",
        sa.Column("service", types.ExactText(40), nullable=False),
        sa.Column("hash", types.ExactText(64), nullable=False),
        sa.Column("content", types.Json(), nullable=False),
        sa.Column("is_current", types.Flag(), nullable=False),
        sa.Column("announced_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", "hash"),
    )
    op.create_table(
        "auth_audit",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=True),
        sa.Column("service", types.ExactText(40), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.Column("actor_id", types.ExactText(80), nullable=False),
        sa.Column("actor_kind", types.ExactText(12), nullable=False),
        sa.Column("actor_name", types.ExactText(60), nullable=False),
        sa.Column("action", types.ExactText(80), nullable=False),
        sa.Column("object_kind", types.ExactText(40), nullable=False),
        sa.Column("object_id", types.ExactText(200), nullable=False),
        sa.Column("object_name", types.ExactText(200), nullable=False),
        sa.Column("detail", types.Json(), nullable=False),
        sa.Column("address", types.ExactText(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("auth_audit_action", "auth_audit", ["company_id", "action", "id"], unique=False)
    op.create_index("auth_audit_actor", "auth_audit", ["company_id", "actor_id", "id"], unique=False)
    op.create_index("auth_audit_company", "auth_audit", ["company_id", "id"], unique=False)
    op.create_table(
        "auth_companies",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("time_zone", types.ExactText(40), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name="auth_companies_name"),
    )
    op.create_table(
        "auth_cursors",
        sa.Column("feed", types.ExactText(40), nullable=False),
        sa.Column("seq", types.Whole(), nullable=False),
        sa.Column("moved_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "auth_feed",
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
    op.create_index("auth_feed_recorded", "auth_feed", ["recorded_at"], unique=False)
    op.create_index("auth_feed_seq", "auth_feed", ["seq"], unique=False)
    op.create_table(
        "auth_feed_counter",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("value", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "auth_grants",
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("staff_id", types.Id(), nullable=False),
        sa.Column("role", types.ExactText(40), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "role", "organisation_id"),
    )
    op.create_index("auth_grants_organisation", "auth_grants", ["organisation_id"], unique=False)
    op.create_index("auth_grants_role", "auth_grants", ["company_id", "role"], unique=False)
    op.create_table(
        "auth_idempotency",
        sa.Column("caller", types.ExactText(80), nullable=False),
        sa.Column("route", types.ExactText(120), nullable=False),
        sa.Column("key", types.ExactText(120), nullable=False),
        sa.Column("body_hash", types.ExactText(64), nullable=False),
        sa.Column("answer", types.Json(), nullable=False),
        sa.Column("at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "route", "key"),
    )
    op.create_index("auth_idempotency_at", "auth_idempotency", ["at"], unique=False)
    op.create_table(
        "auth_leases",
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("owner", types.ExactText(80), nullable=False),
        sa.Column("until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "auth_locks",
        sa.Column("name", types.ExactText(200), nullable=False),
        sa.Column("taken", types.Whole(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "auth_menus",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("service", types.ExactText(40), nullable=False),
        sa.Column("code", types.ExactText(80), nullable=False),
        sa.Column("parent", types.ExactText(80), nullable=False),
        sa.Column("titles", types.Json(), nullable=False),
        sa.Column("url", types.ExactText(200), nullable=False),
        sa.Column("icon", types.ExactText(40), nullable=False),
        sa.Column("permission", types.ExactText(80), nullable=False),
        sa.Column("sort", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", name="auth_menus_code"),
    )
    op.create_table(
        "auth_organisations",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("parent_id", types.Id(), nullable=True),
        sa.Column("path", types.ExactText(600), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("kind", types.ExactText(20), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "parent_id", "name", name="auth_organisations_name"),
    )
    op.create_index("auth_organisations_path", "auth_organisations", ["company_id", "path"], unique=False)
    op.create_table(
        "auth_outgoing",
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
    op.create_index("auth_outgoing_key", "auth_outgoing", ["channel", "key", "state", "position"], unique=False)
    op.create_index("auth_outgoing_next", "auth_outgoing", ["channel", "state", "next_at"], unique=False)
    op.create_table(
        "auth_parked",
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
    op.create_index("auth_parked_key", "auth_parked", ["feed", "key", "seq"], unique=False)
    op.create_table(
        "auth_permissions",
        sa.Column("name", types.ExactText(80), nullable=False),
        sa.Column("service", types.ExactText(40), nullable=False),
        sa.Column("titles", types.Json(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "auth_policies",
        sa.Column("id", types.Whole(), autoincrement=False, nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.Column("roles_hash", types.ExactText(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "auth_sessions",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("staff_id", types.Id(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("ends_at", types.UtcTime(), nullable=False),
        sa.Column("revoked_at", types.UtcTime(), nullable=True),
        sa.Column("revoked_for", types.ExactText(40), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("auth_sessions_end", "auth_sessions", ["ends_at"], unique=False)
    op.create_index("auth_sessions_staff", "auth_sessions", ["staff_id", "ends_at"], unique=False)
    op.create_table(
        "auth_staff",
        sa.Column("id", types.Id(), nullable=False),
        sa.Column("company_id", types.Id(), nullable=False),
        sa.Column("login", types.ExactText(64), nullable=False),
        sa.Column("login_key", types.ExactText(64), nullable=False),
        sa.Column("name", types.ExactText(60), nullable=False),
        sa.Column("phone", types.LongText(), nullable=True),
        sa.Column("phone_masked", types.ExactText(40), nullable=False),
        sa.Column("organisation_id", types.Id(), nullable=False),
        sa.Column("password_hash", types.ExactText(200), nullable=False),
        sa.Column("must_change_password", types.Flag(), nullable=False),
        sa.Column("is_active", types.Flag(), nullable=False),
        sa.Column("last_sign_in_at", types.UtcTime(), nullable=True),
        sa.Column("policies_version", types.Whole(), nullable=False),
        sa.Column("permissions_hash", types.ExactText(64), nullable=False),
        sa.Column("version", types.Whole(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login_key", name="auth_staff_login"),
    )
    op.create_index("auth_staff_company", "auth_staff", ["company_id", "id"], unique=False)
    op.create_index("auth_staff_organisation", "auth_staff", ["organisation_id"], unique=False)
    op.create_index("auth_staff_policies", "auth_staff", ["policies_version"], unique=False)
    op.create_table(
        "auth_throttles",
        sa.Column("kind", types.ExactText(8), nullable=False),
        sa.Column("key", types.ExactText(64), nullable=False),
        sa.Column("failures", types.Whole(), nullable=False),
        sa.Column("last_at", types.UtcTime(), nullable=False),
        sa.Column("blocked_until", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_index("auth_throttles_last", "auth_throttles", ["last_at"], unique=False)
    op.create_table(
        "auth_tokens",
        sa.Column("hash", types.ExactText(64), nullable=False),
        sa.Column("kind", types.ExactText(8), nullable=False),
        sa.Column("session_id", types.Id(), nullable=False),
        sa.Column("parent", types.ExactText(64), nullable=True),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.Column("spent_at", types.UtcTime(), nullable=True),
        sa.Column("spent_by", types.ExactText(64), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("auth_tokens_expiry", "auth_tokens", ["kind", "expires_at"], unique=False)
    op.create_index("auth_tokens_parent", "auth_tokens", ["parent"], unique=False)
    op.create_index("auth_tokens_session", "auth_tokens", ["session_id"], unique=False)
