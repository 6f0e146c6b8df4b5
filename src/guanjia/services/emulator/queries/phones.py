"""Phones and what they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import PAGE_LIMIT, Reading, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.services.emulator.models import accounts, codes, fans, messages, phones, pushes, tries
from guanjia.services.emulator.queries.accounts import view_menu
from guanjia.services.emulator.rules import identity
from guanjia.services.emulator.schemas import ChatMessage, ChatView, CodeView, PhoneView, PushView, Screen, TryView

SCREEN_MESSAGES = 50


def view_phone(row: Row[Any], appids: list[str]) -> PhoneView:
    """The phone and its owner's openid at each account."""
    openids = {appid: identity.openid_of(row.seed, appid) for appid in appids}
    return PhoneView(
        id=row.id, name=row.name, avatar_color=row.avatar_color, openids=openids, unionid=row.unionid,
        is_story=row.is_story,
    )  # fmt: skip


def _appids(reading: Reading) -> list[str]:
    return [row[0] for row in reading.rows(sa.select(accounts.c.appid).order_by(accounts.c.created_at))]


def list_phones(reading: Reading, cursor: str | None, limit: int) -> tuple[list[PhoneView], str | None]:
    """All phones, the oldest first."""
    rows, following = page_by_id(reading, sa.select(phones), phones.c.id, cursor, limit, newest_first=False)
    appids = _appids(reading)
    return [view_phone(row, appids) for row in rows], following


def get_phone(reading: Reading, phone_id: str) -> PhoneView:
    """One phone; NotFound."""
    return view_phone(_phone_row(reading, phone_id), _appids(reading))


def _phone_row(reading: Reading, phone_id: str) -> Row[Any]:
    row = reading.one(sa.select(phones).where(phones.c.id == phone_id))
    if row is None:
        raise NotFound("phone_not_found")
    return row


def read_screen(
    reading: Reading,
    phone_id: str,
    appid: str,
    before: int | None,
    number: int,
    address_of: Callable[[str], str],
    kind_names: Mapping[str, str],
    at: datetime,
) -> Screen:
    """The phone's chats; with ``appid`` the newest 50 messages of one, or those before ``before``.

    ``number`` was the live stream's before this reading began.
    """
    phone = _phone_row(reading, phone_id)
    known = {row.appid: row for row in reading.rows(sa.select(fans).where(fans.c.phone_id == phone_id))}
    everyone = reading.rows(sa.select(accounts).order_by(accounts.c.created_at))
    chats = [view_chat(one, known[one.appid], kind_names) for one in everyone if one.appid in known]
    chats.sort(key=lambda chat: -(chat.last_at.timestamp() if chat.last_at else 0))
    screen = Screen(phone=view_phone(phone, [one.appid for one in everyone]), chats=chats, number=number)
    if not appid:
        return screen
    account = next((one for one in everyone if one.appid == appid), None)
    if account is None:
        raise NotFound("account_not_found")
    screen.appid = appid
    fan = known.get(appid)
    if fan is None:
        return screen
    screen.menu = view_menu(account.menu) if fan.is_following else None
    screen.is_typing = fan.typing_until is not None and fan.typing_until > at
    statement = sa.select(messages).where(messages.c.appid == appid, messages.c.openid == fan.openid)
    if before is not None:
        statement = statement.where(messages.c.number < before)
    rows = reading.rows(statement.order_by(messages.c.number.desc()).limit(SCREEN_MESSAGES + 1))
    screen.has_more = len(rows) > SCREEN_MESSAGES
    screen.messages = [view_message(row, address_of) for row in reversed(rows[:SCREEN_MESSAGES])]
    return screen


def view_chat(account: Row[Any], fan: Row[Any], kind_names: Mapping[str, str]) -> ChatView:
    """A line of the chat list; ``kind_names`` stand in for messages without a text."""
    return ChatView(
        appid=account.appid,
        name=account.name,
        avatar_color=identity.color_of(account.appid),
        openid=fan.openid,
        is_following=fan.is_following,
        unread=fan.unread,
        last_kind=fan.last_kind,
        last_text=fan.last_text or kind_names.get(fan.last_kind, ""),
        last_at=fan.last_at,
        menu=view_menu(account.menu) if fan.is_following else None,
    )


def get_message(reading: Reading, message_id: str, address_of: Callable[[str], str]) -> ChatMessage:
    """One message; NotFound."""
    row = reading.one(sa.select(messages).where(messages.c.id == message_id))
    if row is None:
        raise NotFound()
    return view_message(row, address_of)


def view_message(row: Row[Any], address_of: Callable[[str], str]) -> ChatMessage:
    """The message as the phone shows it."""
    return ChatMessage(
        id=row.id,
        number=row.number,
        client_id=row.client_id or "",
        sender=row.sender,
        kind=row.kind,
        content=row.content,
        media_url=address_of(row.file) if row.file else "",
        state="sent",
        error="",
        at=row.at,
    )


def list_pushes(
    reading: Reading, appid: str, openid: str, cursor: str | None, limit: int
) -> tuple[list[PushView], str | None]:
    """Pushes with their deliveries, the newest first."""
    statement = sa.select(pushes)
    if appid:
        statement = statement.where(pushes.c.appid == appid[:32])
    if openid:
        statement = statement.where(pushes.c.openid == openid[:40])
    rows, following = page_by_id(reading, statement, pushes.c.id, cursor, limit)
    return view_pushes(reading, rows), following


def view_pushes(reading: Reading, rows: Sequence[Row[Any]]) -> list[PushView]:
    """Pushes with their deliveries."""
    deliveries: dict[str, list[TryView]] = {row.id: [] for row in rows}
    if rows:
        found = sa.select(tries).where(tries.c.push_id.in_(list(deliveries))).order_by(tries.c.push_id, tries.c.number)
        for one in reading.rows(found):
            deliveries[one.push_id].append(
                TryView(
                    number=one.number, at=one.at, status=one.status, latency_ms=one.latency_ms, body=one.body,
                    verdict=one.verdict,
                )
            )  # fmt: skip
    return [
        PushView(
            id=row.id, appid=row.appid, openid=row.openid, kind=row.kind, msg_id=str(row.fields.get("MsgId", "")),
            message_id=row.message_id, summary=_summary(row.fields), fields=row.fields, state=row.state,
            created_at=row.created_at, finished_at=row.finished_at, tries=deliveries[row.id],
        )
        for row in rows
    ]  # fmt: skip


def _summary(fields: dict[str, Any]) -> str:
    for name in ("Content", "Label", "Title", "Recognition", "EventKey"):
        if isinstance(fields.get(name), str) and fields[name]:
            return str(fields[name])[:80]
    return ""


def list_codes(reading: Reading, at: datetime) -> list[CodeView]:
    """The newest living QR codes of all accounts."""
    statement = (
        sa.select(codes, accounts.c.name)
        .join(accounts, accounts.c.appid == codes.c.appid)
        .where(sa.or_(codes.c.expires_at.is_(None), codes.c.expires_at > at))
        .order_by(codes.c.created_at.desc(), codes.c.ticket)
        .limit(PAGE_LIMIT)
    )
    return [
        CodeView(
            ticket=row.ticket, appid=row.appid, account_name=row.name, scene=row.scene_str or str(row.scene_id),
            created_at=row.created_at,
        )
        for row in reading.rows(statement)
    ]  # fmt: skip


def read_pending(reading: Reading) -> list[Row[Any]]:
    """Pushes that the last process left undelivered, in the order of their making."""
    return list(reading.rows(sa.select(pushes).where(pushes.c.state == "pending").order_by(pushes.c.id)))
