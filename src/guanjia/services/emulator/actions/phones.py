"""What the owner of a phone does: follow, write, tap, scan, open a chat. Each deed and its push are one commit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import Conflict, Invalid, NotFound
from guanjia.services.emulator.actions import chats
from guanjia.services.emulator.models import media, messages, phones
from guanjia.services.emulator.queries.accounts import find_code, find_fan, get_account
from guanjia.services.emulator.queries.phones import view_chat
from guanjia.services.emulator.rules import identity
from guanjia.services.emulator.rules.interfaces import has_location_event
from guanjia.services.emulator.rules.menus import find_button
from guanjia.services.emulator.rules.taps import TAP_EVENTS, tap_fields
from guanjia.services.emulator.schemas import MessageDraft, PhoneDraft, ScanDraft, TapDraft, TapView, VisitDraft
from guanjia.services.emulator.settings import EmulatorSettings


def add_phone(tx: Transaction, draft: PhoneDraft, at: datetime) -> str:
    """A phone; one of a seed that is known is the same phone, perhaps under a new name."""
    phone_id = new_id()
    seed = draft.seed or phone_id
    lock(tx, "seed", seed)
    known = tx.scalar(sa.select(phones.c.id).where(phones.c.seed == seed))
    if known is not None:
        tx.execute(phones.update().where(phones.c.id == known).values(name=draft.name))
        return str(known)
    tx.execute(
        phones.insert().values(
            id=phone_id, name=draft.name, avatar_color=identity.color_of(seed), seed=seed,
            unionid=identity.unionid_of(seed), is_story=draft.is_story, created_at=at,
        )
    )  # fmt: skip
    return phone_id


def _phone(tx: Transaction, phone_id: str) -> Row[Any]:
    phone = chats.get_phone(tx, phone_id)
    if phone is None:
        raise NotFound("phone_not_found")
    return phone


def _event(tx: Transaction, account: Row[Any], fan: chats.Fan, at: datetime, event: str, **fields: Any) -> str | None:
    """Push an event, unless the account has put the fan on its blacklist."""
    if fan.is_blocked and event != "unsubscribe":
        return None
    return chats.push(tx, account, fan.openid, "event", {"Event": event, **fields}, at)


def follow(
    tx: Transaction,
    settings: EmulatorSettings,
    phone_id: str,
    appid: str,
    at: datetime,
    *,
    scene: str = "",
    scene_id: int = 0,
    ticket: str = "",
) -> str | None:
    """Follow the account; nothing happens when it is followed already. The answer is the push's id."""
    account, phone = get_account(tx, appid), _phone(tx, phone_id)
    fan = chats.meet(tx, phone, appid)
    if fan.is_following:
        return None
    chats.change_fan(
        tx, fan, is_following=True, followed_at=at, qr_scene=scene_id, qr_scene_str="" if scene_id else scene,
        scene="ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH",
    )  # fmt: skip
    chats.open_window(tx, fan, settings, at, is_message=False)
    _tell_follow(tx, account, fan, at)
    fields: dict[str, Any] = {"EventKey": f"qrscene_{scene}" if scene else ""}
    if ticket:
        fields["Ticket"] = ticket
    return _event(tx, account, fan, at, "subscribe", **fields)


def _tell_follow(tx: Transaction, account: Row[Any], fan: chats.Fan, at: datetime) -> None:
    now = find_fan(tx, fan.appid, fan.openid)
    assert now is not None
    chat = msgspec.to_builtins(view_chat(account, now, {}))
    chats.tell_phone(tx, fan, "follow_changed", {"is_following": now.is_following, "chat": chat}, at)


def unfollow(tx: Transaction, phone_id: str, appid: str, at: datetime) -> str | None:
    """Unfollow; the account may send nothing more, and its remark of the person is gone."""
    account, phone = get_account(tx, appid), _phone(tx, phone_id)
    fan = chats.meet(tx, phone, appid)
    if not fan.is_following:
        return None
    chats.change_fan(tx, fan, is_following=False, message_until=None, event_until=None, remark="", typing_until=None)
    _tell_follow(tx, account, fan, at)
    return _event(tx, account, fan, at, "unsubscribe", EventKey="")


def _followed(tx: Transaction, phone_id: str, appid: str) -> tuple[Row[Any], chats.Fan]:
    account, phone = get_account(tx, appid), _phone(tx, phone_id)
    fan = chats.meet(tx, phone, appid)
    if not fan.is_following:
        raise Conflict("not_following")
    return account, fan


