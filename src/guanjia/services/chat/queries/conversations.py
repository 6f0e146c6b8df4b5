"""Conversations as their readers may see them: one scope rule for lists, single reads, counts and history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row, Select

from guanjia.contracts.chat import ConversationView
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import Prepared, Reading, capped_count, decode_cursor, encode_cursor, is_id
from guanjia.kit.errors import BadRequest, NotFound
from guanjia.kit.http import Items
from guanjia.services.chat.models import access, conversations, drafts
from guanjia.services.chat.queries.people import company_of
from guanjia.services.chat.rules.conversation import Conversation, view
from guanjia.services.chat.rules.hours import day_start
from guanjia.services.chat.schemas.conversations import Box, Counts, Draft

PAGE = 50
LONGEST_PAGE = 200
SEARCH_CHUNK = 200
SEARCH_CHUNKS = 10

_PHASES: dict[Box, str | None] = {"mine": "open", "queue": "queue", "closed": "closed", "all": None}


def from_row(row: Row[Any]) -> Conversation:
    """The record of a row of the whole table."""
    return Conversation(**row._mapping)


_BY_ID = Prepared(
    sa.select(conversations).where(
        conversations.c.id == sa.bindparam("id"), conversations.c.company_id == sa.bindparam("company_id")
    )
)
_OPEN = Prepared(
    sa.select(conversations.c.id).where(
        conversations.c.company_id == sa.bindparam("company_id"), conversations.c.open_key == sa.bindparam("key")
    )
)


def load(reading: Reading, company_id: str, conversation_id: str) -> Conversation | None:
    """A conversation by its id, whoever asks."""
    row = reading.hot_one(_BY_ID, company_id=company_id, id=conversation_id)
    return None if row is None else from_row(row)


def _is_visible(caller: Caller, conversation_id: ColumnElement[str]) -> ColumnElement[bool]:
    mine = access.alias("mine")
    return sa.exists(
        sa.select(sa.literal(1)).where(
            mine.c.company_id == caller.company_id,
            mine.c.conversation_id == conversation_id,
            mine.c.subject_id.in_(caller.subjects),
        )
    )


def visible_conversations(caller: Caller) -> Select[Any]:
    """The conversations in which one of the caller's subjects has a part."""
    return sa.select(conversations).where(
        conversations.c.company_id == caller.company_id, _is_visible(caller, conversations.c.id)
    )


def find_visible(reading: Reading, caller: Caller, conversation_id: str) -> Conversation:
    """A conversation that the caller may see; NotFound else."""
    row = reading.one(visible_conversations(caller).where(conversations.c.id == conversation_id))
    if row is None:
        raise NotFound()
    return from_row(row)


Key = tuple[datetime, str]


def _keys(
    reading: Reading,
    caller: Caller,
    subjects: Sequence[str],
    phase: str | None,
    after: Key | None,
    limit: int,
    is_filtered: bool,
) -> list[Key]:
    """Up to ``limit`` (time, conversation id) in the order of the box: one index range a subject, then merged."""
    is_rising = phase == "queue"
    time = access.c.last_at if phase is None else access.c.sort_at
    parts = []
    for subject in dict.fromkeys(subjects):
        chosen = sa.select(access.c.conversation_id, time.label("time")).where(
            access.c.company_id == caller.company_id, access.c.subject_id == subject
        )
        if phase is not None:
            chosen = chosen.where(access.c.phase == phase)
        if is_filtered:
            chosen = chosen.where(_is_visible(caller, access.c.conversation_id))
        if after is not None:
            at, last = after
            if is_rising:
                chosen = chosen.where(time >= at, sa.or_(time > at, access.c.conversation_id > last))
            else:
                chosen = chosen.where(time <= at, sa.or_(time < at, access.c.conversation_id < last))
        order = (time, access.c.conversation_id)
        chosen = chosen.order_by(*(order if is_rising else [one.desc() for one in order])).limit(limit)
        part = chosen.subquery()
        parts.append(sa.select(part.c.conversation_id, part.c.time))
    if not parts:
        return []
    merged = sa.union_all(*parts).subquery()
    whole = (merged.c.time, merged.c.conversation_id)
    rows = reading.rows(
        sa.select(merged.c.conversation_id, merged.c.time)
        .distinct()
        .order_by(*(whole if is_rising else [one.desc() for one in whole]))
        .limit(limit)
    )
    return [(row.time, row.conversation_id) for row in rows]


