"""A fan and an account: who they are to each other, what was said, what the phone shows of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit import clock
from guanjia.kit.database import Prepared, Transaction, lock, new_id
from guanjia.kit.feed import publish
from guanjia.services.emulator.models import fans, messages, phones, pushes
from guanjia.services.emulator.queries.accounts import find_fan
from guanjia.services.emulator.rules import identity
from guanjia.services.emulator.rules.bubbles import preview_of
from guanjia.services.emulator.schemas import PhoneChanged, PushQueued
from guanjia.services.emulator.settings import EmulatorSettings

_PHONE = Prepared(sa.select(phones).where(phones.c.id == sa.bindparam("id")))

Fan = Row[Any]
Sender = Literal["user", "account", "system"]


def tell_phone(tx: Transaction, fan: Fan, name: str, data: dict[str, Any], at: datetime, file: str = "") -> None:
    """Show a change on the fan's phone, live."""
    event = PhoneChanged(at=at, phone_id=fan.phone_id, appid=fan.appid, name=name, data=data, file=file)
    publish(tx, event, key=fan.phone_id, subjects=[fan.phone_id], audience="all")


def lock_fan(tx: Transaction, appid: str, openid: str) -> Fan | None:
    """The fan, held until the end of the transaction; None when the account has never met him."""
    fan = find_fan(tx, appid, openid)
    if fan is None:
        return None
    lock(tx, "phone", fan.phone_id)
    return find_fan(tx, appid, openid)


def meet(tx: Transaction, phone: Row[Any], appid: str) -> Fan:
    """The phone's owner as a person whom the account knows, made when they meet for the first time."""
    lock(tx, "phone", phone.id)
    openid = identity.openid_of(phone.seed, appid)
    fan = find_fan(tx, appid, openid)
    if fan is None:
        values: dict[str, Any] = dict.fromkeys(("scene", "qr_scene_str", "remark", "last_kind", "last_text"), "")
        values |= dict.fromkeys(("is_following", "is_blocked"), False)
        values |= dict.fromkeys(("qr_scene", "message_left", "event_left", "number", "unread"), 0)
        tx.execute(fans.insert().values(appid=appid, openid=openid, phone_id=phone.id, **values))
        fan = find_fan(tx, appid, openid)
    assert fan is not None
    return fan


def change_fan(tx: Transaction, fan: Fan, **values: Any) -> None:
    """Change facts of a fan."""
    tx.update(fans, {"appid": fan.appid, "openid": fan.openid}, values)


def say(
    tx: Transaction,
    fan: Fan,
    sender: Sender,
    kind: str,
    content: dict[str, Any],
    at: datetime,
    *,
    file: str = "",
    client_id: str = "",
) -> str:
    """Put a message into the chat as the phone shows it; the answer is its id.

    ``fan`` is as he was read under his lock, so an action says one thing of one reading.
    """
    unread = fan.unread if sender == "user" else fan.unread + 1
    values: dict[str, Any] = {
        "id": new_id(), "appid": fan.appid, "openid": fan.openid, "number": fan.number + 1, "sender": sender,
        "kind": kind, "content": content, "file": file, "client_id": client_id or None, "at": at,
    }  # fmt: skip
    tx.insert(messages, values)
    changes = {"number": fan.number + 1, "unread": unread, "last_kind": kind, "last_at": at}
    if sender == "account":
        changes["typing_until"] = None
    change_fan(tx, fan, last_text=preview_of(content), **changes)
    view = {name: values[name] for name in ("id", "number", "kind", "content")}
    view |= {"client_id": client_id, "from": sender, "at": clock.text(at)}
    view |= {"media_url": "", "state": "sent", "error": ""}
    tell_phone(tx, fan, "message_added", {"message": view, "unread": unread}, at, file)
    return str(values["id"])


def open_window(tx: Transaction, fan: Fan, settings: EmulatorSettings, at: datetime, *, is_message: bool) -> None:
    """Renew the allowance that this interaction gives."""
    values: dict[str, Any] = {"interacted_at": at}
    if is_message:
        values["message_until"] = at + timedelta(seconds=settings.message_window_seconds)
        values["message_left"] = settings.message_sends
        values |= {"event_until": None, "event_left": 0}
    else:
        values["event_until"] = at + timedelta(seconds=settings.event_window_seconds)
        values["event_left"] = settings.event_sends
    change_fan(tx, fan, **values)


def push(
    tx: Transaction,
    account: Row[Any],
    openid: str,
    kind: str,
    fields: dict[str, Any],
    at: datetime,
    message_id: str = "",
) -> str:
    """Intend to tell the account's platform; it is delivered after the commit, also when the process ends before.

    ``kind`` is the MsgType, or ``event``; ``fields`` are those that follow the common ones. Messages get a MsgId.
    """
    push_id = new_id()
    full: dict[str, Any] = {
        "ToUserName": account.original_id,
        "FromUserName": openid,
        "CreateTime": int(at.timestamp()),
        "MsgType": kind,
        **fields,
    }
    if kind != "event":
        full["MsgId"] = identity.new_number()
    values = {
        "id": push_id,
        "appid": account.appid,
        "openid": openid,
        "kind": fields.get("Event", kind),
        "fields": full,
        "message_id": message_id,
        "state": "pending",
        "tries": 0,
        "created_at": at,
    }
    tx.insert(pushes, values)
    event = PushQueued(at=at, push_id=push_id, appid=account.appid, openid=openid, kind=kind, fields=full)
    publish(tx, event, key=f"{account.appid}:{openid}", audience="all")
    return push_id


def get_phone(tx: Transaction, phone_id: str) -> Row[Any] | None:
    """The phone, or None."""
    row: Row[Any] | None = tx.hot_one(_PHONE, id=phone_id)
    return row
