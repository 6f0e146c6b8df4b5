"""Writes of what staff know of a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.crm import CustomerChanged
from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import Conflict, Invalid, NotFound
from guanjia.kit.feed import publish
from guanjia.kit.search import index_words
from guanjia.kit.secrets import Secrets
from guanjia.services.crm.actions.identities import NewIdentity, find_identity, insert_identity, lock_identities
from guanjia.services.crm.models import customers, identities, tags, words
from guanjia.services.crm.queries import find_customer, show_customer
from guanjia.services.crm.rules.identities import PHONE
from guanjia.services.crm.rules.tags import clean_tags
from guanjia.services.crm.schemas import Customer, CustomerPatch, RevealedPhone, TagList


def insert_customer(tx: Transaction, company_id: str, customer_id: str, name: str, remark: str, at: datetime) -> None:
    """Write a new customer; whoever calls publishes when he is complete."""
    values = {"id": customer_id, "company_id": company_id, "name": name[:60], "remark": remark[:60], "note": ""}
    tx.execute(customers.insert().values(**values, tags=[], version=1, created_at=at, updated_at=at))
    index_customer(tx, customer_id)


def index_customer(tx: Transaction, customer_id: str) -> None:
    """Bring the words by which he is found to what he is called now."""
    row = tx.one(sa.select(customers).where(customers.c.id == customer_id))
    assert row is not None
    known = {one.word for one in tx.rows(sa.select(words.c.word).where(words.c.customer_id == customer_id))}
    wanted = set(index_words(" ".join((row.name, row.remark, *row.tags))))
    if gone := known - wanted:
        tx.execute(words.delete().where(words.c.customer_id == customer_id, words.c.word.in_(sorted(gone))))
    if new := wanted - known:
        values = {"company_id": row.company_id, "customer_id": customer_id}
        tx.execute(words.insert(), [{**values, "word": word} for word in sorted(new)])


def publish_customer(tx: Transaction, customer_id: str) -> None:
    """Tell everybody how the customer stands now."""
    row = tx.one(sa.select(customers).where(customers.c.id == customer_id))
    assert row is not None
    event = CustomerChanged(id=row.id, name=row.name, remark=row.remark, tags=row.tags, version=row.version)
    key = f"customer:{customer_id}"
    publish(tx, event, key=key, company_id=row.company_id, subjects=[row.company_id])


def lock_customer(tx: Transaction, caller: Caller, customer_id: str, version: int | None = None) -> Row[Any]:
    """The visible customer, held until the end; Conflict when his version is not the expected one."""
    lock(tx, "customer", customer_id)
    row = find_customer(tx, caller, customer_id)
    if version is not None and row.version != version:
        raise Conflict("stale_version")
    return row


def _change(tx: Transaction, row: Row[Any], changed: dict[str, Any], at: datetime) -> None:
    values = {**changed, "version": row.version + 1, "updated_at": at}
    tx.execute(customers.update().where(customers.c.id == row.id).values(**values))
    index_customer(tx, row.id)
    publish_customer(tx, row.id)


def change_customer(tx: Transaction, caller: Caller, customer_id: str, patch: CustomerPatch, at: datetime) -> Customer:
    """Change name, remark or note; Conflict ``stale_version``."""
    row = lock_customer(tx, caller, customer_id, patch.version)
    wanted = {"name": patch.name, "remark": patch.remark, "note": patch.note}
    texts = {field: text.strip() for field, text in wanted.items() if text is not None}
    changed = {field: text for field, text in texts.items() if text != getattr(row, field)}
    if changed:
        _change(tx, row, changed, at)
    return show_customer(tx, caller, customer_id)


def put_tags(tx: Transaction, caller: Caller, customer_id: str, wanted: TagList, at: datetime) -> Customer:
    """Replace the tags; Conflict ``stale_version``."""
    row = lock_customer(tx, caller, customer_id, wanted.version)
    clean = clean_tags(wanted.tags)
    if clean is None:
        raise Invalid(fields={"tags": "tag_malformed"})
    if clean != row.tags:
        tx.execute(tags.delete().where(tags.c.customer_id == customer_id))
        values = {"company_id": caller.company_id, "customer_id": customer_id}
        if clean:
            tx.execute(tags.insert(), [{**values, "tag": tag} for tag in clean])
        _change(tx, row, {"tags": clean}, at)
    return show_customer(tx, caller, customer_id)


def add_phone(
    tx: Transaction, caller: Caller, secrets: Secrets, customer_id: str, phone: NewIdentity, at: datetime
) -> Customer:
    """Give the customer a phone number; again is no change, one of somebody else is Conflict ``phone_taken``."""
    row = lock_customer(tx, caller, customer_id)
    lock_identities(tx, caller.company_id, secrets, [phone])
    known = find_identity(tx, caller.company_id, secrets, phone)
    if known is not None and known.customer_id != customer_id:
        raise Conflict("phone_taken", fields={"phone": "phone_taken"})
    if known is None:
        insert_identity(tx, caller.company_id, secrets, customer_id, phone, at)
        _change(tx, row, {}, at)
    return show_customer(tx, caller, customer_id)


def reveal_phone(tx: Transaction, caller: Caller, secrets: Secrets, customer_id: str, phone_id: str) -> RevealedPhone:
    """The whole number; that it was shown to the caller is on disk before he sees it."""
    row = find_customer(tx, caller, customer_id)
    phone = tx.one(
        sa.select(identities).where(
            identities.c.id == phone_id, identities.c.customer_id == customer_id, identities.c.kind == PHONE
        )
    )
    if phone is None:
        raise NotFound()
    shown = row.remark or row.name
    audit(tx, caller, "phone_revealed", "customer", customer_id, shown, phone_id=phone_id, masked=phone.value_masked)
    return RevealedPhone(phone=secrets.decrypt(phone.value))