def send_message(
    tx: Transaction,
    settings: EmulatorSettings,
    phone_id: str,
    draft: MessageDraft,
    address_of: Callable[[str], str],
    at: datetime,
) -> str:
    """Send a message to the account; the answer is its id. ``address_of(file)`` is where WeChat hosts a picture."""
    account, fan = _followed(tx, phone_id, draft.appid)
    if draft.client_id:
        same = (messages.c.appid == fan.appid) & (messages.c.openid == fan.openid)
        known = tx.scalar(sa.select(messages.c.id).where(same, messages.c.client_id == draft.client_id))
        if known is not None:
            return str(known)
    content, fields, file = _message_content(tx, draft, at)
    if draft.kind == "image":
        fields = {"PicUrl": address_of(file), **fields}
    message_id = chats.say(tx, fan, "user", draft.kind, content, at, file=file, client_id=draft.client_id)
    chats.open_window(tx, fan, settings, at, is_message=True)
    if not fan.is_blocked:
        chats.push(tx, account, fan.openid, draft.kind, fields, draft.created_at or at, message_id)
    return message_id


def _text(content: dict[str, Any], name: str, limit: int, *, is_needed: bool = False) -> str:
    value = content.get(name, "")
    if not isinstance(value, str) or len(value) > limit or "\x00" in value:
        raise Invalid(fields={f"content.{name}": "invalid"})
    if is_needed and not value.strip():
        raise Invalid(fields={f"content.{name}": "field_missing"})
    return value


