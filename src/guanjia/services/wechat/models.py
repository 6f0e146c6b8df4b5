"""Tables of ``wechat``. Providers belong to the platform's services; all else begins with a ``company_id``."""

from __future__ import annotations

from sqlalchemy import Column, Index, UniqueConstraint

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, service_metadata, table

metadata = service_metadata("wechat")

accounts = table(
    "wechat_accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("name", ExactText(60), nullable=False),
    Column("wechat_id", ExactText(40), nullable=False),
    Column("original_id", ExactText(40), nullable=False),
    Column("appid", ExactText(40), nullable=False),
    Column("kind", ExactText(32), nullable=False),
    Column("mode", ExactText(8), nullable=False),
    Column("token", ExactText(32), nullable=False),
    # Sealed by kit.secrets; empty when not given.
    Column("secret", LongText, nullable=False),
    Column("aes_key", LongText, nullable=False),
    Column("previous_aes_key", LongText, nullable=False),
    Column("api_base_url", ExactText(300), nullable=False),
    Column("is_active", Flag, nullable=False),
    Column("greeting_text", LongText, nullable=False),
    Column("is_greeting_on", Flag, nullable=False),
    Column("default_text", LongText, nullable=False),
    Column("is_default_on", Flag, nullable=False),
    Column("verified_at", UtcTime, nullable=True),
    # The last error that an operator must mend, and when it was seen or found mended.
    Column("trouble", ExactText(80), nullable=False),
    Column("trouble_at", UtcTime, nullable=True),
    Column("checked_at", UtcTime, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    Column("version", Whole, nullable=False),
    UniqueConstraint("company_id", "appid", name="wechat_accounts_appid"),
)

tokens = table(
    "wechat_tokens",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    # Sealed; empty while there is none. Times are real: tokens are the machine's affair.
    Column("token", LongText, nullable=False),
    Column("expires_at", UtcTime, nullable=True),
    Column("refresh_at", UtcTime, nullable=True),
    Column("refresher", ExactText(36), nullable=False),
    Column("refreshing_until", UtcTime, nullable=True),
)

fans = table(
    "wechat_fans",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("openid", ExactText(64), nullable=False),
    Column("unionid", ExactText(64), nullable=False),
    Column("nickname", ExactText(120), nullable=False),
    Column("remark", ExactText(60), nullable=False),
    Column("is_subscribed", Flag, nullable=False),
    Column("subscribed_at", UtcTime, nullable=True),
    Column("unsubscribed_at", UtcTime, nullable=True),
    Column("subscribe_scene", ExactText(60), nullable=False),
    Column("qr_scene", ExactText(120), nullable=False),
    Column("language", ExactText(20), nullable=False),
    Column("tags", Json, nullable=False),
    # Two allowances for customer-service messages: after a message, and after a tap, follow or scan.
    Column("message_until", UtcTime, nullable=True),
    Column("message_left", Whole, nullable=False),
    Column("tap_until", UtcTime, nullable=True),
    Column("tap_left", Whole, nullable=False),
    Column("last_sent_at", UtcTime, nullable=True),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("company_id", "account_id", "openid", name="wechat_fans_openid"),
    Index("wechat_fans_listed", "company_id", "id"),
)

pushes = table(
    "wechat_pushes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("account_id", Id, nullable=False),
    Column("openid", ExactText(64), nullable=False),
    # Digest of what the platform repeats unchanged when it delivers again.
    Column("dedupe", ExactText(32), nullable=False),
    Column("kind", ExactText(40), nullable=False),
    Column("event", ExactText(80), nullable=False),
    Column("raw", LongText, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    # pending while providers are asked, waiting while the callback waits for them, then what came of it.
    Column("outcome", ExactText(12), nullable=False),
    Column("provider", ExactText(120), nullable=False),
    Column("dispatched_at", UtcTime, nullable=True),
    # The body that was answered, when it was more than "success": a repeat gets the same bytes.
    Column("reply", LongText, nullable=True),
    Column("reply_ids", Json, nullable=True),
    Column("reply_failure", ExactText(40), nullable=False),
    UniqueConstraint("company_id", "account_id", "dedupe", name="wechat_pushes_dedupe"),
    Index("wechat_pushes_listed", "company_id", "account_id", "id"),
)

keyword_replies = table(
    "wechat_keyword_replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("account_id", Id, nullable=True),
    Column("keywords", Json, nullable=False),
    Column("match", ExactText(8), nullable=False),
    Column("reply", Json, nullable=False),
    Column("is_on", Flag, nullable=False),
    Column("sort", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("wechat_keyword_replies_company", "company_id", "id"),
)

announcements = table(
    "wechat_announcements",
    metadata,
    Column("service", ExactText(40), primary_key=True),
    Column("digest", ExactText(64), primary_key=True),
    Column("content", Json, nullable=False),
    Column("announced_at", UtcTime, nullable=False),
)

provider_failures = table(
    "wechat_provider_failures",
    metadata,
    Column("service", ExactText(40), primary_key=True),
    Column("name", ExactText(80), primary_key=True),
    Column("number", Whole, nullable=False),
    Column("error", LongText, nullable=False),
    Column("failed_at", UtcTime, nullable=False),
)

quotas = table(
    "wechat_quotas",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    # A day of China time: the platform's counters begin anew at its midnight.
    Column("day", ExactText(10), primary_key=True),
    Column("interface", ExactText(40), primary_key=True),
    Column("used", Whole, nullable=False),
)

uploads = table(
    "wechat_uploads",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    Column("file", ExactText(60), primary_key=True),
    Column("media_id", ExactText(200), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
