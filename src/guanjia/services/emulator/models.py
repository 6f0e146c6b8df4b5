"""Tables of the emulator. They belong to WeChat and its users, so their keys begin with an appid or a phone."""

from __future__ import annotations

from sqlalchemy import Column, Index

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, service_metadata, table

metadata = service_metadata("emulator")

accounts = table(
    "emulator_accounts",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("secret", ExactText(64), nullable=False),
    Column("original_id", ExactText(32), nullable=False, unique=True),
    Column("name", ExactText(60), nullable=False),
    Column("kind", ExactText(32), nullable=False),
    Column("token", ExactText(32), nullable=False),
    Column("aes_key", ExactText(43), nullable=False),
    Column("previous_aes_key", ExactText(43), nullable=False),
    Column("mode", ExactText(8), nullable=False),
    Column("signature", ExactText(120), nullable=False),
    Column("callback_url", ExactText(500), nullable=False),
    Column("is_verified", Flag, nullable=False),
    Column("reports_location", Flag, nullable=False),
    Column("menu", Json, nullable=True),
    Column("created_at", UtcTime, nullable=False),
)

tokens = table(
    "emulator_tokens",
    metadata,
    Column("token", ExactText(200), primary_key=True),
    Column("appid", ExactText(32), nullable=False),
    # "plain" of /cgi-bin/token, "stable" of /cgi-bin/stable_token: neither invalidates the other.
    Column("family", ExactText(8), nullable=False),
    Column("issued_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    # When a newer token took its place, and until when it still counts.
    Column("replaced_until", UtcTime, nullable=True),
)
Index("emulator_tokens_appid", tokens.c.appid, tokens.c.family, tokens.c.issued_at)

quotas = table(
    "emulator_quotas",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("day", ExactText(10), primary_key=True),
    Column("interface", ExactText(80), primary_key=True),
    Column("used", Whole, nullable=False),
)

requests = table(
    "emulator_requests",
    metadata,
    Column("rid", ExactText(40), primary_key=True),
    Column("appid", ExactText(32), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("cost_in_ms", Whole, nullable=False),
    Column("url", LongText, nullable=False),
    Column("body", LongText, nullable=False),
    Column("answer", LongText, nullable=False),
    Column("client", ExactText(64), nullable=False),
)
Index("emulator_requests_at", requests.c.at)

phones = table(
    "emulator_phones",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", ExactText(60), nullable=False),
    Column("avatar_color", ExactText(7), nullable=False),
    # The openids and the unionid of the person follow from it.
    Column("seed", ExactText(80), nullable=False, unique=True),
    Column("unionid", ExactText(40), nullable=False),
    # Made by the story player: it begins each run with somebody new.
    Column("is_story", Flag, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

fans = table(
    "emulator_fans",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("openid", ExactText(40), primary_key=True),
    Column("phone_id", Id, nullable=False),
    Column("is_following", Flag, nullable=False),
    Column("followed_at", UtcTime, nullable=True),
    Column("scene", ExactText(40), nullable=False),
    Column("qr_scene", Whole, nullable=False),
    Column("qr_scene_str", ExactText(64), nullable=False),
    Column("remark", ExactText(60), nullable=False),
    Column("is_blocked", Flag, nullable=False),
    # Two allowances for customer-service messages: after a message, and after a tap, follow or scan.
    Column("message_until", UtcTime, nullable=True),
    Column("message_left", Whole, nullable=False),
    Column("event_until", UtcTime, nullable=True),
    Column("event_left", Whole, nullable=False),
    Column("interacted_at", UtcTime, nullable=True),
    Column("typing_until", UtcTime, nullable=True),
    # The chat as the phone lists it.
    Column("number", Whole, nullable=False),
    Column("unread", Whole, nullable=False),
    Column("last_kind", ExactText(40), nullable=False),
    Column("last_text", ExactText(200), nullable=False),
    Column("last_at", UtcTime, nullable=True),
)
Index("emulator_fans_phone", fans.c.phone_id)
Index("emulator_fans_followed", fans.c.appid, fans.c.followed_at, fans.c.openid)

messages = table(
    "emulator_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("appid", ExactText(32), nullable=False),
    Column("openid", ExactText(40), nullable=False),
    Column("number", Whole, nullable=False),
    Column("sender", ExactText(8), nullable=False),
    Column("kind", ExactText(40), nullable=False),
    Column("content", Json, nullable=False),
    Column("file", ExactText(60), nullable=False),
    # The phone's own id of the message: a repeat is the same message.
    Column("client_id", ExactText(80), nullable=True),
    Column("at", UtcTime, nullable=False),
)
Index("emulator_messages_client", messages.c.appid, messages.c.openid, messages.c.client_id, unique=True)
Index("emulator_messages_chat", messages.c.appid, messages.c.openid, messages.c.number, unique=True)

pushes = table(
    "emulator_pushes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("appid", ExactText(32), nullable=False),
    Column("openid", ExactText(40), nullable=False),
    Column("kind", ExactText(40), nullable=False),
    Column("fields", Json, nullable=False),
    Column("message_id", ExactText(36), nullable=False),
    Column("state", ExactText(10), nullable=False),
    Column("tries", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime, nullable=True),
)
Index("emulator_pushes_state", pushes.c.state, pushes.c.id)
Index("emulator_pushes_fan", pushes.c.appid, pushes.c.openid, pushes.c.id)

tries = table(
    "emulator_tries",
    metadata,
    Column("push_id", Id, primary_key=True),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("status", Whole, nullable=False),
    Column("latency_ms", Whole, nullable=False),
    Column("body", LongText, nullable=False),
    Column("verdict", ExactText(40), nullable=False),
)

tags = table(
    "emulator_tags",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("name", ExactText(60), nullable=False),
)

taggings = table(
    "emulator_taggings",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("tag_id", Whole, primary_key=True, autoincrement=False),
    Column("openid", ExactText(40), primary_key=True),
)
Index("emulator_taggings_fan", taggings.c.appid, taggings.c.openid)

media = table(
    "emulator_media",
    metadata,
    Column("media_id", ExactText(80), primary_key=True),
    # Empty while a phone has recorded it and not yet sent it.
    Column("appid", ExactText(32), nullable=False),
    Column("kind", ExactText(10), nullable=False),
    Column("file", ExactText(60), nullable=False),
    Column("media_type", ExactText(40), nullable=False),
    Column("name", ExactText(200), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

codes = table(
    "emulator_codes",
    metadata,
    Column("ticket", ExactText(120), primary_key=True),
    Column("appid", ExactText(32), nullable=False),
    Column("url", ExactText(120), nullable=False),
    Column("scene_id", Whole, nullable=False),
    Column("scene_str", ExactText(64), nullable=False),
    Column("expires_at", UtcTime, nullable=True),
    Column("created_at", UtcTime, nullable=False),
)
Index("emulator_codes_url", codes.c.url)

kf_accounts = table(
    "emulator_kf_accounts",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("kf_account", ExactText(80), primary_key=True),
    Column("kf_id", Whole, nullable=False),
    Column("nick", ExactText(40), nullable=False),
    Column("invited_wx", ExactText(80), nullable=False),
)

templates = table(
    "emulator_templates",
    metadata,
    Column("appid", ExactText(32), primary_key=True),
    Column("template_id", ExactText(60), primary_key=True),
    Column("title", ExactText(60), nullable=False),
    Column("content", LongText, nullable=False),
    Column("example", LongText, nullable=False),
)

# One row each: the business clock's offset, the fault switches, the counters of numbers given out.
switches = table(
    "emulator_switches",
    metadata,
    Column("name", ExactText(40), primary_key=True),
    Column("value", Json, nullable=False),
)
