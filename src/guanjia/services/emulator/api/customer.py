"""Customer-service messages, typing, and the accounts of customer service."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Transaction
from guanjia.services.emulator.actions import chats
from guanjia.services.emulator.api.call import OK, Answer, Call, Interface, text_of
from guanjia.services.emulator.models import kf_accounts
from guanjia.services.emulator.queries.accounts import find_media
from guanjia.services.emulator.rules import windows
from guanjia.services.emulator.rules.bubbles import bubble_of
from guanjia.services.emulator.rules.errors import WechatError

TEXT_BYTES = 2048
KF_LIMIT = 100
_KF = re.compile(r"[A-Za-z0-9_]{1,30}@[A-Za-z0-9_-]{1,40}\Z")
# msgtype → the texts that its object must have
_NEEDED: dict[str, tuple[str, ...]] = {
    "text": (),
    "image": ("media_id",),
    "voice": ("media_id",),
    "video": ("media_id",),
    "music": ("musicurl",),
    "news": (),
    "mpnews": ("media_id",),
    "mpnewsarticle": ("article_id",),
    "msgmenu": (),
    "wxcard": ("card_id",),
    "miniprogrampage": ("appid", "pagepath"),
    "link": ("title", "url"),
}
_MEDIA = {"image": ("image",), "voice": ("voice",), "video": ("video",), "mpnews": ("news",)}


def fan_to_write(tx: Transaction, call: Call, openid: Any) -> chats.Fan:
    """The fan of the calling account whom ``openid`` names; 40003."""
    fan = chats.lock_fan(tx, call.appid, openid) if isinstance(openid, str) and openid else None
    if fan is None:
        raise WechatError(40003)
    return fan


def send(tx: Transaction, call: Call) -> Answer:
    """A message to a fan, within the allowances that his interactions gave (45015, 45047)."""
    body = call.json()
    fan = fan_to_write(tx, call, body.get("touser"))
    kind = body.get("msgtype")
    if not isinstance(kind, str) or kind not in _NEEDED:
        raise WechatError(40008)
    fields = body.get(kind)
    if not isinstance(fields, dict):
        raise WechatError(44004 if kind == "text" else 47001)
    service = body.get("customservice")
    if isinstance(service, dict):
        _kf_row(tx, call, service.get("kf_account"))
    medium = _check(tx, call, kind, fields)
    _take_allowance(tx, call, fan)
    shown, content = bubble_of(kind, fields)
    chats.say(tx, fan, "account", shown, content, call.at, file=medium.file if medium is not None else "")
    return OK


def _check(tx: Transaction, call: Call, kind: str, fields: dict[str, Any]) -> Row[Any] | None:
    for name in _NEEDED[kind]:
        if not text_of(fields.get(name, ""), 40007 if name == "media_id" else 47001):
            raise WechatError(40007 if name in ("media_id", "article_id") else 47001)
    if kind == "text":
        content = text_of(fields.get("content", ""))
        if not content:
            raise WechatError(44004)
        if len(content.encode()) > TEXT_BYTES:
            raise WechatError(45002)
    elif kind == "news":
        articles = fields.get("articles")
        if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
            raise WechatError(45008)
    elif kind == "msgmenu":
        items = fields.get("list")
        if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
            raise WechatError(47001)
    if kind not in _MEDIA:
        return None
    after = call.at - timedelta(days=call.settings.media_days)
    medium = find_media(tx, call.appid, fields["media_id"], _MEDIA[kind], after)
    if medium is None:
        raise WechatError(40007)
    return medium


def _take_allowance(tx: Transaction, call: Call, fan: chats.Fan) -> None:
    if not fan.is_following:
        raise WechatError(windows.CLOSED)
    both = windows.Windows(fan.message_until, fan.message_left, fan.event_until, fan.event_left)
    chosen = windows.choose(both, call.at)
    if isinstance(chosen, int):
        raise WechatError(chosen)
    if chosen == "event":
        chats.change_fan(tx, fan, event_left=fan.event_left - 1)
    else:
        chats.change_fan(tx, fan, message_left=fan.message_left - 1)


def typing(tx: Transaction, call: Call) -> Answer:
    """Show "typing" for at most 15 seconds, within 30 seconds of the fan's interaction."""
    body = call.json()
    fan = fan_to_write(tx, call, body.get("touser"))
    command = body.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise WechatError(45072)
    if not fan.is_following:
        raise WechatError(windows.CLOSED)
    is_typing = fan.typing_until is not None and fan.typing_until > call.at
    if command == "CancelTyping":
        if is_typing:
            chats.change_fan(tx, fan, typing_until=None)
            chats.tell_phone(tx, fan, "typing", {"is_typing": False}, call.at)
        return OK
    lasts = timedelta(seconds=call.settings.typing_after_seconds)
    if fan.interacted_at is None or call.at - fan.interacted_at > lasts:
        raise WechatError(45080)
    if is_typing:
        raise WechatError(45081)
    chats.change_fan(tx, fan, typing_until=call.at + timedelta(seconds=call.settings.typing_seconds))
    chats.tell_phone(tx, fan, "typing", {"is_typing": True}, call.at)
    return OK


