"""Reads of accounts, tokens and quotas."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Row, Select

from guanjia.contracts.wechat import WechatAnnouncement
from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.services.wechat.models import accounts, announcements, keyword_replies, pushes, quotas, tokens
from guanjia.services.wechat.rules.dispatching import KeywordReply, Offer
from guanjia.services.wechat.schemas import AccountRow, AccountView, AutomaticText, Health


def visible_accounts(caller: Caller) -> Select[Any]:
    """Accounts belong to a whole company: every one of it who has the permission sees them."""
    return sa.select(accounts).where(accounts.c.company_id == caller.company_id)


def _as_row(row: Row[Any]) -> AccountRow:
    values = row._mapping
    return AccountRow(**{name: values[name] for name in AccountRow.__struct_fields__})


def account_row(reading: Reading, caller: Caller, account_id: str) -> AccountRow:
    """A visible account as it is stored; else NotFound."""
    row = reading.one(visible_accounts(caller).where(accounts.c.id == account_id))
    if row is None:
        raise NotFound()
    return _as_row(row)


def account_view(reading: Reading, caller: Caller, account_id: str, base_url: str) -> AccountView:
    """A visible account as pages show it; else NotFound."""
    return _as_view(reading, account_row(reading, caller, account_id), base_url)


def account_views(
    reading: Reading, caller: Caller, cursor: str | None, limit: int, base_url: str
) -> tuple[list[AccountView], str | None]:
    """A page of the visible accounts, newest first."""
    rows, following = page_by_id(reading, visible_accounts(caller), accounts.c.id, cursor, limit)
    return [_as_view(reading, _as_row(row), base_url) for row in rows], following


def _as_view(reading: Reading, row: AccountRow, base_url: str) -> AccountView:
    last_push = sa.select(pushes.c.received_at).where(
        pushes.c.company_id == row.company_id, pushes.c.account_id == row.id
    )
    held = token_row(reading, row.company_id, row.id)
    return AccountView(
        id=row.id,
        name=row.name,
        wechat_id=row.wechat_id,
        original_id=row.original_id,
        appid=row.appid,
        kind=row.kind,
        mode=row.mode,
        token=row.token,
        callback_url=f"{base_url.rstrip('/')}/wechat/callbacks/{row.id}",
        api_base_url=row.api_base_url,
        is_active=row.is_active,
        has_secret=bool(row.secret),
        has_aes_key=bool(row.aes_key),
        has_previous_aes_key=bool(row.previous_aes_key),
        greeting=AutomaticText(text=row.greeting_text, is_on=row.is_greeting_on),
        default_reply=AutomaticText(text=row.default_text, is_on=row.is_default_on),
        last_push_at=reading.scalar(last_push.order_by(pushes.c.id.desc()).limit(1)),
        verified_at=row.verified_at,
        health=Health(
            trouble=row.trouble,
            trouble_message="",
            trouble_at=row.trouble_at,
            checked_at=row.checked_at,
            token_expires_at=held.expires_at if held is not None and held.token else None,
        ),
        version=row.version,
    )


def token_row(reading: Reading, company_id: str, account_id: str) -> Row[Any] | None:
    """The stored access token of an account."""
    return reading.one(sa.select(tokens).where(tokens.c.company_id == company_id, tokens.c.account_id == account_id))


def quota_uses(reading: Reading, company_id: str, account_id: str, day: str) -> dict[str, int]:
    """Calls of a day by interface."""
    statement = sa.select(quotas.c.interface, quotas.c.used).where(
        quotas.c.company_id == company_id, quotas.c.account_id == account_id, quotas.c.day == day
    )
    return {row.interface: int(row.used) for row in reading.rows(statement)}


def registry_rows(reading: Reading) -> tuple[list[AccountRow], list[KeywordReply], list[Offer]]:
    """All accounts, all keyword replies that are on, and the providers of each service's newest announcement."""
    rows = [_as_row(row) for row in reading.rows(sa.select(accounts))]
    replies = [
        KeywordReply(
            id=row.id,
            company_id=row.company_id,
            account_id=row.account_id,
            keywords=row.keywords,
            match=row.match,
            content=row.reply["content"],
        )
        for row in reading.rows(
            sa.select(keyword_replies)
            .where(keyword_replies.c.is_on)
            .order_by(keyword_replies.c.sort, keyword_replies.c.id)
        )
    ]
    newest: dict[str, tuple[datetime, Any]] = {}
    for row in reading.rows(sa.select(announcements)):
        if row.service not in newest or row.announced_at > newest[row.service][0]:
            newest[row.service] = (row.announced_at, row.content)
    offers = [
        Offer(service, provider)
        for service, (_at, content) in newest.items()
        for provider in msgspec.convert(content, WechatAnnouncement).providers
    ]
    offers.sort(key=lambda offer: (offer.provider.order, offer.service, offer.provider.name))
    return rows, replies, offers
