"""From identities to customers: who wrote, and whether he is somebody known already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.crm import IdentityDraft, ResolvedCustomer
from guanjia.contracts.wechat import FanChanged
from guanjia.kit.database import Transaction, new_id
from guanjia.kit.errors import Invalid
from guanjia.kit.secrets import Secrets
from guanjia.services.crm.actions.customers import index_customer, insert_customer, publish_customer
from guanjia.services.crm.actions.identities import NewIdentity, find_identity, insert_identity, lock_identities
from guanjia.services.crm.models import customers, identities
from guanjia.services.crm.rules.identities import KINDS, SCOPED_KINDS, UNIONID, WECHAT, plain_value


def read_identity(draft: IdentityDraft) -> NewIdentity:
    """A draft whose kind, scope and value are in order; Invalid otherwise."""
    plain = plain_value(draft.kind, draft.value)
    is_scoped = draft.kind in SCOPED_KINDS
    if draft.kind not in KINDS or plain is None or bool(draft.scope) != is_scoped or len(draft.scope) > 64:
        raise Invalid(fields={"identities": "identity_malformed"})
    return NewIdentity(draft.kind, draft.scope, plain)


def resolve_identities(
    tx: Transaction, company_id: str, secrets: Secrets, drafts: Sequence[IdentityDraft], at: datetime
) -> list[ResolvedCustomer]:
    """The customers of the identities, in order; each made when unknown. Repeats, also side by side, make no second."""
    wanted = [read_identity(draft) for draft in drafts]
    lock_identities(tx, company_id, secrets, wanted)
    found: list[ResolvedCustomer] = []
    for draft, identity in zip(drafts, wanted, strict=True):
        known = find_identity(tx, company_id, secrets, identity)
        customer_id = known.customer_id if known is not None else new_id()
        if known is None:
            insert_customer(tx, company_id, customer_id, draft.name.strip(), "", at)
            insert_identity(tx, company_id, secrets, customer_id, identity, at)
            publish_customer(tx, customer_id)
        row = _customer(tx, customer_id)
        found.append(
            ResolvedCustomer(
                customer_id=customer_id, name=row.name, remark=row.remark, tags=row.tags, is_new=known is None
            )
        )
    return found


def _customer(tx: Transaction, customer_id: str) -> Row[Any]:
    row = tx.one(sa.select(customers).where(customers.c.id == customer_id))
    assert row is not None, "an identity without its customer"
    return row


def take_fan(tx: Transaction, company_id: str, secrets: Secrets, fan: FanChanged, at: datetime) -> None:
    """Know a fan: whoever has his openid, else whoever has his unionid, else a new customer. When the two are two
    customers already, both stay. Leaving makes the identity inactive, not the customer."""
    openid = NewIdentity(WECHAT, fan.account_id, fan.openid, fan.account_name, fan.is_subscribed)
    union = NewIdentity(UNIONID, "", fan.unionid) if fan.unionid else None
    lock_identities(tx, company_id, secrets, [openid, union] if union else [openid])
    known = find_identity(tx, company_id, secrets, openid)
    joined = find_identity(tx, company_id, secrets, union) if union else None
    if known is not None:
        customer_id = known.customer_id
    elif joined is not None:
        customer_id = joined.customer_id
    else:
        customer_id = new_id()
        insert_customer(tx, company_id, customer_id, fan.name.strip(), fan.remark.strip(), at)
    since = fan.subscribed_at or at
    has_changed = known is None
    if known is None:
        insert_identity(tx, company_id, secrets, customer_id, openid, since)
    else:
        has_changed = _follow(tx, known, openid, since)
    if union is not None and joined is None:
        insert_identity(tx, company_id, secrets, customer_id, union, at)
        has_changed = True
    if _name(tx, customer_id, fan, at) or has_changed:
        publish_customer(tx, customer_id)


def _follow(tx: Transaction, known: Row[Any], openid: NewIdentity, since: datetime) -> bool:
    """Bring the identity of a known fan to what he is now; says whether anything changed."""
    is_same = known.is_active == openid.is_active and known.scope_name == openid.scope_name[:60]
    if is_same and (not openid.is_active or known.since == since):
        return False
    values = {"is_active": openid.is_active, "scope_name": openid.scope_name[:60]}
    if openid.is_active:
        values["since"] = since
    tx.execute(identities.update().where(identities.c.id == known.id).values(**values))
    return True


def _name(tx: Transaction, customer_id: str, fan: FanChanged, at: datetime) -> bool:
    """A customer without a name or remark gets the fan's; what staff wrote stays."""
    row = _customer(tx, customer_id)
    values: dict[str, Any] = {}
    if not row.name and fan.name.strip():
        values["name"] = fan.name.strip()[:60]
    if not row.remark and fan.remark.strip():
        values["remark"] = fan.remark.strip()[:60]
    if not values:
        return False
    tx.update(customers, {"id": customer_id}, {**values, "version": row.version + 1, "updated_at": at})
    index_customer(tx, customer_id)
    return True