def _number(content: dict[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    value = content.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Invalid(fields={f"content.{name}": "invalid"})
    return value


def _message_content(tx: Transaction, draft: MessageDraft, at: datetime) -> tuple[dict[str, Any], dict[str, Any], str]:
    """What the phone shows, the fields of the push, and the file."""
    given = draft.content
    if draft.kind == "text":
        text = _text(given, "content", 20_000, is_needed=True)
        return {"content": text}, {"Content": text}, ""
    if draft.kind == "location":
        latitude, longitude = _number(given, "latitude", -90, 90), _number(given, "longitude", -180, 180)
        scale, label = int(_number(given, "scale", 1, 30, 16)), _text(given, "label", 500)
        shown = {"latitude": latitude, "longitude": longitude, "scale": scale, "label": label}
        return (
            shown,
            {"Location_X": f"{latitude:.6f}", "Location_Y": f"{longitude:.6f}", "Scale": scale, "Label": label},
            "",
        )
    if draft.kind == "link":
        title, url = _text(given, "title", 500, is_needed=True), _text(given, "url", 2000, is_needed=True)
        description = _text(given, "description", 2000)
        shown = {"title": title, "description": description, "url": url}
        return shown, {"Title": title, "Description": description, "Url": url}, ""
    media_id = draft.media_id or _text(given, "media_id", 80)
    medium = _take_medium(tx, draft, media_id, at)
    content: dict[str, Any] = {"media_id": medium["media_id"]}
    fields: dict[str, Any] = {"MediaId": medium["media_id"]}
    if draft.kind == "voice":
        fields["Format"] = content["format"] = medium["format"]
        content["duration_seconds"] = round(_number(given, "duration_seconds", 0, 600, 0), 1)
        if recognition := _text(given, "recognition", 2000):
            fields["Recognition"] = content["recognition"] = recognition
    elif draft.kind in ("video", "shortvideo"):
        thumb = _text(given, "thumb_media_id", 80) or medium["media_id"]
        fields["ThumbMediaId"] = content["thumb_media_id"] = thumb
    return content, fields, str(medium["file"])


def _take_medium(tx: Transaction, draft: MessageDraft, media_id: str, at: datetime) -> dict[str, Any]:
    """The recorded medium, now the account's; one sent to another account before is given again under a new id."""
    row = tx.one(sa.select(media).where(media.c.media_id == media_id)) if media_id else None
    wanted = "video" if draft.kind == "shortvideo" else draft.kind
    if row is None or row.kind != wanted or (row.appid not in ("", draft.appid) and not row.name):
        raise Invalid(fields={"media_id": "media_not_found"})
    values = {"appid": draft.appid, "created_at": at}
    if row.appid in ("", draft.appid):
        tx.execute(media.update().where(media.c.media_id == media_id).values(**values))
        taken = media_id
    else:
        taken = identity.new_media_id()
        tx.execute(
            media.insert().values(
                media_id=taken, kind=row.kind, file=row.file, media_type=row.media_type, name=row.name, **values
            )
        )
    voice_format = row.name.rpartition(".")[2] if row.kind == "voice" else ""
    return {"media_id": taken, "file": row.file, "format": voice_format}


def tap(tx: Transaction, settings: EmulatorSettings, phone_id: str, draft: TapDraft, at: datetime) -> TapView:
    """Tap a menu button, or an item of a menu message; the answer tells what the phone does then."""
    account, fan = _followed(tx, phone_id, draft.appid)
    if draft.message_id:
        return _tap_item(tx, settings, account, fan, draft, at)
    button = find_button(account.menu, draft.key)
    if button is None:
        raise NotFound("button_not_found")
    kind = str(button["type"])
    if kind in TAP_EVENTS:
        _event(tx, account, fan, at, TAP_EVENTS[kind], **tap_fields(kind, button, account.appid))
    if kind not in ("view", "miniprogram", "view_limited", "article_view_limited"):
        chats.open_window(tx, fan, settings, at, is_message=False)
    if kind in ("media_id", "article_id"):
        chats.say(tx, fan, "account", "image" if kind == "media_id" else "mpnewsarticle", {kind: button[kind]}, at)
    return TapView(type=kind, url=str(button.get("url", "")))


def _tap_item(
    tx: Transaction, settings: EmulatorSettings, account: Row[Any], fan: chats.Fan, draft: TapDraft, at: datetime
) -> TapView:
    row = tx.one(
        sa.select(messages).where(
            messages.c.id == draft.message_id, messages.c.appid == fan.appid, messages.c.openid == fan.openid
        )
    )
    items = row.content["items"] if row is not None and row.kind == "menu" else []
    item = next((one for one in items if one["id"] == draft.item_id), None)
    if item is None:
        raise NotFound("button_not_found")
    text = str(item["title"])
    message_id = chats.say(tx, fan, "user", "text", {"content": text, "menu_item_id": draft.item_id}, at)
    chats.open_window(tx, fan, settings, at, is_message=True)
    if not fan.is_blocked:
        fields = {"Content": text, "bizmsgmenuid": draft.item_id}
        chats.push(tx, account, fan.openid, "text", fields, at, message_id)
    return TapView(type="text", url="")


def scan(tx: Transaction, settings: EmulatorSettings, phone_id: str, draft: ScanDraft, at: datetime) -> str:
    """Scan a QR code: a new follower subscribes with its scene, an old one gives SCAN. The answer is the appid."""
    if draft.appid and draft.scene:
        appid, scene, scene_id, ticket = draft.appid, draft.scene, 0, identity.new_ticket()
    else:
        code = find_code(tx, draft.ticket, at)
        if code is None:
            raise NotFound("code_not_found")
        appid, scene_id, ticket = str(code.appid), int(code.scene_id), str(code.ticket)
        scene = code.scene_str or str(scene_id)
    account, phone = get_account(tx, appid), _phone(tx, phone_id)
    fan = chats.meet(tx, phone, appid)
    if not fan.is_following:
        follow(tx, settings, phone_id, appid, at, scene=scene, scene_id=scene_id, ticket=ticket)
        return appid
    chats.open_window(tx, fan, settings, at, is_message=False)
    _event(tx, account, fan, at, "SCAN", EventKey=scene, Ticket=ticket)
    return appid


def visit(tx: Transaction, phone_id: str, draft: VisitDraft, at: datetime) -> bool:
    """Open the account's chat; says whether the position was reported."""
    account, fan = _followed(tx, phone_id, draft.appid)
    if not account.reports_location or not has_location_event(account.kind):
        return False
    fields = {
        "Latitude": f"{draft.latitude:.6f}",
        "Longitude": f"{draft.longitude:.6f}",
        "Precision": f"{draft.precision:.6f}",
    }
    _event(tx, account, fan, at, "LOCATION", **fields)
    return True


def read_chat(tx: Transaction, phone_id: str, appid: str) -> None:
    """All messages of the chat were seen."""
    get_account(tx, appid)
    fan = chats.meet(tx, _phone(tx, phone_id), appid)
    if fan.unread:
        chats.change_fan(tx, fan, unread=0)


def add_medium(tx: Transaction, kind: str, file: str, media_type: str, name: str, at: datetime, appid: str = "") -> str:
    """A stored file as a medium; of nobody yet when a phone has recorded it. ``name`` ends in the true format."""
    media_id = identity.new_media_id()
    tx.execute(
        media.insert().values(
            media_id=media_id, appid=appid, kind=kind, file=file, media_type=media_type, name=name[-200:], created_at=at
        )
    )
    return media_id
