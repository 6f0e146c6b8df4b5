"""Writes of accounts: settings, the holder's access token, the quota ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import Conflict
from guanjia.services.wechat.models import accounts, quotas, tokens, uploads
from guanjia.services.wechat.queries import account_row, token_row
from guanjia.services.wechat.rules.accounts import check_mode


def create_account(tx: Transaction, caller: Caller, account_id: str, values: dict[str, Any], at: datetime) -> None:
    """A new account; Conflict when the company has one with that appid. ``values`` are sealed already."""
    appid = values["appid"]
    lock(tx, "appid", f"{caller.company_id}:{appid}")
    taken = sa.select(accounts.c.id).where(accounts.c.company_id == caller.company_id, accounts.c.appid == appid)
    if tx.one(taken) is not None:
        raise Conflict("appid_taken")
    tx.execute(
        accounts.insert().values(
            **values,
            id=account_id,
            company_id=caller.company_id,
            trouble="",
            created_at=at,
            version=1,
        )
    )
    audit(tx, caller, "wechat.accounts.create", "account", account_id, values["name"], appid=appid)


def change_account(
    tx: Transaction,
    caller: Caller,
    account_id: str,
    version: int,
    values: dict[str, Any],
    new_key: str | None,
    is_present_key: Callable[[str], bool],
) -> None:
    """Change what is given; Conflict when somebody else was first. New credentials void the access token.

    ``new_key`` is sealed; unless it is the present key in another spelling, the present one becomes the previous.
    """
    lock(tx, "account", account_id)
    row = account_row(tx, caller, account_id)
    if row.version != version:
        raise Conflict("stale_version")
    values = dict(values)
    if new_key is not None and not is_present_key(row.aes_key):
        values |= {"aes_key": new_key, "previous_aes_key": row.aes_key}
    check_mode(values.get("mode", row.mode), bool(values.get("aes_key", row.aes_key)))
    tx.execute(accounts.update().where(accounts.c.id == account_id).values(**values, version=version + 1))
    if {"secret", "api_base_url"} & values.keys():
        tx.execute(tokens.delete().where(tokens.c.company_id == row.company_id, tokens.c.account_id == account_id))
        tx.execute(uploads.delete().where(uploads.c.company_id == row.company_id, uploads.c.account_id == account_id))
    audit(tx, caller, "wechat.accounts.change", "account", account_id, row.name, fields=sorted(values))


def mark_verified(tx: Transaction, account_id: str, at: datetime) -> None:
    """WeChat's server has checked the callback address."""
    tx.execute(accounts.update().where(accounts.c.id == account_id).values(verified_at=at))


def learn_original_id(tx: Transaction, account_id: str, original_id: str) -> None:
    """Fill in the original id by itself, once (R-WX-14)."""
    tx.execute(
        accounts.update()
        .where(accounts.c.id == account_id, accounts.c.original_id == "")
        .values(original_id=original_id)
    )


def note_trouble(tx: Transaction, account_id: str, reason: str, at: datetime) -> None:
    """Something that an operator must mend."""
    tx.execute(accounts.update().where(accounts.c.id == account_id).values(trouble=reason, trouble_at=at))


def note_check(tx: Transaction, caller: Caller, account_id: str, reason: str, at: datetime) -> None:
    """A check found ``reason``, or that all is well when it is empty."""
    row = account_row(tx, caller, account_id)
    values: dict[str, Any] = {"checked_at": at, "trouble": reason}
    if reason:
        values["trouble_at"] = at
    tx.execute(accounts.update().where(accounts.c.id == row.id).values(**values))
    audit(tx, caller, "wechat.accounts.check", "account", account_id, row.name, reason=reason)


