"""Followers: facts, list, remarks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Transaction
from guanjia.services.emulator.api.call import OK, Answer, Call, Interface, text_of
from guanjia.services.emulator.api.tags import PAGE, tag_ids
from guanjia.services.emulator.models import fans, phones
from guanjia.services.emulator.queries.accounts import find_fan
from guanjia.services.emulator.rules.errors import WechatError

REMARK = 30
LANGUAGES = frozenset({"zh_CN", "zh_TW", "en"})


def _fan(tx: Transaction, call: Call, openid: Any) -> Row[Any]:
    fan = find_fan(tx, call.appid, openid) if isinstance(openid, str) and openid else None
    if fan is None:
        raise WechatError(40003)
    return fan


def _info(tx: Transaction, fan: Row[Any], language: Any) -> dict[str, Any]:
    """Nickname and head are gone since 2021; who does not follow shows nothing but his openid and tags."""
    tags = tag_ids(tx, fan.appid, fan.openid)
    if not fan.is_following:
        return {"subscribe": 0, "openid": fan.openid, "tagid_list": tags}
    unionid = tx.scalar(sa.select(phones.c.unionid).where(phones.c.id == fan.phone_id))
    return {
        "subscribe": 1,
        "openid": fan.openid,
        "language": language if language in LANGUAGES else "zh_CN",
        "subscribe_time": int(fan.followed_at.timestamp()),
        "unionid": unionid,
        "remark": fan.remark,
        "groupid": tags[0] if tags else 0,
        "tagid_list": tags,
        "subscribe_scene": fan.scene,
        "qr_scene": fan.qr_scene,
        "qr_scene_str": fan.qr_scene_str,
    }


def info(tx: Transaction, call: Call) -> Answer:
    """What an account may know of a person."""
    return _info(tx, _fan(tx, call, call.text("openid")), call.text("lang"))


def batch_info(tx: Transaction, call: Call) -> Answer:
    """The same of up to 100 people."""
    wanted = call.json().get("user_list")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 100:
        raise WechatError(40032)
    if not all(isinstance(one, dict) for one in wanted):
        raise WechatError(40031)
    people = [(_fan(tx, call, one.get("openid")), str(one.get("lang"))) for one in wanted]
    return {"user_info_list": [_info(tx, fan, language) for fan, language in people]}


def show(tx: Transaction, call: Call) -> Answer:
    """Followers, 10,000 a page, in the order of following; past the last one ``data`` is absent."""
    following = (fans.c.appid == call.appid) & fans.c.is_following
    total = int(tx.scalar(sa.select(sa.func.count()).select_from(fans).where(following)) or 0)
    statement = sa.select(fans.c.openid).where(following)
    if after := call.text("next_openid"):
        last = _fan(tx, call, after)
        if last.followed_at is None:
            raise WechatError(40003)
        at_once = (fans.c.followed_at == last.followed_at) & (fans.c.openid > last.openid)
        statement = statement.where(sa.or_(fans.c.followed_at > last.followed_at, at_once))
    openids = [row[0] for row in tx.rows(statement.order_by(fans.c.followed_at, fans.c.openid).limit(PAGE))]
    answer: dict[str, Any] = {"total": total, "count": len(openids)}
    if openids:
        answer["data"] = {"openid": openids}
    answer["next_openid"] = openids[-1] if openids else ""
    return answer


def update_remark(tx: Transaction, call: Call) -> Answer:
    """The account's own name for a follower; an empty one clears it."""
    body = call.json()
    fan = _fan(tx, call, body.get("openid"))
    remark = text_of(body.get("remark"), 40035)
    if len(remark) > REMARK:
        raise WechatError(40035)
    tx.execute(fans.update().where(fans.c.appid == fan.appid, fans.c.openid == fan.openid).values(remark=remark))
    return OK


INTERFACES = (
    Interface("/cgi-bin/user/info", info, "GET"),
    Interface("/cgi-bin/user/info/batchget", batch_info),
    Interface("/cgi-bin/user/get", show, "GET"),
    Interface("/cgi-bin/user/info/updateremark", update_remark),
)
