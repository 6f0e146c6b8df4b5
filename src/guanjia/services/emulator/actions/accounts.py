"""Accounts, the fault switches and the business clock's offset."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import Conflict
from guanjia.kit.feed import publish
from guanjia.services.emulator.models import accounts, fans, switches
from guanjia.services.emulator.queries.accounts import find_account, get_account, read_faults, read_offset, view_menu
from guanjia.services.emulator.schemas import (
    AccountDraft,
    AccountSaved,
    CallbackDraft,
    Faults,
    FaultsChange,
    PhoneChanged,
)


def save_account(tx: Transaction, appid: str, draft: AccountDraft, at: datetime) -> None:
    """Make or change an account; its menu and fans stay."""
    lock(tx, "account", appid)
    values: dict[str, Any] = {
        "secret": draft.secret,
        "original_id": draft.original_id,
        "name": draft.name,
        "kind": draft.kind,
        "token": draft.token,
        "aes_key": draft.aes_key,
        "previous_aes_key": draft.previous_aes_key,
        "mode": draft.mode,
        "callback_url": draft.callback_url,
        "signature": draft.signature,
        "reports_location": draft.reports_location,
    }
    known = find_account(tx, appid)
    if known is None:
        tx.execute(accounts.insert().values(appid=appid, **values, is_verified=False, menu=None, created_at=at))
    else:
        is_verified = known.is_verified and known.callback_url == draft.callback_url and known.token == draft.token
        tx.execute(accounts.update().where(accounts.c.appid == appid).values(**values, is_verified=is_verified))
    publish(tx, AccountSaved(at=at, appid=appid), key=f"account:{appid}")


def save_callback(tx: Transaction, appid: str, draft: CallbackDraft, at: datetime) -> None:
    """Keep a server configuration that was verified; a replaced key is remembered, as WeChat's console does."""
    lock(tx, "account", appid)
    row = get_account(tx, appid)
    previous = row.aes_key if row.aes_key != draft.aes_key else row.previous_aes_key
    tx.execute(
        accounts.update()
        .where(accounts.c.appid == appid)
        .values(
            callback_url=draft.url, token=draft.token, aes_key=draft.aes_key, previous_aes_key=previous,
            mode=draft.mode, is_verified=True,
        )
    )  # fmt: skip
    publish(tx, AccountSaved(at=at, appid=appid), key=f"account:{appid}")


def save_menu(tx: Transaction, appid: str, menu: list[dict[str, Any]] | None, at: datetime) -> None:
    """Replace or delete the menu; every follower's phone shows it at once."""
    lock(tx, "account", appid)
    tx.execute(accounts.update().where(accounts.c.appid == appid).values(menu=menu))
    followers = tx.rows(sa.select(fans.c.phone_id).where(fans.c.appid == appid, fans.c.is_following))
    event = PhoneChanged(at=at, phone_id="", appid=appid, name="menu_changed", data={"menu": view_menu(menu)})
    publish(tx, event, key=f"account:{appid}", subjects=[row[0] for row in followers], audience="all")


def change_faults(tx: Transaction, change: FaultsChange) -> Faults:
    """Move fault switches, and keep them over a restart."""
    lock(tx, "switch", "faults")
    faults = read_faults(tx)
    for name in msgspec.structs.fields(FaultsChange):
        value = getattr(change, name.name)
        if value is not None:
            setattr(faults, name.name, value)
    tx.upsert(switches, {"name": "faults"}, {"value": msgspec.to_builtins(faults)})
    return faults


def move_clock(tx: Transaction, offset: timedelta) -> None:
    """Keep the business clock's new offset; Conflict when it would go back."""
    lock(tx, "switch", "clock")
    if offset < read_offset(tx):
        raise Conflict("clock_backwards")
    tx.upsert(switches, {"name": "clock"}, {"value": offset // timedelta(microseconds=1)})
