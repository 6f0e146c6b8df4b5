"""Accounts, their fans, tokens and QR codes as rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Prepared, Reading
from guanjia.kit.errors import NotFound
from guanjia.services.emulator.models import accounts, codes, fans, media, switches
from guanjia.services.emulator.rules import identity
from guanjia.services.emulator.schemas import AccountView, Faults, Menu

APPID_LENGTH = 32

_ACCOUNT = Prepared(sa.select(accounts).where(accounts.c.appid == sa.bindparam("appid")))
_FAN = Prepared(sa.select(fans).where(fans.c.appid == sa.bindparam("appid"), fans.c.openid == sa.bindparam("openid")))


def find_account(reading: Reading, appid: str) -> Row[Any] | None:
    """The account, or None; a text that can't be an appid names nothing."""
    if len(appid) > APPID_LENGTH or "\x00" in appid:
        return None
    row: Row[Any] | None = reading.hot_one(_ACCOUNT, appid=appid)
    return row


def get_account(reading: Reading, appid: str) -> Row[Any]:
    """The account; NotFound."""
    row = find_account(reading, appid)
    if row is None:
        raise NotFound("account_not_found")
    return row


def view_menu(buttons: list[dict[str, Any]] | None) -> Menu | None:
    """The menu in WeChat's own shape, or None."""
    return None if buttons is None else {"button": buttons}


def view_account(row: Row[Any]) -> AccountView:
    """The account without its secrets."""
    return AccountView(
        appid=row.appid,
        original_id=row.original_id,
        name=row.name,
        avatar_color=identity.color_of(row.appid),
        kind=row.kind,
        mode=row.mode,
        token=row.token,
        callback_url=row.callback_url,
        verified=row.is_verified,
        reports_location=row.reports_location,
        signature=row.signature,
        menu=view_menu(row.menu),
    )


def list_accounts(reading: Reading) -> list[AccountView]:
    """All accounts, the oldest first."""
    statement = sa.select(accounts).order_by(accounts.c.created_at, accounts.c.appid)
    return [view_account(row) for row in reading.rows(statement)]


def find_fan(reading: Reading, appid: str, openid: str) -> Row[Any] | None:
    """Somebody whom the account has met, or None."""
    if len(openid) > 40 or "\x00" in openid:
        return None
    row: Row[Any] | None = reading.hot_one(_FAN, appid=appid, openid=openid)
    return row


def find_media(reading: Reading, appid: str, media_id: str, kinds: tuple[str, ...], after: datetime) -> Row[Any] | None:
    """A medium of the account that is of one of ``kinds`` and was made after ``after``, or None."""
    if len(media_id) > 80 or "\x00" in media_id:
        return None
    row = reading.one(sa.select(media).where(media.c.media_id == media_id, media.c.appid == appid))
    return row if row is not None and row.kind in kinds and row.created_at > after else None


def find_code(reading: Reading, text: str, at: datetime) -> Row[Any] | None:
    """The living QR code with this ticket, or whose picture holds this address."""
    if len(text) > 120 or "\x00" in text:
        return None
    row = reading.one(sa.select(codes).where(sa.or_(codes.c.ticket == text, codes.c.url == text)))
    return row if row is not None and (row.expires_at is None or row.expires_at > at) else None


def read_switch(reading: Reading, name: str) -> Any:
    """A stored switch, or None."""
    row = reading.one(sa.select(switches.c.value).where(switches.c.name == name))
    return None if row is None else row.value


def read_faults(reading: Reading) -> Faults:
    """The fault switches; all off at first."""
    value = read_switch(reading, "faults")
    return Faults() if value is None else msgspec.convert(value, Faults)


def read_offset(reading: Reading) -> timedelta:
    """How far business time is ahead of real time."""
    return timedelta(microseconds=int(read_switch(reading, "clock") or 0))
