"""POSTs that must not happen twice: ``Idempotency-Key``, unique per caller and route, kept 24 hours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import Database, Transaction, lock
from guanjia.kit.errors import Invalid

R = TypeVar("R")

KEEP = timedelta(hours=24)


async def write_once(
    database: Database,
    caller: Caller,
    route: str,
    key: str | None,
    body: Any,
    action: Callable[[Transaction], R],
    returns: type[R],
) -> R:
    """Run ``action(tx)`` at most once per (caller, route, key); a repeat gets the first answer.

    The same key with another body is Invalid. Without a key it is a plain write. A refusal is not kept: the caller
    may mend its cause and try again with the same key.
    """
    if key is None:
        return await database.write(action)
    if not 1 <= len(key) <= 120 or not key.isascii() or not key.isprintable():
        raise Invalid(fields={"Idempotency-Key": "invalid"})
    digest = hashlib.sha256(msgspec.json.encode(body)).hexdigest()
    return await database.write(_once, f"{caller.kind}:{caller.id}", route, key, digest, action, returns)


def _once(
    tx: Transaction, who: str, route: str, key: str, digest: str, action: Callable[[Transaction], R], returns: type[R]
) -> R:
    lock(tx, "idempotency", f"{who}:{route}:{key}")
    kept = tx.tables.idempotency
    row = tx.one(
        sa.select(kept.c.body_hash, kept.c.answer).where(kept.c.caller == who, kept.c.route == route, kept.c.key == key)
    )
    if row is not None:
        if row.body_hash != digest:
            raise Invalid("idempotency_key_reused")
        return msgspec.convert(row.answer, returns)
    answer = action(tx)
    values = {"caller": who, "route": route, "key": key, "body_hash": digest, "answer": answer}
    tx.execute(kept.insert().values(**values, at=clock.real_now()))
    return answer


def forget_old_keys(tx: Transaction) -> int:
    """Drop keys older than 24 hours; a job of every service runs it."""
    kept = tx.tables.idempotency
    return tx.execute(kept.delete().where(kept.c.at < clock.real_now() - KEEP)).rowcount
