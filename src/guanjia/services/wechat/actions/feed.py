"""How the events of ``wechat`` are published: one fan's in order, seen by the staff of the account's company."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row

from guanjia.contracts.wechat import FanChanged, WindowChanged
from guanjia.kit.database import Transaction
from guanjia.kit.feed import Event, publish
from guanjia.services.wechat.rules.dispatching import fan_name
from guanjia.services.wechat.rules.windows import Windows, shown


def fan_key(account_id: str, openid: str) -> str:
    """The key of everything that concerns one fan: events, outgoing calls, locks."""
    return f"{account_id}:{openid}"


def tell(tx: Transaction, event: Event, company_id: str, account_id: str, openid: str) -> None:
    """Publish an event of one fan."""
    publish(tx, event, key=fan_key(account_id, openid), company_id=company_id, subjects=(company_id,))


def tell_window(tx: Transaction, windows: Windows, company_id: str, account_id: str, openid: str, at: datetime) -> None:
    """Publish how long, and how many more, messages may be sent."""
    expires_at, remaining = shown(windows, at)
    event = WindowChanged(account_id=account_id, openid=openid, expires_at=expires_at, remaining=remaining, at=at)
    tell(tx, event, company_id, account_id, openid)


def tell_fan(tx: Transaction, row: Row[object], account_name: str, at: datetime) -> None:
    """Publish a fan's row as it is now."""
    event = FanChanged(
        account_id=row.account_id,
        account_name=account_name,
        openid=row.openid,
        unionid=row.unionid,
        name=fan_name(row.nickname, row.openid),
        remark=row.remark,
        is_subscribed=row.is_subscribed,
        subscribed_at=row.subscribed_at,
        subscribe_scene=row.subscribe_scene,
        qr_scene=row.qr_scene,
        at=at,
    )
    tell(tx, event, row.company_id, row.account_id, row.openid)
