"""Timed work of the emulator, each hour: forget what WeChat forgets."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table

from guanjia.kit import clock
from guanjia.kit.database import Transaction
from guanjia.kit.service import Context
from guanjia.services.emulator.models import media, pushes, requests, tokens, tries
from guanjia.services.emulator.settings import EmulatorSettings

BATCH = 500
KEEP_DAYS = 7


async def forget(context: Context) -> datetime | None:
    """Drop expired tokens after a day, media after three days, refused calls and delivered pushes after a week."""
    now, real = clock.now(), clock.real_now()
    media_days = context.settings(EmulatorSettings).media_days
    week = real - timedelta(days=KEEP_DAYS)
    for table, old in (
        (tokens, tokens.c.expires_at < real - timedelta(days=1)),
        (requests, requests.c.at < week),
        (media, media.c.created_at < now - timedelta(days=media_days + 1)),
    ):
        while await context.database.write(_drop, table, old) == BATCH:
            pass
    while await context.database.write(_drop_pushes, now - timedelta(days=KEEP_DAYS)) == BATCH:
        pass
    return None


def _drop(tx: Transaction, table: Table, old: ColumnElement[bool]) -> int:
    (key,) = table.primary_key.columns
    keys = [row[0] for row in tx.rows(sa.select(key).where(old).limit(BATCH))]
    if keys:
        tx.execute(table.delete().where(key.in_(keys)))
    return len(keys)


def _drop_pushes(tx: Transaction, before: datetime) -> int:
    old = sa.select(pushes.c.id).where(pushes.c.state != "pending", pushes.c.finished_at < before).limit(BATCH)
    ids = [row[0] for row in tx.rows(old)]
    if ids:
        tx.execute(tries.delete().where(tries.c.push_id.in_(ids)))
        tx.execute(pushes.delete().where(pushes.c.id.in_(ids)))
    return len(ids)
