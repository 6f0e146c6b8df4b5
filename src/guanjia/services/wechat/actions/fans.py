"""Writes of fans: seen by a push, told by WeChat's user data, named by staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import NotFound
from guanjia.kit.outgoing import enqueue
from guanjia.services.wechat.actions.feed import fan_key, tell_fan, tell_window
from guanjia.services.wechat.models import accounts, fans
from guanjia.services.wechat.queries import fan_row
from guanjia.services.wechat.queries.fans import windows_of
from guanjia.services.wechat.rules.pushes import TAP_EVENTS, Push
from guanjia.services.wechat.rules.windows import Windows, WindowSizes, after_message, after_tap
from guanjia.services.wechat.schemas import FanIntent

_LAST_SECOND = 253402300799


def see_fan(
    tx: Transaction,
    row: Row[Any] | None,
    push: Push,
    *,
    company_id: str,
    account_id: str,
    account_name: str,
    sizes: WindowSizes,
    asks_data: bool,
    at: datetime,
) -> Windows:
    """What ``push`` tells of its fan, whose row is ``row``: he is there, follows or not, and may be written to.

    The answer is what he may be sent now; a message's own event tells it, so that only other pushes publish it here.
    """
    is_leaving = push.event == "unsubscribe"
    windows = windows_of(row) if row is not None else Windows()
    before = windows
    if not push.is_event:
        windows = after_message(windows, sizes, at)
    elif push.event in TAP_EVENTS:
        windows = after_tap(windows, sizes, at)
    elif is_leaving:
        windows = Windows()
    values: dict[str, Any] = {}
    if windows != before:
        values = {
            "message_until": windows.message_until,
            "message_left": windows.message_left,
            "tap_until": windows.tap_until,
            "tap_left": windows.tap_left,
        }
    if is_leaving:
        values |= {"is_subscribed": False, "unsubscribed_at": at}
    elif row is None or not row.is_subscribed or push.event == "subscribe":
        values |= {"is_subscribed": True, "subscribed_at": at}
        if push.event_key.startswith("qrscene_"):
            values["qr_scene"] = push.event_key.removeprefix("qrscene_")[:120]
    if row is None:
        _insert_fan(tx, company_id, account_id, push.openid, values, at)
    elif values:
        tx.update(fans, {"id": row.id}, values)
    if "is_subscribed" in values:
        fresh = fan_row(tx, company_id, account_id, push.openid)
        assert fresh is not None
        tell_fan(tx, fresh, account_name, at)
        if asks_data and not is_leaving:
            intent = FanIntent(company_id=company_id, account_id=account_id, openid=push.openid)
            enqueue(tx, "fans", fan_key(account_id, push.openid), intent, is_repeatable=True)
    if windows != before and push.is_event:
        tell_window(tx, windows, company_id, account_id, push.openid, at)
    return windows


def _insert_fan(
    tx: Transaction, company_id: str, account_id: str, openid: str, values: dict[str, Any], at: datetime
) -> None:
    empty = {
        "unionid": "",
        "nickname": "",
        "remark": "",
        "is_subscribed": False,
        "subscribe_scene": "",
        "qr_scene": "",
        "language": "",
        "tags": [],
        "message_left": 0,
        "tap_left": 0,
    }
    key = {"company_id": company_id, "account_id": account_id, "openid": openid}
    tx.execute(fans.insert().values(id=new_id(), created_at=at, **key, **(empty | values)))


def change_remark(tx: Transaction, caller: Caller, account_id: str, openid: str, remark: str, at: datetime) -> None:
    """Name a fan privately, here and with WeChat (R-WX-01)."""
    lock(tx, "fan", fan_key(account_id, openid))
    row = fan_row(tx, caller.company_id, account_id, openid)
    if row is None:
        raise NotFound()
    if row.remark == remark:
        return
    tx.execute(fans.update().where(fans.c.id == row.id).values(remark=remark))
    intent = FanIntent(company_id=caller.company_id, account_id=account_id, openid=openid, remark=remark)
    enqueue(tx, "fans", fan_key(account_id, openid), intent, is_repeatable=True)
    _tell_again(tx, caller.company_id, account_id, openid, at)


def apply_fan_data(
    tx: Transaction, company_id: str, account_id: str, openid: str, data: dict[str, Any], at: datetime
) -> None:
    """What ``user/info`` answered. A remark of ours stands; WeChat's own is taken when there is none."""
    lock(tx, "fan", fan_key(account_id, openid))
    row = fan_row(tx, company_id, account_id, openid)
    # Whether he follows is known from his pushes; this answer may be older than the last of them.
    if row is None or not data.get("subscribe"):
        return
    scene = data.get("qr_scene_str") or data.get("qr_scene") or row.qr_scene
    tags = data.get("tagid_list")
    values: dict[str, Any] = {
        "unionid": _short(data.get("unionid"), 64) or row.unionid,
        "nickname": _short(data.get("nickname"), 120) or row.nickname,
        "remark": row.remark or _short(data.get("remark"), 60),
        "language": _short(data.get("language"), 20),
        "subscribe_scene": _short(data.get("subscribe_scene"), 60),
        "qr_scene": _short(scene, 120),
        "tags": [tag for tag in tags if isinstance(tag, int)] if isinstance(tags, list) else [],
    }
    subscribed_at = data.get("subscribe_time")
    if isinstance(subscribed_at, int) and 0 < subscribed_at <= _LAST_SECOND:
        values["subscribed_at"] = datetime.fromtimestamp(subscribed_at, UTC)
    if all(getattr(row, name) == value for name, value in values.items()):
        return
    tx.execute(fans.update().where(fans.c.id == row.id).values(**values))
    _tell_again(tx, company_id, account_id, openid, at)


def lose_fan(tx: Transaction, company_id: str, account_id: str, openid: str, at: datetime) -> None:
    """WeChat says that he does not follow: he left without our hearing of it."""
    row = fan_row(tx, company_id, account_id, openid)
    if row is not None and row.is_subscribed:
        values = {"is_subscribed": False, "unsubscribed_at": at, "message_until": None, "message_left": 0}
        tx.execute(fans.update().where(fans.c.id == row.id).values(**values, tap_until=None, tap_left=0))
        _tell_again(tx, company_id, account_id, openid, at)
        tell_window(tx, Windows(), company_id, account_id, openid, at)


def _tell_again(tx: Transaction, company_id: str, account_id: str, openid: str, at: datetime) -> None:
    fresh = fan_row(tx, company_id, account_id, openid)
    assert fresh is not None
    name = tx.scalar(sa.select(accounts.c.name).where(accounts.c.id == account_id))
    tell_fan(tx, fresh, str(name or ""), at)


def _short(value: object, length: int) -> str:
    """A value of WeChat's as text that fits its column."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text.replace("\x00", "")[:length]
