"""Fans and their customers: names as staff see them, kept from wechat's and crm's feeds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from guanjia.contracts.crm import CustomerChanged, ResolvedCustomer
from guanjia.contracts.wechat import FanChanged
from guanjia.kit.database import Transaction, lock
from guanjia.services.chat.actions.conversations import hold_open
from guanjia.services.chat.models import fans
from guanjia.services.chat.queries.people import find_fan
from guanjia.services.chat.rules.defaults import DEFAULTS
from guanjia.services.chat.rules.texts import display_name, render


def meet_fan(
    tx: Transaction,
    company_id: str,
    account_id: str,
    openid: str,
    at: datetime,
    customer: ResolvedCustomer | None,
    **facts: Any,
) -> dict[str, Any]:
    """The fan's row with what is new in it, and ``shown_name``; an empty name changes nothing."""
    lock(tx, "fan", f"{account_id}:{openid}")
    row = find_fan(tx, company_id, account_id, openid)
    values: dict[str, Any] = {
        key: value[:120] if isinstance(value, str) else value for key, value in facts.items() if value != ""
    }
    if customer is not None:
        values["customer_id"] = customer.customer_id
        values["customer_name"] = customer.name[:120]
        values["customer_remark"] = customer.remark[:120]
    own = {"company_id": company_id, "account_id": account_id, "openid": openid}
    if row is None:
        fresh: dict[str, Any] = {
            "account_name": "",
            "name": "",
            "remark": "",
            "customer_id": "",
            "customer_name": "",
            "customer_remark": "",
            "customer_version": 0,
            "window_expires_at": None,
            "window_remaining": 0,
            "is_window_known": False,
            "first_seen_at": at,
        }
        fan = {**own, **fresh, **values}
        tx.insert(fans, fan)
    else:
        fan = dict(row._mapping)
        values = {key: value for key, value in values.items() if fan[key] != value}
        if values:
            tx.update(fans, own, values)
            fan |= values
    fan["shown_name"] = shown_name(fan)
    return fan


def shown_name(fan: dict[str, Any]) -> str:
    """What lists call a fan: staff's own name for him first, the end of his openid when he has no name at all."""
    unnamed = render(DEFAULTS.words["unnamed_customer"], {"tail": fan["openid"][-4:]})
    return display_name(fan["customer_remark"], fan["remark"], fan["customer_name"], fan["name"], unnamed)


def change_fan(tx: Transaction, company_id: str, event: FanChanged) -> None:
    """A fan's name or remark at the account."""
    fan = meet_fan(tx, company_id, event.account_id, event.openid, event.at, None, account_name=event.account_name)
    names = {"name": event.name[:120], "remark": event.remark[:120]}
    _rename(tx, fan, names)


def change_customer(tx: Transaction, company_id: str, event: CustomerChanged) -> None:
    """A customer's name or remark, at every account where he is a fan; an older version changes nothing."""
    rows = tx.rows(
        sa.select(fans).where(
            fans.c.company_id == company_id,
            fans.c.customer_id == event.id,
            fans.c.customer_version < event.version,
        )
    )
    for row in rows:
        names = {
            "customer_name": event.name[:120],
            "customer_remark": event.remark[:120],
            "customer_version": event.version,
        }
        _rename(tx, dict(row._mapping), names)


def learn_customer(
    tx: Transaction, company_id: str, account_id: str, openid: str, customer: ResolvedCustomer, at: datetime
) -> None:
    """Whose fan it is became known after his message was stored."""
    fan = meet_fan(tx, company_id, account_id, openid, at, customer)
    held = hold_open(tx, company_id, account_id, openid)
    if held is not None:
        held.c.customer_id, held.c.customer_name = customer.customer_id, fan["shown_name"]
        held.save()


def _rename(tx: Transaction, fan: dict[str, Any], names: dict[str, Any]) -> None:
    tx.execute(
        fans.update()
        .where(
            fans.c.company_id == fan["company_id"],
            fans.c.account_id == fan["account_id"],
            fans.c.openid == fan["openid"],
        )
        .values(**names)
    )
    held = hold_open(tx, fan["company_id"], fan["account_id"], fan["openid"])
    if held is not None:
        held.c.customer_name = shown_name({**fan, **names})
        held.save()
