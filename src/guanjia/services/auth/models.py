"""Tables of ``auth``."""

from __future__ import annotations

from sqlalchemy import Column, Index, UniqueConstraint

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, service_metadata, table

metadata = service_metadata("auth")

companies = table(
    "auth_companies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", ExactText(60), nullable=False),
    Column("time_zone", ExactText(40), nullable=False),
    Column("is_active", Flag, nullable=False),
    Column("version", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("name", name="auth_companies_name"),
)

# ``path`` is /company/…/own id/: a row is below another exactly when its path begins with the other's.
organisations = table(
    "auth_organisations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("parent_id", Id, nullable=True),
    Column("path", ExactText(600), nullable=False),
    Column("name", ExactText(60), nullable=False),
    Column("kind", ExactText(20), nullable=False),
    Column("is_active", Flag, nullable=False),
    Column("version", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("company_id", "parent_id", "name", name="auth_organisations_name"),
    Index("auth_organisations_path", "company_id", "path"),
)

# A login is unique in the platform, whatever its case: ``login_key`` is what is compared.
staff = table(
    "auth_staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("login", ExactText(64), nullable=False),
    Column("login_key", ExactText(64), nullable=False),
    Column("name", ExactText(60), nullable=False),
    Column("phone", LongText, nullable=True),
    Column("phone_masked", ExactText(40), nullable=False),
    Column("organisation_id", Id, nullable=False),
    Column("password_hash", ExactText(200), nullable=False),
    Column("must_change_password", Flag, nullable=False),
    Column("is_active", Flag, nullable=False),
    Column("last_sign_in_at", UtcTime, nullable=True),
    Column("policies_version", Whole, nullable=False),
    Column("permissions_hash", ExactText(64), nullable=False),
    Column("version", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("login_key", name="auth_staff_login"),
    Index("auth_staff_company", "company_id", "id"),
    Index("auth_staff_organisation", "organisation_id"),
    Index("auth_staff_policies", "policies_version"),
)

grants = table(
    "auth_grants",
    metadata,
    Column("company_id", Id, nullable=False),
    Column("staff_id", Id, primary_key=True),
    Column("role", ExactText(40), primary_key=True),
    Column("organisation_id", Id, primary_key=True),
    Index("auth_grants_role", "company_id", "role"),
    Index("auth_grants_organisation", "organisation_id"),
)

# A session is a family of tokens: all that grew from one sign-in.
sessions = table(
    "auth_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("staff_id", Id, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime, nullable=True),
    Column("revoked_for", ExactText(40), nullable=False),
    Index("auth_sessions_staff", "staff_id", "ends_at"),
    Index("auth_sessions_end", "ends_at"),
)

# Tokens are kept as SHA-256 only. A refresh token that was used stays, so that its reuse is seen.
tokens = table(
    "auth_tokens",
    metadata,
    Column("hash", ExactText(64), primary_key=True),
    Column("kind", ExactText(8), nullable=False),
    Column("session_id", Id, nullable=False),
    Column("parent", ExactText(64), nullable=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("spent_at", UtcTime, nullable=True),
    Column("spent_by", ExactText(64), nullable=False),
    Index("auth_tokens_session", "session_id"),
    Index("auth_tokens_parent", "parent"),
    Index("auth_tokens_expiry", "kind", "expires_at"),
)

throttles = table(
    "auth_throttles",
    metadata,
    Column("kind", ExactText(8), primary_key=True),
    Column("key", ExactText(64), primary_key=True),
    Column("failures", Whole, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("blocked_until", UtcTime, nullable=False),
    Index("auth_throttles_last", "last_at"),
)

announcements = table(
    "auth_announcements",
    metadata,
    Column("service", ExactText(40), primary_key=True),
    Column("hash", ExactText(64), primary_key=True),
    Column("content", Json, nullable=False),
    Column("is_current", Flag, nullable=False),
    Column("announced_at", UtcTime, nullable=False),
)

permissions = table(
    "auth_permissions",
    metadata,
    Column("name", ExactText(80), primary_key=True),
    Column("service", ExactText(40), nullable=False),
    Column("titles", Json, nullable=False),
)

menus = table(
    "auth_menus",
    metadata,
    Column("id", Id, primary_key=True),
    Column("service", ExactText(40), nullable=False),
    Column("code", ExactText(80), nullable=False),
    Column("parent", ExactText(80), nullable=False),
    Column("titles", Json, nullable=False),
    Column("url", ExactText(200), nullable=False),
    Column("icon", ExactText(40), nullable=False),
    Column("permission", ExactText(80), nullable=False),
    Column("sort", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("code", name="auth_menus_code"),
)

# One row: the number of the present rows and roles, and which roles those are.
policies = table(
    "auth_policies",
    metadata,
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("version", Whole, nullable=False),
    Column("roles_hash", ExactText(64), nullable=False),
)

# ``company_id`` is empty where nobody known acted: a sign-in with an unknown login.
audit = table(
    "auth_audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=True),
    Column("service", ExactText(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor_id", ExactText(80), nullable=False),
    Column("actor_kind", ExactText(12), nullable=False),
    Column("actor_name", ExactText(60), nullable=False),
    Column("action", ExactText(80), nullable=False),
    Column("object_kind", ExactText(40), nullable=False),
    Column("object_id", ExactText(200), nullable=False),
    Column("object_name", ExactText(200), nullable=False),
    Column("detail", Json, nullable=False),
    Column("address", ExactText(64), nullable=False),
    Index("auth_audit_company", "company_id", "id"),
    Index("auth_audit_actor", "company_id", "actor_id", "id"),
    Index("auth_audit_action", "company_id", "action", "id"),
)
