"""Canned replies and greetings as their readers may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading
from guanjia.kit.errors import NotFound
from guanjia.services.chat.models import canned_replies, greetings, members
from guanjia.services.chat.queries.conversations import find_visible
from guanjia.services.chat.queries.people import company_of, find_fan, has_permission
from guanjia.services.chat.rules.conversation import Conversation
from guanjia.services.chat.rules.defaults import DEFAULTS
from guanjia.services.chat.rules.texts import Greeting, local_time, render, salutation
from guanjia.services.chat.schemas.texts import CannedView, GreetingView


def visible_canned(reading: Reading, caller: Caller) -> Select[Any]:
    """The company's replies, those of the caller's groups (an administrator's: of all groups), and his own."""
    c = canned_replies.c
    is_group = c.scope == "group"
    if not has_permission(reading, caller, "chat.canned.write"):
        mine = sa.select(members.c.group_id).where(
            members.c.company_id == caller.company_id, members.c.agent_id == caller.id
        )
        is_group = sa.and_(is_group, c.group_id.in_(mine))
    return sa.select(canned_replies).where(
        c.company_id == caller.company_id,
        sa.or_(c.scope == "company", is_group, sa.and_(c.scope == "personal", c.owner_id == caller.id)),
    )


def _view(row: Row[Any]) -> CannedView:
    return CannedView(
        id=row.id,
        title=row.title,
        text=row.text,
        category=row.category,
        scope=row.scope,
        group_id=row.group_id,
        is_locked=row.is_locked,
        initials=row.initials,
        sort=row.sort,
        version=row.version,
    )


def find_canned(reading: Reading, caller: Caller, reply_id: str) -> Row[Any]:
    """A reply that the caller may see; NotFound else."""
    row = reading.one(visible_canned(reading, caller).where(canned_replies.c.id == reply_id))
    if row is None:
        raise NotFound()
    return row


def canned_view(reading: Reading, caller: Caller, reply_id: str) -> CannedView:
    """The same on the wire."""
    return _view(find_canned(reading, caller, reply_id))


def list_canned(reading: Reading, caller: Caller, q: str) -> list[CannedView]:
    """Replies by category and order; ``q`` finds titles, texts, categories, and titles by their pinyin initials."""
    c = canned_replies.c
    rows = reading.rows(visible_canned(reading, caller).order_by(c.category, c.sort, c.id).limit(2000))
    words = q.strip().casefold()
    return [
        _view(row)
        for row in rows
        if not words
        or row.initials.startswith(words)
        or any(words in text.casefold() for text in (row.title, row.text, row.category))
    ]


def list_rendered(reading: Reading, caller: Caller, conversation_id: str, at: datetime) -> list[CannedView]:
    """Replies with their variables filled in for a conversation."""
    c = find_visible(reading, caller, conversation_id)
    values = text_values(reading, c, at, caller.name)
    found = list_canned(reading, caller, "")
    for one in found:
        one.text = render(one.text, values)
    return found


def greetings_of(reading: Reading, company_id: str) -> list[Greeting]:
    """The company's greetings in their order."""
    rows = reading.rows(
        sa.select(greetings).where(greetings.c.company_id == company_id).order_by(greetings.c.sort, greetings.c.id)
    )
    return [
        Greeting(row.id, row.kind, row.title, row.text, row.from_time, row.to_time, row.holiday, row.is_on)
        for row in rows
    ]


def list_greetings(reading: Reading, company_id: str) -> list[GreetingView]:
    """The same on the wire."""
    return [
        GreetingView(
            id=one.id,
            kind=one.kind,
            title=one.title,
            text=one.text,
            from_time=one.from_time,
            to_time=one.to_time,
            holiday=one.holiday,
            is_on=one.is_on,
        )
        for one in greetings_of(reading, company_id)
    ]


def text_values(reading: Reading, c: Conversation, at: datetime, agent_name: str) -> dict[str, str]:
    """What the variables of a text stand for in a conversation (R-CALL-02, R-CALL-03)."""
    company = company_of(reading, c.company_id)
    fan = find_fan(reading, c.company_id, c.account_id, c.openid)
    name = "" if fan is None else fan.customer_name or fan.name
    if name.endswith(c.openid[-4:]):  # no name, but what stands in for one
        name = ""
    local = local_time(at, company.time_zone)
    known = greetings_of(reading, c.company_id)
    return {
        "greeting": salutation(known, local, DEFAULTS.words["morning"], DEFAULTS.words["plain"]),
        "customer": name or DEFAULTS.words["customer"],
        "remark": DEFAULTS.words["customer"] if c.customer_name.endswith(c.openid[-4:]) else c.customer_name,
        "agent": agent_name,
        "company": company.name,
        "account": c.account_name,
    }
