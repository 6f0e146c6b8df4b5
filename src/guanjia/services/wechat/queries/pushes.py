"""Reads of pushes, of what became of them, and of calls that failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, is_id, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.services.wechat.models import accounts, fans, pushes
from guanjia.services.wechat.models import provider_failures as failures
from guanjia.services.wechat.schemas import DeadLetterView, PushView, Step

DEAD = ("failed", "unknown", "unheard")


def push_views(
    reading: Reading, caller: Caller, account_id: str | None, cursor: str | None, limit: int
) -> tuple[list[PushView], str | None]:
    """A page of the company's pushes, newest first."""
    statement = (
        sa.select(pushes, accounts.c.name.label("account_name"))
        .join(accounts, accounts.c.id == pushes.c.account_id)
        .where(pushes.c.company_id == caller.company_id)
    )
    if account_id:
        statement = statement.where(pushes.c.account_id == account_id)
    rows, following = page_by_id(reading, statement, pushes.c.id, cursor, limit)
    return [
        PushView(
            id=row.id,
            account_id=row.account_id,
            account_name=row.account_name,
            openid=row.openid,
            kind=row.kind,
            event=row.event,
            received_at=row.received_at,
            outcome=row.outcome,
            provider=row.provider,
            dispatched_at=row.dispatched_at,
        )
        for row in rows
    ], following


def push_facts(reading: Reading, company_id: str, push_id: str) -> tuple[Row[Any], Row[Any] | None]:
    """A push and its fan; NotFound when there is no such push."""
    row = reading.one(sa.select(pushes).where(pushes.c.id == push_id, pushes.c.company_id == company_id))
    if row is None:
        raise NotFound()
    fan = reading.one(
        sa.select(fans).where(
            fans.c.company_id == company_id,
            fans.c.account_id == row.account_id,
            fans.c.openid == row.openid,
        )
    )
    return row, fan


def provider_failures(reading: Reading) -> dict[tuple[str, str], Row[Any]]:
    """How often each provider failed, by (service, name)."""
    return {(row.service, row.name): row for row in reading.rows(sa.select(failures))}


def dead_letter_views(
    reading: Reading, caller: Caller, cursor: str | None, limit: int
) -> tuple[list[DeadLetterView], str | None]:
    """A page of the company's calls that failed or whose end is unknown, newest first."""
    outgoing = reading.tables.outgoing
    mine = {row.id for row in reading.rows(_account_ids(caller))}
    by_account = [outgoing.c.key.startswith(f"{account_id}:") for account_id in sorted(mine)]
    statement = sa.select(outgoing).where(outgoing.c.state.in_(DEAD), sa.or_(sa.false(), *by_account))
    rows, following = page_by_id(reading, statement, outgoing.c.id, cursor, limit)
    return [_as_dead_letter(row) for row in rows], following


def _account_ids(caller: Caller) -> sa.Select[Any]:
    return sa.select(accounts.c.id).where(accounts.c.company_id == caller.company_id)


def _as_dead_letter(row: Row[Any]) -> DeadLetterView:
    return DeadLetterView(
        id=row.id,
        channel=row.channel,
        account_id=row.body["account_id"],
        openid=row.body["openid"],
        state=row.state,
        reason=row.code,
        message="",
        attempts=row.attempts,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def message_steps(reading: Reading, caller: Caller, path_id: str, offset: timedelta) -> list[Step]:
    """The way of a push with its replies, or of a message that was sent; NotFound when it is neither.

    Calls to the outside keep real time; ``offset`` brings them into business time.
    """
    if not is_id(path_id):
        raise NotFound()
    row = reading.one(sa.select(pushes).where(pushes.c.id == path_id, pushes.c.company_id == caller.company_id))
    if row is None:
        steps = _send_steps(reading, caller, [path_id], offset, is_alone=True)
        if not steps:
            raise NotFound()
        return steps
    steps = [Step(name="stored", at=row.received_at, detail=row.event or row.kind)]
    if row.dispatched_at is not None:
        steps.append(Step(name="routed", at=row.dispatched_at, detail=row.provider or row.outcome))
    if row.reply is not None and row.dispatched_at is not None:
        steps.append(Step(name="sent", at=row.dispatched_at, detail="passive"))
    if row.reply_failure and row.dispatched_at is not None:
        steps.append(Step(name="failed", at=row.dispatched_at, detail=row.reply_failure))
    return steps + _send_steps(reading, caller, row.reply_ids or [], offset, is_alone=False)


def _send_steps(reading: Reading, caller: Caller, ids: list[str], offset: timedelta, *, is_alone: bool) -> list[Step]:
    outgoing = reading.tables.outgoing
    statement = sa.select(outgoing).where(outgoing.c.id.in_(ids), outgoing.c.channel == "messages")
    steps: list[Step] = []
    for row in reading.rows(statement.order_by(outgoing.c.position)):
        if row.body["company_id"] != caller.company_id:
            continue
        if is_alone:
            steps.append(Step(name="routed", at=row.created_at + offset, detail=row.body["kind"]))
        if row.state == "sent":
            steps.append(Step(name="sent", at=row.updated_at + offset, detail=row.body["kind"]))
        elif row.state in DEAD:
            steps.append(Step(name="failed", at=row.updated_at + offset, detail=row.code))
    return steps
