"""Identities: create-or-get, safe beside itself by a lock on each identity and the unique key behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import Conflict
from guanjia.kit.secrets import Secrets
from guanjia.services.crm.models import identities
from guanjia.services.crm.queries import identity_hash, tail_hash
from guanjia.services.crm.rules.identities import PHONE, masked_value, phone_tail


@dataclass(frozen=True)
class NewIdentity:
    """An identity whose value has the form in which values are compared."""

    kind: str
    scope: str
    plain: str
    scope_name: str = ""
    is_active: bool = True


def lock_identities(tx: Transaction, company_id: str, secrets: Secrets, wanted: Sequence[NewIdentity]) -> None:
    """Hold these identities until the end, in one order for all, known or not."""
    hashes = {(one.kind, identity_hash(secrets, one.kind, one.scope, one.plain)) for one in wanted}
    for kind, digest in sorted(hashes):
        lock(tx, "identity", f"{company_id}:{kind}:{digest}")


def find_identity(tx: Transaction, company_id: str, secrets: Secrets, wanted: NewIdentity) -> Row[Any] | None:
    """The row of an identity, or None."""
    return tx.one(
        sa.select(identities).where(
            identities.c.company_id == company_id,
            identities.c.kind == wanted.kind,
            identities.c.scope == wanted.scope,
            identities.c.value_hash == identity_hash(secrets, wanted.kind, wanted.scope, wanted.plain),
        )
    )


def insert_identity(
    tx: Transaction, company_id: str, secrets: Secrets, customer_id: str, wanted: NewIdentity, at: datetime
) -> None:
    """Write an identity that nobody has yet; Conflict when somebody has it after all."""
    tail = tail_hash(secrets, phone_tail(wanted.plain)) if wanted.kind == PHONE else None
    values = {
        "id": new_id(),
        "company_id": company_id,
        "customer_id": customer_id,
        "kind": wanted.kind,
        "scope": wanted.scope,
        "scope_name": wanted.scope_name[:60],
        "value": secrets.encrypt(wanted.plain),
        "value_masked": masked_value(wanted.kind, wanted.plain),
        "value_hash": identity_hash(secrets, wanted.kind, wanted.scope, wanted.plain),
        "tail_hash": tail,
        "is_active": wanted.is_active,
        "since": at,
    }
    if not tx.insert_new(identities, values):
        raise Conflict("duplicate")
