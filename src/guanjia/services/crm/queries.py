"""Reads of ``crm``; every select starts from ``visible_customers(caller)``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.kit.http import Items
from guanjia.kit.phones import plain_phone
from guanjia.kit.search import query_words
from guanjia.kit.secrets import Secrets
from guanjia.services.crm.models import customers, identities, tags, words
from guanjia.services.crm.rules.identities import PHONE, TAIL, phone_tail
from guanjia.services.crm.schemas import Customer, Identity, Phone, TagCount

TAGS_SHOWN = 500
WORDS_SOUGHT = 8


def visible_customers(caller: Caller) -> Select[Any]:
    """The customers of the caller's company: a customer belongs to the company, whichever desk he writes to."""
    return sa.select(customers).where(customers.c.company_id == caller.company_id)


def find_customer(reading: Reading, caller: Caller, customer_id: str) -> Row[Any]:
    """One visible customer; NotFound otherwise."""
    row = reading.one(visible_customers(caller).where(customers.c.id == customer_id))
    if row is None:
        raise NotFound()
    return row


def identity_hash(secrets: Secrets, kind: str, scope: str, plain: str) -> str:
    """By what an identity is looked up."""
    return secrets.keyed_hash(f"identity:{kind}", f"{scope}\x00{plain}")


def tail_hash(secrets: Secrets, tail: str) -> str:
    """By what the last four digits of a phone number are looked up."""
    return secrets.keyed_hash("phone-tail", tail)


def show_customer(reading: Reading, caller: Caller, customer_id: str) -> Customer:
    """One visible customer with all by which he is known."""
    return _shown(reading, [find_customer(reading, caller, customer_id)])[0]


def list_customers(
    reading: Reading, caller: Caller, secrets: Secrets, q: str, tag: str, cursor: str | None, limit: int
) -> Items[Customer]:
    """Visible customers, newest first: by tag, and by name, remark, tag, phone number or its last four digits."""
    statement = visible_customers(caller)
    if tag.strip():
        tagged = sa.select(tags.c.customer_id).where(
            tags.c.company_id == caller.company_id, tags.c.tag == tag.strip()[:20]
        )
        statement = statement.where(customers.c.id.in_(tagged))
    if q.strip():
        statement = statement.where(_matches(caller, secrets, q.strip()[:100]))
    rows, following = page_by_id(reading, statement, customers.c.id, cursor, limit)
    return Items(items=_shown(reading, rows), next=following)


def _matches(caller: Caller, secrets: Secrets, q: str) -> sa.ColumnElement[bool]:
    ways: list[sa.ColumnElement[bool]] = []
    plain = plain_phone(q)
    if plain is not None:
        digest = identity_hash(secrets, PHONE, "", plain)
        ways.append(_known_by(caller, identities.c.kind == PHONE, identities.c.value_hash == digest))
    if re.fullmatch(rf"[0-9]{{{TAIL}}}", q):
        ways.append(_known_by(caller, identities.c.tail_hash == tail_hash(secrets, phone_tail(q))))
    if sought := query_words(q)[:WORDS_SOUGHT]:
        ways.append(sa.and_(*(_has_word(caller, word) for word in sought)))
    return sa.or_(*ways) if ways else sa.false()


def _known_by(caller: Caller, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    found = sa.select(identities.c.customer_id).where(identities.c.company_id == caller.company_id, *conditions)
    return customers.c.id.in_(found)


def _has_word(caller: Caller, word: str) -> sa.ColumnElement[bool]:
    is_it = words.c.word.startswith(word, autoescape=True)
    found = sa.select(words.c.customer_id).where(words.c.company_id == caller.company_id, is_it)
    return customers.c.id.in_(found)


def _shown(reading: Reading, rows: Sequence[Row[Any]]) -> list[Customer]:
    """Rows with their identities, read at once."""
    phones: dict[str, list[Phone]] = defaultdict(list)
    others: dict[str, list[Identity]] = defaultdict(list)
    if rows:
        statement = sa.select(identities).where(identities.c.customer_id.in_([row.id for row in rows]))
        for one in reading.rows(statement.order_by(identities.c.id)):
            if one.kind == PHONE:
                phones[one.customer_id].append(Phone(id=one.id, masked=one.value_masked))
            else:
                others[one.customer_id].append(_identity(one))
    return [
        Customer(
            id=row.id,
            name=row.name,
            remark=row.remark,
            tags=row.tags,
            phones=phones[row.id],
            identities=others[row.id],
            note=row.note,
            created_at=row.created_at,
            version=row.version,
        )
        for row in rows
    ]


def _identity(row: Row[Any]) -> Identity:
    return Identity(
        id=row.id,
        kind=row.kind,
        scope=row.scope,
        scope_name=row.scope_name,
        value_masked=row.value_masked,
        is_active=row.is_active,
        since=row.since,
    )


def list_tags(reading: Reading, caller: Caller) -> list[TagCount]:
    """The tags in use with how many customers have each, the most used first."""
    count = sa.func.count().label("customer_count")
    statement = (
        sa.select(tags.c.tag, count)
        .where(tags.c.company_id == caller.company_id)
        .group_by(tags.c.tag)
        .order_by(count.desc(), tags.c.tag)
        .limit(TAGS_SHOWN)
    )
    return [TagCount(name=row.tag, count=row.customer_count) for row in reading.rows(statement)]