def _load_all(reading: Reading, caller: Caller, ids: Sequence[str]) -> list[Conversation]:
    if not ids:
        return []
    rows = reading.rows(
        sa.select(conversations).where(conversations.c.company_id == caller.company_id, conversations.c.id.in_(ids))
    )
    by_id = {row.id: from_row(row) for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def _matches(c: Conversation, words: str) -> bool:
    return any(words in text.casefold() for text in (c.customer_name, c.last_text, c.account_name)) or (
        words in (c.openid.casefold(), c.id)
    )


def _decode(cursor: str | None) -> Key | None:
    if not cursor:
        return None
    text, last = decode_cursor(cursor, 2)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or not isinstance(last, str) or not is_id(last):
            raise BadRequest("cursor_invalid")
        return at.astimezone(UTC), last  # which the edges of the calendar may not have
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRequest("cursor_invalid") from error


def _encode(key: Key) -> str:
    return encode_cursor([clock.text(key[0]), key[1]])


def list_box(
    reading: Reading,
    caller: Caller,
    box: Box,
    *,
    q: str = "",
    agent_id: str = "",
    customer_id: str = "",
    cursor: str | None = None,
    limit: int = PAGE,
) -> Items[ConversationView]:
    """A page of a box. ``q`` searches names and last texts among the newest 2,000 of the box, page by page."""
    limit = max(1, min(limit, LONGEST_PAGE))
    subjects: Sequence[str] = (caller.id,) if box == "mine" else caller.subjects
    other = agent_id or customer_id
    if other:
        subjects = (other,)
    words = q.strip().casefold()
    after = _decode(cursor)
    found: list[tuple[Key, Conversation]] = []
    for _ in range(SEARCH_CHUNKS):
        size = SEARCH_CHUNK if words else limit + 1
        keys = _keys(reading, caller, subjects, _PHASES[box], after, size, bool(other))
        by_id = {c.id: c for c in _load_all(reading, caller, [key[1] for key in keys])}
        for key in keys:
            c = by_id.get(key[1])
            if c is None or (words and not _matches(c, words)):
                continue
            if customer_id and agent_id and not any(one == customer_id for one, _ in c.subjects):
                continue
            if box == "mine" and other and not (c.agent_id == caller.id or c.is_consulted(caller.id)):
                continue
            found.append((key, c))
        is_end = len(keys) < size
        if is_end or len(found) > limit or not words:
            break
        after = keys[-1]
    following = None
    if len(found) > limit:
        following = _encode(found[limit - 1][0])
    elif not is_end:
        following = _encode(keys[-1])
    return Items(items=[view(c) for _, c in found[:limit]], next=following)


def list_history(
    reading: Reading, caller: Caller, conversation_id: str, cursor: str | None, limit: int
) -> Items[ConversationView]:
    """The customer's other conversations that the caller may see, newest first."""
    c = find_visible(reading, caller, conversation_id)
    if not c.customer_id:
        return Items(items=[])
    page = list_box(reading, caller, "all", customer_id=c.customer_id, cursor=cursor, limit=limit)
    return Items(items=[one for one in page.items if one.id != c.id], next=page.next)


def _count(reading: Reading, caller: Caller, subjects: Sequence[str], *more: ColumnElement[bool]) -> int:
    return capped_count(
        reading,
        sa.select(access.c.conversation_id)
        .where(access.c.company_id == caller.company_id, access.c.subject_id.in_(subjects), *more)
        .distinct(),
    )


def count_boxes(reading: Reading, caller: Caller, at: datetime) -> Counts:
    """The figures on the boxes' tabs. ``unattended``: the customer's message lies there for a minute, and neither
    its agent nor, while queued, anybody has looked; left messages wait for the morning and do not count."""
    start = day_start(at, company_of(reading, caller.company_id).time_zone)
    mine = (caller.id,)
    unread = reading.scalar(
        sa.select(sa.func.sum(conversations.c.unread)).where(
            conversations.c.company_id == caller.company_id,
            conversations.c.agent_id == caller.id,
            conversations.c.phase == "open",
        )
    )
    alarming = (
        visible_conversations(caller)
        .with_only_columns(conversations.c.id)
        .where(
            conversations.c.unattended_at <= at,
            conversations.c.is_left_message.is_(sa.false()),
            sa.or_(conversations.c.agent_id == caller.id, conversations.c.phase == "queue"),
        )
    )
    return Counts(
        mine=_count(reading, caller, mine, access.c.phase == "open"),
        mine_unread=int(unread or 0),
        queue=_count(reading, caller, caller.subjects, access.c.phase == "queue"),
        closed_today=_count(reading, caller, caller.subjects, access.c.phase == "closed", access.c.sort_at >= start),
        unattended=capped_count(reading, alarming),
    )


def find_draft(reading: Reading, caller: Caller, conversation_id: str) -> Draft | None:
    """The caller's own draft; an emptied one only remembers its version."""
    row = reading.one(
        sa.select(drafts.c.text, drafts.c.is_note, drafts.c.version).where(
            drafts.c.company_id == caller.company_id,
            drafts.c.conversation_id == conversation_id,
            drafts.c.agent_id == caller.id,
        )
    )
    return None if row is None else Draft(text=row.text, is_note=row.is_note, version=row.version)


def open_of_agent(reading: Reading, company_id: str, agent_id: str, limit: int = 500) -> list[str]:
    """Ids of the conversations that an agent has now."""
    return [
        row.id
        for row in reading.rows(
            sa.select(conversations.c.id)
            .where(
                conversations.c.company_id == company_id,
                conversations.c.agent_id == agent_id,
                conversations.c.phase == "open",
            )
            .limit(limit)
        )
    ]


def find_open(reading: Reading, company_id: str, key: str) -> str | None:
    """The id of the open conversation of a fan."""
    row = reading.hot_one(_OPEN, company_id=company_id, key=key)
    return None if row is None else str(row.id)


def last_agent(reading: Reading, c: Conversation) -> str | None:
    """Who answered the customer in his conversation before this one, through whichever account."""
    if not c.customer_id:
        return None
    found: str | None = reading.scalar(
        sa.select(conversations.c.agent_id)
        .join(access, access.c.conversation_id == conversations.c.id)
        .where(
            access.c.company_id == c.company_id,
            access.c.subject_id == c.customer_id,
            access.c.phase == "closed",
            conversations.c.has_answered.is_(sa.true()),
            conversations.c.agent_id.is_not(None),
        )
        .order_by(access.c.sort_at.desc(), access.c.conversation_id.desc())
        .limit(1)
    )
    return found