def claim_refresh(
    tx: Transaction, company_id: str, account_id: str, owner: str, lease: timedelta, at: datetime
) -> tuple[str, datetime, bool]:
    """The sealed token and until when it is used, and whether ``owner`` shall fetch a new one.

    False with an empty token: another process is fetching one. All times here are real.
    """
    lock(tx, "token", account_id)
    row = token_row(tx, company_id, account_id)
    if row is not None:
        if row.token and row.refresh_at is not None and at < row.refresh_at:
            return row.token, row.refresh_at, False
        is_claimed = row.refreshing_until is not None and at < row.refreshing_until
        if is_claimed and row.refresher != owner:
            return "", at, False
    tx.upsert(
        tokens,
        {"company_id": company_id, "account_id": account_id},
        {
            "token": "",
            "expires_at": None,
            "refresh_at": None,
            "refresher": owner,
            "refreshing_until": at + lease,
        },
    )
    return "", at, True


def keep_token(
    tx: Transaction, company_id: str, account_id: str, sealed: str, expires_at: datetime, refresh_at: datetime
) -> None:
    """A new token with its absolute expiry; the account's credentials are right."""
    tx.upsert(
        tokens,
        {"company_id": company_id, "account_id": account_id},
        {
            "token": sealed,
            "expires_at": expires_at,
            "refresh_at": refresh_at,
            "refresher": "",
            "refreshing_until": None,
        },
    )
    tx.execute(accounts.update().where(accounts.c.id == account_id, accounts.c.trouble != "").values(trouble=""))


def release_refresh(tx: Transaction, company_id: str, account_id: str, owner: str) -> None:
    """The fetch failed: whoever asks next may try."""
    tx.execute(
        tokens.update()
        .where(
            tokens.c.company_id == company_id,
            tokens.c.account_id == account_id,
            tokens.c.refresher == owner,
        )
        .values(refresher="", refreshing_until=None)
    )


def expire_token(tx: Transaction, company_id: str, account_id: str, sealed: str) -> None:
    """Forget a token that WeChat refused, only if it is still the stored one (compare-and-expire)."""
    lock(tx, "token", account_id)
    row = token_row(tx, company_id, account_id)
    if row is not None and row.token == sealed:
        tx.execute(
            tokens.update()
            .where(tokens.c.company_id == company_id, tokens.c.account_id == account_id)
            .values(token="", expires_at=None, refresh_at=None)
        )


def count_call(tx: Transaction, company_id: str, account_id: str, interface: str, day: str, limit: int) -> None:
    """Count one call of the day, before it is made; Conflict ``quota_used_up`` at the limit (R-WX-23)."""
    is_row = (
        (quotas.c.company_id == company_id)
        & (quotas.c.account_id == account_id)
        & (quotas.c.day == day)
        & (quotas.c.interface == interface)
    )
    more = quotas.update().where(is_row, quotas.c.used < limit).values(used=quotas.c.used + 1)
    if tx.execute(more).rowcount == 1:
        return
    key = {"company_id": company_id, "account_id": account_id, "day": day, "interface": interface}
    if limit > 0 and tx.insert_new(quotas, {**key, "used": 1}):
        return
    if tx.execute(more).rowcount != 1:
        raise Conflict("quota_used_up", interface=interface, limit=limit)


def use_up_quota(tx: Transaction, company_id: str, account_id: str, interface: str, day: str, limit: int) -> None:
    """WeChat says that the day's calls are used up: believe it until tomorrow."""
    key = {"company_id": company_id, "account_id": account_id, "day": day, "interface": interface}
    tx.upsert(quotas, key, {"used": limit})


def forget_quotas(tx: Transaction, before: str) -> int:
    """Delete counters of days before ``before``, at most 500 a call."""
    old = tx.rows(
        sa.select(quotas.c.company_id, quotas.c.account_id, quotas.c.day, quotas.c.interface)
        .where(quotas.c.day < before)
        .limit(500)
    )
    for row in old:
        tx.execute(
            quotas.delete().where(
                quotas.c.company_id == row.company_id,
                quotas.c.account_id == row.account_id,
                quotas.c.day == row.day,
                quotas.c.interface == row.interface,
            )
        )
    return len(old)