def _kf_name(value: Any) -> str:
    if not isinstance(value, str) or not _KF.match(value):
        raise WechatError(65401)
    return value


def _kf_row(tx: Transaction, call: Call, value: Any) -> Row[Any]:
    name = _kf_name(value)
    row = tx.one(sa.select(kf_accounts).where(kf_accounts.c.appid == call.appid, kf_accounts.c.kf_account == name))
    if row is None:
        raise WechatError(65401)
    return row


def _nickname(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 16 or "\x00" in value:
        raise WechatError(65403)
    return value


def add_kf(tx: Transaction, call: Call) -> Answer:
    """A customer-service account."""
    body = call.json()
    name, nick = _kf_name(body.get("kf_account")), _nickname(body.get("nickname"))
    rows = tx.rows(sa.select(kf_accounts).where(kf_accounts.c.appid == call.appid))
    if any(row.kf_account == name for row in rows):
        raise WechatError(65406)
    if len(rows) >= KF_LIMIT:
        raise WechatError(65405)
    number = 1001 + max((row.kf_id - 1000 for row in rows), default=0)
    values = {"appid": call.appid, "kf_account": name, "kf_id": number, "nick": nick, "invited_wx": ""}
    tx.execute(kf_accounts.insert().values(**values))
    return OK


def update_kf(tx: Transaction, call: Call) -> Answer:
    """Another nickname."""
    body = call.json()
    row, nick = _kf_row(tx, call, body.get("kf_account")), _nickname(body.get("nickname"))
    same = (kf_accounts.c.appid == call.appid) & (kf_accounts.c.kf_account == row.kf_account)
    tx.execute(kf_accounts.update().where(same).values(nick=nick))
    return OK


def delete_kf(tx: Transaction, call: Call) -> Answer:
    """Remove a customer-service account; its name stands in the query, or in the body as older clients have it."""
    name = call.text("kf_account") or (call.json().get("kf_account") if call.method == "POST" else "")
    row = _kf_row(tx, call, name)
    same = (kf_accounts.c.appid == call.appid) & (kf_accounts.c.kf_account == row.kf_account)
    tx.execute(kf_accounts.delete().where(same))
    return OK


def list_kf(tx: Transaction, call: Call) -> Answer:
    """All customer-service accounts."""
    rows = tx.rows(sa.select(kf_accounts).where(kf_accounts.c.appid == call.appid).order_by(kf_accounts.c.kf_id))
    return {
        "kf_list": [
            {"kf_account": row.kf_account, "kf_nick": row.nick, "kf_id": row.kf_id, "kf_headimgurl": ""} for row in rows
        ]
    }


def list_online_kf(_tx: Transaction, _call: Call) -> Answer:
    """Nobody is signed in to WeChat's own customer-service client."""
    return {"kf_online_list": []}


INTERFACES = (
    Interface("/cgi-bin/message/custom/send", send),
    Interface("/cgi-bin/message/custom/typing", typing),
    Interface("/customservice/kfaccount/add", add_kf),
    Interface("/customservice/kfaccount/update", update_kf),
    Interface("/customservice/kfaccount/del", delete_kf, "GET"),
    Interface("/cgi-bin/customservice/getkflist", list_kf, "GET"),
    Interface("/cgi-bin/customservice/getonlinekflist", list_online_kf, "GET"),
)
