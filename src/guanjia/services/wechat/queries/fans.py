"""Reads of fans."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select

from guanjia.kit.auth import Caller
from guanjia.kit.database import Prepared, Reading, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.services.wechat.models import accounts, fans
from guanjia.services.wechat.rules.dispatching import fan_name
from guanjia.services.wechat.rules.windows import Windows, shown
from guanjia.services.wechat.schemas import FanView, WindowView


def visible_fans(caller: Caller) -> Select[Any]:
    """Fans belong to the accounts of a whole company."""
    return (
        sa.select(fans, accounts.c.name.label("account_name"))
        .join(accounts, accounts.c.id == fans.c.account_id)
        .where(fans.c.company_id == caller.company_id)
    )


_FAN = Prepared(
    sa.select(fans).where(
        fans.c.company_id == sa.bindparam("company_id"),
        fans.c.account_id == sa.bindparam("account_id"),
        fans.c.openid == sa.bindparam("openid"),
    )
)


def fan_row(reading: Reading, company_id: str, account_id: str, openid: str) -> Row[Any] | None:
    """The fan as he is stored."""
    row: Row[Any] | None = reading.hot_one(_FAN, company_id=company_id, account_id=account_id, openid=openid)
    return row


def windows_of(row: Row[Any]) -> Windows:
    """The allowances of a fan's row."""
    return Windows(
        message_until=row.message_until,
        message_left=row.message_left,
        tap_until=row.tap_until,
        tap_left=row.tap_left,
    )


def fan_view(reading: Reading, caller: Caller, account_id: str, openid: str, at: datetime) -> FanView:
    """A visible fan; else NotFound."""
    row = reading.one(visible_fans(caller).where(fans.c.account_id == account_id, fans.c.openid == openid))
    if row is None:
        raise NotFound()
    return _as_view(row, at)


def fan_views(
    reading: Reading,
    caller: Caller,
    account_id: str | None,
    words: str,
    cursor: str | None,
    limit: int,
    at: datetime,
) -> tuple[list[FanView], str | None]:
    """A page of the visible fans, those first seen last before the others; ``words`` stand in remark or nickname,
    or begin the openid."""
    statement = visible_fans(caller)
    if account_id:
        statement = statement.where(fans.c.account_id == account_id)
    if words:
        statement = statement.where(
            sa.or_(
                fans.c.remark.contains(words, autoescape=True),
                fans.c.nickname.contains(words, autoescape=True),
                fans.c.openid.startswith(words, autoescape=True),
            )
        )
    rows, following = page_by_id(reading, statement, fans.c.id, cursor, limit)
    return [_as_view(row, at) for row in rows], following


def _as_view(row: Row[Any], at: datetime) -> FanView:
    expires_at, remaining = shown(windows_of(row), at)
    return FanView(
        account_id=row.account_id,
        account_name=row.account_name,
        openid=row.openid,
        unionid=row.unionid,
        name=fan_name(row.nickname, row.openid),
        remark=row.remark,
        is_subscribed=row.is_subscribed,
        subscribed_at=row.subscribed_at,
        unsubscribed_at=row.unsubscribed_at,
        subscribe_scene=row.subscribe_scene,
        qr_scene=row.qr_scene,
        language=row.language,
        tags=row.tags,
        window=WindowView(expires_at=expires_at, remaining=remaining),
    )
